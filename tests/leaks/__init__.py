"""
No secret leaves the program: the oracle that finds one, and the runs that it watches.
"""
