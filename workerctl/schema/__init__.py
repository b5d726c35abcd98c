"""
What a settings class says of its fields, and how an instance is made from the sources.
"""
