"""Who may do what: the packet table's effects against the rights of a connection. No effect, no right."""

from __future__ import annotations

from limpet.packets.schema import Effect
from limpet.records import dataclass

EVERYTHING = frozenset(Effect)
READONLY = frozenset({Effect.NONE, Effect.VIEW, Effect.INFO})


@dataclass(frozen=True, slots=True)
class Access:
    """The rights of one connection; decided once, asked by the dispatcher for every packet and request."""

    allowed: frozenset[Effect] = EVERYTHING

    def permits(self, effect: Effect) -> bool:
        return effect in self.allowed
