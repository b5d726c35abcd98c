"""
`workerctl budget`: the worst case of a job, drawn against its timeout, and the smallest fix.
"""
