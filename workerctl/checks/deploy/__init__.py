"""
Checks of the deploy that a manifest describes: the container, its broker, and its siblings.
"""
