"""
What the worker talks to, on loopback: a model, a storage, a database, a renderer and a receiver.

They are small and real: the model reads the text that it is sent, the storage serves files, the
database keeps rows. On command they misbehave as their big brothers do.
"""
