"""
URLs as their clients read them: what is refused, ignored or left unprotected, without connecting.
"""
