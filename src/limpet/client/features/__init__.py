"""What a client does over one connection, a subject a file."""
