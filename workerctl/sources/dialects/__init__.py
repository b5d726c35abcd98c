"""
What the programs that read env files make of a line, and where they differ.

Each module named after a program has a pure function from a statement to its reading; `comparison`
compares them.
"""
