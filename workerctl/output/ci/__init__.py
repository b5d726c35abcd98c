"""
Formats for CI services: annotations, widgets, test reports, and code scanning.
"""
