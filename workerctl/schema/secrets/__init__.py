"""
What is secret in a settings class and its instances: by declaration, and by the shape of a value.
"""
