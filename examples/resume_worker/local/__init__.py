"""
Everything on this machine that the worker needs: Redis, services, a configuration, and its process.
"""
