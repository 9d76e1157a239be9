"""The table of options, and the only reader of the environment; no consumer logic."""
