"""
The stages of the job, one module each.
"""

STAGES = (
    *("download", "text", "identity", "analysis", "encryption"),
    *("embedding", "thumbnail", "database", "webhook"),
)
"""The names of the stages, in the order in which the job runs them."""
