"""
The stages of the job: the modules that call the services and process the text.
"""

STAGES = (
    *("download", "text", "identity", "analysis", "encryption"),
    *("embedding", "thumbnail", "database", "webhook"),
)
"""The names of the stages, in the order in which the job runs them."""
