"""
The form of values: what a text is, judged by its characters alone, without any source or schema.
"""
