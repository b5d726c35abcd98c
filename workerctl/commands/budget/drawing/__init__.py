"""
The budget of a job as a waterfall: in text, and as an SVG.
"""
