"""
What a worker must satisfy to boot: `rules.py` decides; the others describe what it finds.
"""
