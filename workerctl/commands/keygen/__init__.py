"""
`workerctl keygen`: make a key, rotate the keys of an env file, show key ids, make a canary.
"""
