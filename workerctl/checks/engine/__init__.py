"""
Running the checks: which of them, in which order, and behind which error boundary.
"""
