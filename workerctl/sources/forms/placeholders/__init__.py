"""
Values of templates that were never replaced. `recognition.py` decides.
"""
