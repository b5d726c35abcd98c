"""
Decide what is secret, mask secrets, and recognise placeholders.
"""
