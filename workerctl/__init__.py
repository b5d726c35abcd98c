"""
Preflight for background workers: one typed schema, checked before the deploy and at boot.
"""

__version__ = "0.1.0"
