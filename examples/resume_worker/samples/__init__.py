"""
Sample résumés for the worker, made by a generator; the people in them are invented.
"""
