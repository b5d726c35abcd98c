"""
What several commands share: the process around them, options, usage errors, what they read.
"""
