"""
The stages of the pipeline, one module each, in the words of their settings.
"""

STAGES = (
    *("download", "text", "identity", "analysis", "encryption"),
    *("embedding", "thumbnail", "database", "webhook"),
)
"""The stages of a job, in their order."""
