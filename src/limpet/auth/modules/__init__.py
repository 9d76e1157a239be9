"""The authentication modules, one to a file; `limpet.auth.registry` knows them by name and imports one when asked."""
