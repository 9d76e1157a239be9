"""Pixels to encoded pictures and back; no packets, no X11."""
