"""
What an exception means: whether another run could help, and what a stage raises for it.
"""
