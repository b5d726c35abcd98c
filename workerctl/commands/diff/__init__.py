"""
`workerctl diff`: two configurations side by side, with secrets as same or different.
"""
