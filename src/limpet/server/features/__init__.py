"""One file per subject of a connection; `registry.py` lists them."""
