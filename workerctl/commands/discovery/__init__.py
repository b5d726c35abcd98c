"""
Finding what a project holds, by reading its files; nothing is imported.
"""
