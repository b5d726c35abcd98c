"""
The clients that read URLs, one module each: what each refuses, ignores or leaves unprotected.
"""
