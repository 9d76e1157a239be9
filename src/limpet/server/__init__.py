"""The server: a desktop without a screen, its applications, and the peers that look at it."""
