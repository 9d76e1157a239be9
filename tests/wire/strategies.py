"""Hypothesis strategies for values on the wire."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import strategies as st

KEYS = st.one_of(st.text(max_size=8), st.binary(max_size=8), st.integers(-(2**63), 2**63 - 1))
_NO_FLOATS = st.one_of(st.integers(-(10**63) + 1, 10**64 - 1), st.text(), st.binary())
_ALL = st.one_of(_NO_FLOATS, st.none(), st.booleans(), st.floats(allow_nan=False))


def _nested(leaves: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.recursive(
        leaves, lambda inner: st.one_of(st.lists(inner), st.dictionaries(KEYS, inner, max_size=30)), max_leaves=30
    )


VALUES = _nested(_ALL)
"""Anything that rencodeplus carries."""
BENCODE_VALUES = _nested(_NO_FLOATS)
ARGUMENTS = VALUES.filter(lambda value: value is not None)
PACKETS = st.builds(lambda kind, rest: [kind, *rest], st.text(max_size=20), st.lists(ARGUMENTS, max_size=6))


def as_legacy(value: object) -> object:
    """What a legacy serializer makes of `value`: bytes for text."""
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, list):
        return [as_legacy(item) for item in value]
    if isinstance(value, dict):
        return {as_legacy(key): as_legacy(item) for key, item in value.items()}
    return value


@st.composite
def cuts(draw: st.DrawFn, size: int) -> list[int]:
    """Positions at which to cut `size` bytes."""
    return sorted(draw(st.sets(st.integers(1, max(1, size - 1)), max_size=8)))


def sliced(data: bytes, positions: list[int]) -> Iterator[bytes]:
    start = 0
    for end in (*positions, len(data)):
        yield data[start:end]
        start = end
