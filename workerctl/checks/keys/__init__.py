"""
The encryption keys: each is set and strong, and those of old data are still there.
"""
