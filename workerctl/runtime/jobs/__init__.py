"""
What happens around a job: its retries and record, the worker's fingerprint, the prepared parent.
"""
