"""
`workerctl check`: what a run judges, and in which formats and where it says so.
"""
