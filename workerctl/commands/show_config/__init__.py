"""
`workerctl show-config`: every setting with its value, its origin and what it shadows.
"""
