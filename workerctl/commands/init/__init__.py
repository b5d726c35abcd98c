"""
`workerctl init`: name the project's settings class in pyproject.toml.
"""
