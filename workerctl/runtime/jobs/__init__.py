"""
What RQ does with a job: another run or none, what its record says, what a worker publishes.
"""
