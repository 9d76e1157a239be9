from __future__ import annotations

import pytest

from limpet.limits import ListenerLimits
from limpet.net.caps import ConnectionCaps, source_of


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("192.0.2.1", "192.0.2.254", True),
        ("192.0.2.1", "192.0.3.1", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.9", True),
        ("fe80::1%eth0", "fe80::2%eth1", True),
    ],
)
def test_a_source_is_a_small_network(a: str, b: str, same: bool) -> None:
    assert (source_of(a) == source_of(b)) is same


def test_a_local_user_is_a_source() -> None:
    assert source_of("", 1000) == source_of("", 1000) != source_of("", 1001)


def test_one_source_cannot_take_the_places_of_others() -> None:
    caps = ConnectionCaps(Clock(), ListenerLimits(unauthenticated=10, per_source=3))
    slots = [caps.admit("192.0.2.1") for _ in range(3)]
    assert all(slots)
    assert caps.admit("192.0.2.99") is None
    assert caps.admit("198.51.100.1") is not None
    assert caps.total == 4


def test_all_sources_together_are_bounded() -> None:
    caps = ConnectionCaps(Clock(), ListenerLimits(unauthenticated=4, per_source=3))
    assert all(caps.admit(f"192.0.{i}.1") for i in range(4))
    assert caps.admit("198.51.100.1") is None


def test_released_place_can_be_taken_again_and_counts_once() -> None:
    caps = ConnectionCaps(Clock(), ListenerLimits(unauthenticated=1, per_source=1))
    slot = caps.admit("192.0.2.1")
    assert slot is not None
    slot.release()
    slot.release()
    assert caps.total == 0
    assert caps.admit("192.0.2.1") is not None
    assert caps.admit("192.0.2.1") is None


def test_refusals_are_reported_once_a_second() -> None:
    clock = Clock()
    caps = ConnectionCaps(clock, ListenerLimits(unauthenticated=0))
    for _ in range(5):
        caps.admit("192.0.2.1")
    assert caps.refusals_to_report() == 5
    caps.admit("192.0.2.1")
    clock.now += 0.5
    assert caps.refusals_to_report() == 0
    clock.now += 0.6
    assert caps.refusals_to_report() == 1
    clock.now += 5
    assert caps.refusals_to_report() == 0
