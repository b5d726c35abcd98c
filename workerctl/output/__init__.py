"""
Reports and messages on their way out: the formats, and delivery to a stream or a file.
"""
