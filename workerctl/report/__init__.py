"""
The results of a run: findings, results, exit codes, and suggestions for mistyped names.
"""
