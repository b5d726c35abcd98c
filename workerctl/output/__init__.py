"""
Report formats, and the delivery of reports and messages to streams and files.
"""
