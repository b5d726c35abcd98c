"""
A small but complete RQ worker that uses workerctl.
"""
