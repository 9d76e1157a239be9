"""Who may look at a session together (docs/protocol: sharing); pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

from limpet.packets.capabilities import ClientHello
from limpet.records import dataclass

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Admission(Generic[T]):
    """What becomes of a newcomer and of those who are there."""

    admitted: bool
    replaced: tuple[T, ...] = ()
    """the newcomer itself, connected before: it takes its own place"""
    dropped: tuple[T, ...] = ()
    """those who do not share"""


def admit(newcomer: ClientHello, present: Iterable[tuple[T, ClientHello]]) -> Admission[T]:
    """Share where all want to; else the newcomer takes over, unless it must not: `lock` of one there, its own `steal`.

    Clients without windows are in nobody's way.
    """
    if not newcomer.wants_windows:
        return Admission(admitted=True)
    viewers = [(each, hello) for each, hello in present if hello.wants_windows]
    same = tuple(each for each, hello in viewers if newcomer.uuid and hello.uuid == newcomer.uuid)
    others = [(each, hello) for each, hello in viewers if each not in same]
    if not others or (newcomer.share and all(hello.share for _, hello in others)):
        return Admission(admitted=True, replaced=same)
    if not newcomer.steal or any(hello.lock for _, hello in others):
        return Admission(admitted=False, replaced=same)
    return Admission(admitted=True, replaced=same, dropped=tuple(each for each, _ in others))
