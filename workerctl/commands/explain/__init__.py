"""
`workerctl explain`: pages about checks, settings and areas.
"""
