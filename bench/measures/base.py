"""What most measurements share: servers of every contender, asked in turns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.contenders import PROTECTIONS, Endpoint, World
from bench.model import Better, Mark, Row

NAMES = {"tcp": "plain", "aes": "AES", "tls": "TLS"}


def rows(
    key: str,
    title: str,
    unit: str,
    *,
    better: Better = Better.LESS,
    marks: dict[str, Mark] | None = None,
    digits: int = 0,
) -> tuple[Row, ...]:
    """One row for each protection."""
    return tuple(
        Row(f"{key}.{each}", f"{title}, {NAMES[each]}", unit, better, (marks or {}).get(each), digits)
        for each in PROTECTIONS
    )


@dataclass(slots=True)
class Served:
    """Servers that run, for a contest to ask."""

    world: World
    contenders: Sequence[str]
    endpoints: dict[tuple[str, str], Endpoint]

    def of(self, contender: str) -> dict[str, Endpoint]:
        """By protection."""
        return {protection: endpoint for (name, protection), endpoint in self.endpoints.items() if name == contender}
