"""
Files that are written: replaced in one step, under a lock, with env files among them.
"""
