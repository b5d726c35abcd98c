"""
The commands, one module or package each, and what only commands need.
"""
