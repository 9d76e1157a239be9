"""Rights of a connection."""

from __future__ import annotations

import pytest

from limpet.packets.registry import packets
from limpet.packets.schema import Effect
from limpet.server.access import EVERYTHING, READONLY, Access
from limpet.values import Side


@pytest.mark.parametrize("effect", Effect)
def test_everything_is_permitted_unless_said_otherwise(effect: Effect) -> None:
    assert Access().permits(effect)
    assert effect in EVERYTHING
    assert not Access(frozenset()).permits(effect)


def test_who_may_only_look_changes_nothing() -> None:
    looking = Access(READONLY)
    assert {effect for effect in Effect if looking.permits(effect)} == {Effect.NONE, Effect.VIEW, Effect.INFO}


@pytest.mark.parametrize(
    "packet", [each for each in packets.classes() if Side.CLIENT in each.senders()], ids=lambda each: each.__name__
)
def test_every_packet_of_a_client_says_what_it_does(packet: type) -> None:
    assert isinstance(packet.effect, Effect)  # type: ignore[attr-defined]
