"""
Checks of the form of values: what a text is, whatever setting holds it.
"""
