"""
Drawing the budget of a job as a waterfall chart, in text and as SVG.
"""
