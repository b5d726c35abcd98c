"""
The sources of values: environment, env files, secret files, and the project's own table.
"""
