from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from limpet.picture.damage import OVERHEAD_PX, merge
from limpet.values import Rect

RECTS = st.builds(Rect, st.integers(-50, 300), st.integers(-50, 300), st.integers(0, 120), st.integers(0, 120))


def _covered(rects: list[Rect]) -> set[tuple[int, int]]:
    return {(x, y) for r in rects if not r.empty for x in range(r.x, r.right) for y in range(r.y, r.bottom)}


def test_nothing_and_empty_rectangles_give_nothing() -> None:
    assert merge([], limit=4) == []
    assert merge([Rect(3, 3, 0, 9), Rect(1, 1, 5, -1)], limit=4) == []


def test_neighbours_become_one() -> None:
    assert merge([Rect(0, 0, 10, 10), Rect(10, 0, 10, 10)], limit=4) == [Rect(0, 0, 20, 10)]


def test_a_contained_rectangle_disappears() -> None:
    assert merge([Rect(0, 0, 100, 100), Rect(10, 10, 5, 5)], limit=4) == [Rect(0, 0, 100, 100)]


def test_far_apart_ones_stay_apart_up_to_the_limit() -> None:
    far = [Rect(0, 0, 50, 50), Rect(1000, 0, 50, 50), Rect(0, 1000, 50, 50)]
    assert merge(far, limit=3) == far
    assert merge(far, limit=2) == [Rect(0, 0, 1050, 1050)]


def test_one_that_joins_two_others_is_joined_with_both() -> None:
    left, right, middle = Rect(0, 0, 40, 40), Rect(80, 0, 40, 40), Rect(40, 0, 40, 40)
    assert merge([left, right, middle], limit=8) == [Rect(0, 0, 120, 40)]


@given(st.lists(RECTS, max_size=8), st.integers(1, 6))
def test_what_comes_back_covers_all_within_the_limit(rects: list[Rect], limit: int) -> None:
    merged = merge(rects, limit=limit)
    assert len(merged) <= limit
    assert _covered(rects) <= _covered(merged)
    if len(merged) > 1:  # not the bounding one of too many
        assert sum(r.area for r in merged) <= sum(r.area for r in rects) + OVERHEAD_PX * len(rects)
