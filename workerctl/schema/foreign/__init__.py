"""
Any settings class of pydantic-settings: how it is imported, what it reads, and how it is built.

pydantic-settings decides what every variable means; these modules only give it what to read, and
map what it rejects back to variables and lines.
"""
