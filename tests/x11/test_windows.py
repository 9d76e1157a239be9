from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limpet.values import Rect, Size, Xid
from limpet.x11.windows import MAX_EXTENT, SizeHints, WindowInfo

EXTENT = st.integers(1, 2000)
SIZE = st.builds(Size, EXTENT, EXTENT)
MAYBE_SIZE = st.none() | SIZE
RATIO = st.none() | st.tuples(st.integers(1, 50), st.integers(1, 50))
HINTS = st.builds(
    SizeHints, minimum=MAYBE_SIZE, maximum=MAYBE_SIZE, increment=MAYBE_SIZE, base=MAYBE_SIZE,
    minimum_aspect=RATIO, maximum_aspect=RATIO,
)  # fmt: skip


@pytest.mark.parametrize(
    ("hints", "asked", "allowed"),
    [
        (SizeHints(), Size(7, 9), Size(7, 9)),
        (SizeHints(), Size(0, -4), Size(1, 1)),
        (SizeHints(), Size(10**6, 10**6), Size(MAX_EXTENT, MAX_EXTENT)),
        (SizeHints(minimum=Size(10, 20)), Size(5, 50), Size(10, 50)),
        (SizeHints(maximum=Size(10, 20)), Size(50, 5), Size(10, 5)),
        (SizeHints(base=Size(4, 4), increment=Size(6, 13)), Size(489, 328), Size(489, 328)),
        (SizeHints(minimum_aspect=(1, 1), maximum_aspect=(2, 1)), Size(100, 400), Size(100, 400)),
    ],
)
def test_constrain_follows_the_limits_of_icccm(hints: SizeHints, asked: Size, allowed: Size) -> None:
    assert hints.constrain(asked) == allowed


@given(HINTS, st.builds(Size, st.integers(-10, 40000), st.integers(-10, 40000)))
def test_a_constrained_size_is_one_that_x_can_have(hints: SizeHints, asked: Size) -> None:
    size = hints.constrain(asked)
    assert 1 <= size.width <= MAX_EXTENT
    assert 1 <= size.height <= MAX_EXTENT


@given(HINTS, SIZE)
def test_what_was_constrained_once_stays(hints: SizeHints, asked: Size) -> None:
    size = hints.constrain(asked)
    assert hints.constrain(size) == size


def test_modal_and_iconic_are_read_from_the_states() -> None:
    plain = WindowInfo(Xid(1), Rect(0, 0, 1, 1))
    marked = WindowInfo(Xid(1), Rect(0, 0, 1, 1), states=frozenset({"MODAL", "HIDDEN"}))
    assert (plain.modal, plain.iconic, marked.modal, marked.iconic) == (False, False, True, True)
