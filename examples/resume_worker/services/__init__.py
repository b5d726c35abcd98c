"""
Local servers for everything that the worker calls.

They are small but functional: the model extracts data from the text that it receives, the storage
serves files, the database keeps rows, the renderer returns pictures, and the receiver accepts
webhooks. On request they misbehave in the same ways as real services.
"""
