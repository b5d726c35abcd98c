"""
`workerctl keygen`: making keys, rotating the keys of an env file, proving which key is in use.
"""
