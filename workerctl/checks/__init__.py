"""
The checks, in modules by subject. `workerctl.checks.table` lists them in order.
"""
