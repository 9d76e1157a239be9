"""Sockets and TLS: the only package that opens connections. asyncio lives here and above."""
