"""Authentication, without IO: digests, the chain of challenges, the modules, the guess limit, the client's answers."""
