"""
What a settings class rejects: which variables, in which words, and what the class accepts without.
"""
