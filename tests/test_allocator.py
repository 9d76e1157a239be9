from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from limpet import allocator

PROGRAM = """
import resource
from limpet.allocator import give_back_memory, keep_freed_memory
SIZE, ROUNDS = 4_000_000, 40
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(ROUNDS):
        blocks = [bytes(bytearray(SIZE)) for _ in range(3)]
        del blocks
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
assert keep_freed_memory()
faults()
kept = faults()
assert give_back_memory()
print(kept, faults())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="an allocator of Linux")
def test_freed_pictures_are_not_mapped_again_until_they_are_given_back() -> None:
    source = str(Path(allocator.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env={"PYTHONPATH": source}, capture_output=True, text=True, check=True
    )
    kept, given_back = map(int, done.stdout.split())
    one_round = 3 * 4_000_000 // 4096
    assert kept < one_round
    assert given_back >= one_round


def test_elsewhere_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allocator, "_library", lambda: None)
    assert not allocator.keep_freed_memory()
    assert not allocator.give_back_memory()
    monkeypatch.setattr(allocator, "_library", object)
    assert not allocator.keep_freed_memory()
    assert not allocator.give_back_memory()
