"""
The event loop that a thread keeps between calls, its clients, and the alarm of a job.
"""
