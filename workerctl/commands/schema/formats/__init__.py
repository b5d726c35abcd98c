"""
The formats of `workerctl schema`: one module for each, with a function `lines`.
"""
