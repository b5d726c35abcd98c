"""
What a run says: findings, results, the exit code, and suggestions for what was mistyped.
"""
