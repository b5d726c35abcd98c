"""
What is secret, how a secret is masked, and which values are placeholders.
"""
