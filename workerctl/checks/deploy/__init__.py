"""
Checks of the deploy that a manifest describes: the container, its broker, and those beside it.
"""
