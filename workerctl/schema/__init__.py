"""
What a settings class declares about its fields, and how an instance is built from the sources.
"""
