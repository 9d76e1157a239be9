"""When the next picture of a window may go."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limpet.session.flow import DrawFlow, FlowLimits

LIMITS = FlowLimits(max_updates=2, max_bytes=100, expire_s=10.0)


def test_sequences_count_from_one() -> None:
    flow = DrawFlow()
    assert [flow.next_sequence() for _ in range(3)] == [1, 2, 3]


def test_so_many_updates_may_be_under_way() -> None:
    flow = DrawFlow(LIMITS)
    assert flow.may_send(0.0)
    flow.sent(1, 10, 0.0)
    assert flow.may_send(0.0)
    flow.sent(2, 10, 0.0)
    assert not flow.may_send(0.0)
    assert flow.acknowledged(1, 100, 1.0)
    assert flow.may_send(1.0)
    assert flow.waiting == 1


def test_so_many_bytes_may_be_under_way() -> None:
    flow = DrawFlow(LIMITS)
    flow.sent(1, 100, 0.0)
    assert not flow.may_send(0.0)
    flow.acknowledged(1, 100, 0.5)
    assert flow.may_send(0.5)


def test_an_acknowledgement_that_never_comes_stops_counting() -> None:
    flow = DrawFlow(LIMITS)
    flow.sent(1, 10, 0.0)
    flow.sent(2, 10, 5.0)
    assert not flow.may_send(9.9)
    assert flow.may_send(10.0)
    assert flow.waiting == 1
    assert not flow.acknowledged(1, 100, 11.0)


def test_the_latency_is_smoothed_and_never_negative() -> None:
    flow = DrawFlow()
    flow.sent(1, 1, 0.0)
    flow.acknowledged(1, 100, 0.1)
    assert flow.latency_s == 0.1
    flow.sent(2, 1, 1.0)
    flow.acknowledged(2, 100, 1.2)
    assert flow.latency_s == pytest.approx(0.12)
    flow.sent(3, 1, 5.0)
    flow.acknowledged(3, 100, 4.0)
    assert flow.latency_s == pytest.approx(0.096)


def test_failures_of_the_client_are_counted_and_acknowledge_too() -> None:
    flow = DrawFlow()
    flow.sent(1, 1, 0.0)
    assert flow.acknowledged(1, -1, 0.1)
    assert flow.failures == 1
    assert flow.waiting == 0


def test_after_an_unmap_nothing_is_waited_for() -> None:
    flow = DrawFlow(LIMITS)
    flow.sent(1, 100, 0.0)
    flow.reset()
    assert flow.may_send(0.0)
    assert not flow.acknowledged(1, 1, 0.1)


@given(
    st.lists(st.tuples(st.sampled_from(["send", "ack", "reset"]), st.integers(1, 12), st.integers(0, 60)), max_size=40)
)
def test_whatever_the_order_the_counts_fit(steps: list[tuple[str, int, int]]) -> None:
    flow = DrawFlow(LIMITS)
    under_way: dict[int, int] = {}
    for now, (what, sequence, size) in enumerate(steps):
        moment = now / 100
        if what == "send" and flow.may_send(moment):
            number = flow.next_sequence()
            flow.sent(number, size, moment)
            under_way[number] = size
        elif what == "ack":
            assert flow.acknowledged(sequence, 1, moment) == (under_way.pop(sequence, None) is not None)
        elif what == "reset":
            flow.reset()
            under_way.clear()
        assert flow.waiting == len(under_way)
        assert flow.may_send(moment) == (len(under_way) < 2 and sum(under_way.values()) < 100)
