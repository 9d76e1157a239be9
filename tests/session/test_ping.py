"""Pings of one side."""

from __future__ import annotations

import math

from limpet.session.ping import Pinger


def pinger(**changes: float) -> Pinger:
    made = Pinger(interval_s=5.0, timeout_s=60.0, max_outstanding=int(changes.get("max_outstanding", 64)))
    made.start(100.0)
    return made


def test_before_its_start_nothing_is_due() -> None:
    idle = Pinger(interval_s=5.0, timeout_s=60.0)
    assert idle.next_timeout == math.inf
    assert idle.due(1e9) is None
    assert not idle.lost(1e9)


def test_one_ping_is_due_each_interval() -> None:
    made = pinger()
    assert made.next_timeout == 105.0
    assert made.due(104.9) is None
    assert made.due(105.0) == 105_000
    assert made.due(105.1) is None
    assert made.next_timeout == 110.0


def test_a_late_caller_gets_one_ping_and_not_all_that_were_missed() -> None:
    made = pinger()
    assert made.due(200.0) == 200_000
    assert made.due(200.1) is None
    assert made.next_timeout == 205.0


def test_the_oldest_ping_without_an_echo_decides() -> None:
    made = pinger()
    for second in range(105, 165, 5):
        assert made.due(second) is not None
    assert not made.lost(164.9)
    assert made.next_timeout == 165.0
    assert made.lost(165.0)


def test_an_echo_tells_the_round_trip_once() -> None:
    made = pinger()
    made.due(105.0)
    assert made.echoed(105_000, 105.25) == 0.25
    assert made.echoed(105_000, 105.5) is None
    assert made.echoed(7, 105.5) is None
    assert not made.lost(1e9)


def test_a_later_echo_speaks_for_the_earlier_pings() -> None:
    made = pinger()
    made.due(105.0)
    made.due(110.0)
    made.due(115.0)
    assert made.echoed(110_000, 111.0) == 1.0
    assert made.echoed(105_000, 111.0) is None
    assert not made.lost(174.9)
    assert made.lost(175.0)


def test_an_echo_from_before_its_ping_is_no_negative_time() -> None:
    made = pinger()
    made.due(105.0)
    assert made.echoed(105_000, 104.0) == 0.0


def test_no_more_than_the_limit_waits() -> None:
    made = pinger(max_outstanding=2)
    assert made.due(105.0) is not None
    assert made.due(110.0) is not None
    assert made.due(115.0) is None
    made.echoed(110_000, 116.0)
    assert made.due(120.0) is not None


def test_two_pings_of_one_millisecond_are_one() -> None:
    made = Pinger(interval_s=0.0001, timeout_s=60.0)
    made.start(1.0)
    assert made.due(1.0001) == 1000
    assert made.due(1.0003) == 1000
    assert made.echoed(1000, 2.0) == 2.0 - 1.0001


def test_after_the_end_nothing_is_waited_for() -> None:
    made = pinger()
    made.due(105.0)
    made.stop()
    assert made.next_timeout == math.inf
    assert not made.lost(1e9)
