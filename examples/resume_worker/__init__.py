"""
A small worker, real in all its parts: how an RQ worker looks that runs on workerctl.
"""
