from __future__ import annotations

import json
import time
from pathlib import Path
from random import Random

import pytest

from tests.fuzz.mutate import MAX_INPUT, mutate, seeds
from tests.fuzz.run import WARM_UP, main
from tests.fuzz.targets import TARGETS, Violation


def test_a_short_run_finds_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seconds", "0", "--seed", "7", "--out", str(tmp_path)]) == 0
    assert f"{WARM_UP} inputs" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("target", TARGETS)
def test_every_seed_passes_every_target(target: str) -> None:
    corpus = seeds()
    assert len(corpus) > 200
    for data in corpus:
        TARGETS[target][0](Random(1), data)


def test_mutations_are_repeatable_and_bounded() -> None:
    corpus = seeds()
    first, second = Random(3), Random(3)
    inputs = [mutate(first, corpus) for _ in range(300)]
    assert inputs == [mutate(second, corpus) for _ in range(300)]
    assert max(map(len, inputs)) <= MAX_INPUT + 1000
    assert len(set(inputs)) > 200


def _violated(_random: Random, data: bytes) -> None:
    if data.startswith(b"P"):
        raise Violation("starts with P")


def _crash(_random: Random, _data: bytes) -> None:
    raise IndexError("undocumented")


def _hang(_random: Random, _data: bytes) -> None:
    time.sleep(10)


@pytest.mark.parametrize(
    ("check", "text"), [(_violated, "starts with P"), (_crash, "undocumented"), (_hang, "seconds")]
)
def test_a_failure_is_reported_written_and_repeatable(
    check: object, text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.fuzz.run.MAX_SECONDS", 1)
    targets = {"broken": (check, 1)}
    assert main(["--seconds", "0", "--out", str(tmp_path)], targets) == 1  # type: ignore[arg-type]
    output = capsys.readouterr().err
    assert text in output
    (written,) = tmp_path.iterdir()
    assert f"--replay {written}" in output
    assert bytes.fromhex(json.loads(written.read_text())["hex"]) is not None
    assert main(["--replay", str(written)], targets) == 1  # type: ignore[arg-type]
    assert main(["--replay", str(written)], {"broken": (lambda _random, _data: None, 1)}) == 0


def test_memory_growth_is_a_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    used = iter(range(0, 10**12, 10**9))
    monkeypatch.setattr("tests.fuzz.run.peak_memory", lambda: next(used))
    assert main(["--seconds", "1", "--out", str(tmp_path)], {"none": (lambda _random, _data: None, 1)}) == 1
    assert "memory grew" in capsys.readouterr().err
