"""
The event loop that a thread keeps between calls: its clients, its end, and RQ's job timeout.
"""
