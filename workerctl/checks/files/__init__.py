"""
Checks of env files: that they can be read, by whom, and whether all programs read the same.
"""
