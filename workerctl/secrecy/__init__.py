"""
Recognise secrets by name and by shape, mask them, and redact texts.
"""
