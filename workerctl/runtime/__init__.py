"""
What a worker imports: one event loop, errors that say whether to try again, logs without secrets.

    from workerctl.runtime import boot, run_async, translate_errors

A guest in the worker's process: importing it starts nothing, and brings no package but pydantic's.
The classes for RQ are in `workerctl.runtime.rq`, which alone needs RQ.
"""
