"""
Running the checks: which ones, in which order, and what is suppressed.
"""
