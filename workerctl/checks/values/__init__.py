"""
Checks of every name and value: what a text is, whatever setting it is for.
"""
