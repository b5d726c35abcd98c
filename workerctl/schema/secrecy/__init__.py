"""
What of the fields of a settings class is secret, and what may be shown of their values.
"""
