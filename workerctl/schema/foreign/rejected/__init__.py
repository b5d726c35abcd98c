"""
What a settings class rejects: which variables, the words for it, and what is valid without them.
"""
