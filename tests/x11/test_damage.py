from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from limpet.values import Rect
from limpet.x11.damage import MAX_RECTS, coalesce

RECTS = st.lists(
    st.builds(Rect, st.integers(0, 200), st.integers(0, 200), st.integers(0, 60), st.integers(0, 60)), max_size=90
)


def _points(rects: list[Rect] | tuple[Rect, ...]) -> set[tuple[int, int]]:
    return {(x, y) for r in rects if not r.empty for x in range(r.x, r.right, 3) for y in range(r.y, r.bottom, 3)}


def test_contained_and_empty_areas_are_dropped() -> None:
    assert coalesce([Rect(5, 5, 2, 2), Rect(0, 0, 10, 10), Rect(1, 1, 3, 3), Rect(0, 0, 0, 9)]) == (Rect(0, 0, 10, 10),)


def test_areas_that_nearly_fill_their_bounds_become_one() -> None:
    assert coalesce([Rect(0, 0, 10, 10), Rect(11, 0, 10, 10)]) == (Rect(0, 0, 21, 10),)


def test_distant_areas_stay_apart_until_they_are_too_many() -> None:
    far = [Rect(index * 100, index * 100, 5, 5) for index in range(MAX_RECTS)]
    assert coalesce(far) == tuple(far)
    assert len(coalesce([*far, Rect(0, 5000, 5, 5)])) == 1


@given(RECTS)
def test_everything_is_covered_by_few(rects: list[Rect]) -> None:
    few = coalesce(rects)
    assert len(few) <= MAX_RECTS
    every = [(r.x + dx, r.y + dy) for r in rects if not r.empty for dx in (0, r.width - 1) for dy in (0, r.height - 1)]
    assert all(any(one.x <= x < one.right and one.y <= y < one.bottom for one in few) for x, y in every)
    assert not any(one.empty for one in few)
