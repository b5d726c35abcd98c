"""
The command `workerctl budget`: the worst case of a job, its drawing, and the smallest fix.
"""
