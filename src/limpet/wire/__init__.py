"""Bytes <-> values of the record stream: pure functions and incremental parsers; no IO, clock or randomness."""
