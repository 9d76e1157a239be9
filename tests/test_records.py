from __future__ import annotations

import copy
import dataclasses
import pickle
from dataclasses import field
from typing import Any, ClassVar

import pytest

from limpet.records import FEW_CALLS, dataclass
from limpet.values import Rect, Size


@dataclass(frozen=True, slots=True)
class Point:
    """A point."""

    kind: ClassVar[str] = "point"
    x: int
    y: int = 0
    names: list[str] = field(default_factory=list, compare=False)
    note: str = field(default="", repr=False)

    @property
    def sum(self) -> int:
        return self.x + self.y


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    name: str
    size: int = 1

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("no name")


@dataclass
class Open:
    value: int
    cache: dict[str, int] = field(default_factory=dict, init=False)


@dataclass(slots=True, eq=False)
class Identity:
    value: int = 0


@dataclass(frozen=True)
class Empty:
    pass


@pytest.mark.parametrize("_", range(2 * FEW_CALLS))
def test_it_is_made_by_position_by_name_and_by_default(_: int) -> None:
    point = Point(1, names=["a"])
    assert (point.x, point.y, point.names, point.note, point.sum) == (1, 0, ["a"], "", 1)
    assert Point(x=2, y=3) == Point(2, 3)
    assert Point(1).names is not Point(1).names
    assert Open(3).cache == {}
    assert Identity().value == 0
    assert Empty() == Empty()


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (Point, r"Point.__init__\(\) missing 1 required positional argument: 'x'"),
        (lambda: Point(1, z=2), "unexpected keyword argument 'z'"),  # type: ignore[call-arg]
        (lambda: Named("a"), "takes 1 positional argument"),  # type: ignore[call-arg]
        (lambda: Open(1, cache={}), "unexpected keyword argument 'cache'"),  # type: ignore[call-arg]
        (lambda: Open(1, 2), "takes 2 positional arguments but 3 were given"),  # type: ignore[call-arg]
        (lambda: Point(1, x=1), "multiple values for argument 'x'"),  # type: ignore[misc]
    ],
)
def test_wrong_arguments_are_named(make: Any, text: str) -> None:
    for _ in range(2 * FEW_CALLS):  # the first calls do without a method, then one is written
        with pytest.raises(TypeError, match=text):
            make()


def test_a_check_after_making_runs_each_time() -> None:
    for _ in range(2 * FEW_CALLS):
        assert Named(name="a").size == 1
        with pytest.raises(ValueError, match="no name"):
            Named(name="")


def test_a_frozen_one_cannot_be_changed() -> None:
    point = Point(1)
    with pytest.raises(dataclasses.FrozenInstanceError, match="'x'"):
        point.x = 2  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError, match="'x'"):
        del point.x
    with pytest.raises(dataclasses.FrozenInstanceError):
        point.other = 2  # type: ignore[attr-defined]
    unfrozen = Open(1)
    unfrozen.value = 2
    assert unfrozen.value == 2


def test_equality_and_hash_take_the_compared_fields_of_one_class() -> None:
    assert Point(1, 2, ["a"]) == Point(1, 2, ["b"])
    assert hash(Point(1, 2, ["a"])) == hash(Point(1, 2, ["b"]))
    assert Point(1, 2) != Point(1, 3)
    others: tuple[object, ...] = (Named(name="a"), (1, 2))
    assert Point(1, 2) not in others
    assert Open(1) == Open(1)
    with pytest.raises(TypeError, match="unhashable"):
        hash(Open(1))
    one = Identity(1)
    assert one != Identity(1)
    assert {one: 1}[one] == 1
    assert hash(Empty()) == hash(Empty())


def test_repr_shows_what_may_be_seen() -> None:
    assert repr(Point(1, 2, ["a"], "secret")) == "Point(x=1, y=2, names=['a'])"
    assert repr(Empty()) == "Empty()"


def test_it_is_a_dataclass_to_everything_else() -> None:
    assert dataclasses.is_dataclass(Point)
    assert [each.name for each in dataclasses.fields(Point)] == ["x", "y", "names", "note"]
    assert dataclasses.replace(Point(1, 2), y=5) == Point(1, 5)
    assert dataclasses.asdict(Open(1)) == {"value": 1, "cache": {}}
    match Point(1, 2):
        case Point(x, y):
            assert (x, y) == (1, 2)
    assert Point.__doc__ == "A point."
    assert not hasattr(Point(1), "__dict__")
    assert hasattr(Empty(), "__dict__")


def test_own_methods_stay() -> None:
    @dataclass(frozen=True, slots=True)
    class Own:
        value: int

        def __repr__(self) -> str:
            return "own"

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Own)

    assert repr(Own(1)) == "own"
    assert Own(1) == Own(2)
    assert hash(Own(1)) == hash(Own(1))


def test_frozen_records_can_be_copied_and_sent_to_another_process() -> None:
    for record in (Size(1, 2), Rect(1, 2, 3, 4)):
        assert pickle.loads(pickle.dumps(record)) == record
        assert copy.deepcopy(record) == record
