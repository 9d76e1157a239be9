"""limpet: persistent, sealed X11 sessions, wire-compatible with xpra."""

__version__ = "0.1.0"
