"""Sans-IO state machines of one connection: bytes and calls in, bytes and events out."""
