"""The user interface of the client: a protocol, an implementation in Qt and one in memory."""
