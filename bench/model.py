"""What a measurement gives: rows of numbers for each contender, and the marks that they are held against."""

from __future__ import annotations

import enum
import statistics
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

LIMPET = "limpet"
CONTENDERS = (LIMPET, "3.1.3", "6.5.5")

Sample = Mapping[str, float]
"""key of a row -> value, in the row's unit"""


class Better(enum.Enum):
    LESS = "less"
    MORE = "more"


@dataclass(frozen=True, slots=True)
class Mark:
    """What issue 2 asks for.

    `ratio`: against the best xpra in the same run, limpet's value over xpra's; `limit`: limpet's value by itself.
    """

    ratio: float | None = None
    limit: float | None = None

    def text(self, better: Better, unit: str) -> str:
        sign = "<=" if better is Better.LESS else ">="
        if self.ratio is not None:
            return f"{sign} {self.ratio:g} x xpra"
        assert self.limit is not None
        return f"{sign} {self.limit:,.0f} {unit}"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    key: str
    title: str
    unit: str
    better: Better = Better.LESS
    mark: Mark | None = None
    digits: int = 0


@dataclass(slots=True)
class Result:
    """The values of one row, by contender, one a round."""

    row: Row
    values: dict[str, list[float]] = field(default_factory=dict)

    def add(self, contender: str, value: float) -> None:
        self.values.setdefault(contender, []).append(value)

    def median(self, contender: str) -> float | None:
        values = self.values.get(contender)
        return statistics.median(values) if values else None

    @property
    def best_xpra(self) -> float | None:
        """The median of the better stock version."""
        found = [self.median(name) for name in self.values if name != LIMPET]
        medians = [value for value in found if value is not None]
        if not medians:
            return None
        return min(medians) if self.row.better is Better.LESS else max(medians)

    @property
    def ratio(self) -> float | None:
        """limpet's median over that of the best xpra."""
        ours, theirs = self.median(LIMPET), self.best_xpra
        return ours / theirs if ours is not None and theirs else None

    @property
    def met(self) -> bool | None:
        """None: there is no mark, or nothing to hold against it."""
        mark = self.row.mark
        if mark is None:
            return None
        value, bound = (self.ratio, mark.ratio) if mark.ratio is not None else (self.median(LIMPET), mark.limit)
        if value is None or bound is None:
            return None
        return value <= bound if self.row.better is Better.LESS else value >= bound

    def as_json(self) -> dict[str, Any]:
        return {
            "title": self.row.title,
            "unit": self.row.unit,
            "better": self.row.better.value,
            "values": self.values,
            "medians": {name: self.median(name) for name in self.values},
            "ratio": self.ratio,
            "mark": self.row.mark.text(self.row.better, self.row.unit) if self.row.mark else None,
            "met": self.met,
        }


class Contest(Protocol):
    """A measurement made ready: servers run, files are there."""

    contenders: Sequence[str]

    def sample(self, contender: str) -> Sample:
        """One round of one contender; a row that it cannot do is left out."""


class Measurement(Protocol):
    """One subject, chosen by name on the command line."""

    @property
    def name(self) -> str: ...

    @property
    def summary(self) -> str: ...

    @property
    def rounds(self) -> int:
        """How many by default."""

    @property
    def rows(self) -> Sequence[Row]: ...

    def open(self, contenders: Sequence[str]) -> AbstractContextManager[Contest]: ...


def run(measurement: Measurement, contest: Contest, rounds: int) -> Iterator[tuple[int, str, list[Result]]]:
    """Measure in turns; yields round, contender and all results so far after each sample."""
    results = {row.key: Result(row) for row in measurement.rows}
    names = list(contest.contenders)
    for number in range(rounds):
        # who goes first changes, so that nobody always finds the machine as the same other left it
        shift = number % len(names)
        for name in names[shift:] + names[:shift]:
            for key, value in contest.sample(name).items():
                results[key].add(name, value)
            yield number, name, list(results.values())
