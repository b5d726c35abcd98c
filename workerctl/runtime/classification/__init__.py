"""
The meaning of exceptions: whether another run could help, and what a stage raises instead.
"""
