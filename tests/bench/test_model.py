from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from bench.model import LIMPET, Better, Mark, Result, Row, run
from bench.report import table


def result(row: Row, **values: Sequence[float]) -> Result:
    made = Result(row)
    for name, each in values.items():
        for value in each:
            made.add({"limpet": LIMPET, "old": "3.1.3", "new": "6.5.5"}[name], value)
    return made


@pytest.mark.parametrize(
    ("better", "best", "ratio"), [(Better.LESS, 20.0, 0.5), (Better.MORE, 40.0, 0.25)], ids=["less", "more"]
)
def test_the_ratio_is_that_of_medians_to_the_better_xpra(better: Better, best: float, ratio: float) -> None:
    made = result(Row("k", "t", "ms", better), limpet=(900, 10, 1), old=(20, 20, 21), new=(40, 40, 1))
    assert (made.median(LIMPET), made.best_xpra, made.ratio) == (10, best, ratio)


@pytest.mark.parametrize(
    ("better", "mark", "limpet", "met"),
    [
        (Better.LESS, Mark(ratio=0.5), 10, True),
        (Better.LESS, Mark(ratio=0.5), 10.1, False),
        (Better.MORE, Mark(ratio=3), 60, True),
        (Better.MORE, Mark(ratio=3), 59, False),
        (Better.LESS, Mark(limit=60), 60, True),
        (Better.LESS, Mark(limit=60), 61, False),
        (Better.MORE, Mark(limit=25_000), 24_999, False),
        (Better.LESS, None, 1, None),
    ],
)
def test_a_mark_is_met_or_missed(better: Better, mark: Mark | None, limpet: float, met: bool | None) -> None:
    assert result(Row("k", "t", "u", better, mark), limpet=[limpet], old=[20]).met is met


def test_what_cannot_be_compared_is_neither_met_nor_missed() -> None:
    row = Row("k", "t", "ms", mark=Mark(ratio=0.5))
    for made in (result(row, limpet=[1]), result(row, old=[1]), Result(row)):
        assert made.met is None
        assert made.ratio is None


class Counting:
    """A contest whose every sample has a number."""

    def __init__(self) -> None:
        self.contenders = (LIMPET, "3.1.3", "6.5.5")
        self.count = 0

    def sample(self, contender: str) -> Mapping[str, float]:
        self.count += 1
        return {} if contender == "6.5.5" else {"k": self.count}


class Measured:
    name = "m"
    summary = "s"
    rounds = 2
    rows = (Row("k", "t", "ms"),)

    def open(self, contenders: Sequence[str]) -> object:
        raise NotImplementedError


def test_contenders_take_turns_and_each_is_first_once() -> None:
    steps = list(run(Measured(), Counting(), 3))  # type: ignore[arg-type]
    assert [name for _, name, _ in steps] == [
        *(LIMPET, "3.1.3", "6.5.5"),
        *("3.1.3", "6.5.5", LIMPET),
        *("6.5.5", LIMPET, "3.1.3"),
    ]
    (made,) = steps[-1][2]
    assert made.values == {LIMPET: [1, 6, 8], "3.1.3": [2, 4, 9]}


def test_the_table_is_markdown_with_verdicts() -> None:
    made = [
        result(Row("a", "attach", "ms", Better.LESS, Mark(ratio=0.5)), limpet=[300], old=[500], new=[1500]),
        result(Row("b", "packets", "1/s", Better.MORE, Mark(limit=25_000)), limpet=[51_000]),
    ]
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in table(made, (LIMPET, "3.1.3", "6.5.5"))]
    assert lines[0] == ["", "unit", "limpet", "xpra 3.1.3", "xpra 6.5.5", "ratio", "better", "mark", ""]
    assert lines[2] == ["attach", "ms", "300", "500", "1,500", "0.60", "lower", "<= 0.5 x xpra", "MISSED"]
    assert lines[3] == ["packets", "1/s", "51,000", "-", "-", "-", "higher", ">= 25,000 1/s", "met"]
    assert len({len(line) for line in table(made, (LIMPET, "3.1.3"))}) == 1


def test_the_document_has_every_value() -> None:
    document = result(Row("a", "attach", "ms", mark=Mark(ratio=0.5)), limpet=[1, 2, 3], old=[8]).as_json()
    assert document["values"] == {LIMPET: [1, 2, 3], "3.1.3": [8]}
    assert (document["ratio"], document["met"], document["mark"]) == (0.25, True, "<= 0.5 x xpra")
