"""Loads the test vectors of `tests/vectors`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

VECTORS = Path(__file__).parent.parent / "vectors"


def load(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((VECTORS / name).read_text())
    return content


def value_of(written: Any) -> Any:
    """The Python value of a JSON one: {"bytes": hex} and {"pairs": [[key, value], ...]} stand for what JSON lacks."""
    if isinstance(written, list):
        return [value_of(item) for item in written]
    if not isinstance(written, dict):
        return written
    if written.keys() == {"bytes"}:
        return bytes.fromhex(written["bytes"])
    if written.keys() == {"pairs"}:
        return {value_of(key): value_of(value) for key, value in written["pairs"]}
    return {key: value_of(value) for key, value in written.items()}
