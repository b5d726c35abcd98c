"""
Where values come from: environment, env files, secret files, and the project's own table.
"""
