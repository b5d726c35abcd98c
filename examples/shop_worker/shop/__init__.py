"""
The worker of a shop: it charges orders and sends receipts.
"""
