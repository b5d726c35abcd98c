"""
`workerctl run`: what it checks, and how its command reads the same sources.
"""
