"""Measurements of limpet beside stock xpra: `python -m bench [NAME...] [--json FILE]` (docs/performance.md).

All contenders are measured in one run and in turns, so that what else the machine does falls on all of them alike;
what counts is the ratio of their medians. Nothing here fails by the clock.
"""
