"""Seeded mutation fuzzer of the wire package: `python -m tests.fuzz.run --seconds 60`.

Exit status 1 when an invariant breaks, an undocumented exception escapes, one input takes over two seconds, or memory
grows by more than 64 MiB; the input is then written as hex beside its target and seed, for `--replay FILE`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from types import FrameType

from tests.fuzz.mutate import mutate, seeds
from tests.fuzz.targets import TARGETS, Violation

MAX_GROWTH = 64 * 1024 * 1024
MAX_SECONDS = 2
WARM_UP = 500
"""inputs after which the memory in use is taken as the base line"""

Check = Callable[[Random, bytes], None]
Targets = Mapping[str, tuple[Check, int]]


def _alarm(_signal: int, _frame: FrameType | None) -> None:
    raise Violation(f"one input took more than {MAX_SECONDS} seconds")


def peak_memory() -> int:
    """Bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def attempt(check: Check, seed: str, data: bytes) -> str:
    """Run one check with its own generator; "" or the traceback of what went wrong."""
    signal.alarm(MAX_SECONDS)
    try:
        check(Random(seed), data)
    except Exception:  # noqa: BLE001 - whatever is not a documented error is a finding
        return traceback.format_exc()
    finally:
        signal.alarm(0)
    return ""


def fail(out: Path, target: str, seed: str, data: bytes, text: str) -> int:
    """Write the input down and say how to repeat it; returns the exit status."""
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{target}-{hashlib.sha256(data).hexdigest()[:12]}.json"
    path.write_text(json.dumps({"target": target, "seed": seed, "hex": data.hex()}) + "\n")
    print(text, file=sys.stderr)
    print(f"fuzz: {target} failed on {len(data)} bytes; repeat with: python -m tests.fuzz.run --replay {path}",
          file=sys.stderr)  # fmt: skip
    return 1


def replay(path: Path, targets: Targets) -> int:
    """Repeat one recorded failure; exit status 1 when it still fails."""
    row = json.loads(path.read_text())
    text = attempt(targets[row["target"]][0], row["seed"], bytes.fromhex(row["hex"]))
    print(text or f"fuzz: {path.name} passes now")
    return 1 if text else 0


def fuzz(seconds: float, seed: int, out: Path, targets: Targets) -> int:
    """The loop; returns the exit status."""
    random = Random(seed)
    corpus = seeds()
    names = list(targets)
    weights = [targets[name][1] for name in names]
    start = time.monotonic()
    count = 0
    base = peak_memory()
    while count < WARM_UP or time.monotonic() - start < seconds:
        data = mutate(random, corpus)
        target = random.choices(names, weights)[0]
        own_seed = f"{seed}-{count}"
        count += 1
        text = attempt(targets[target][0], own_seed, data)
        if not text and count > WARM_UP and peak_memory() - base > MAX_GROWTH:
            text = f"memory grew by {(peak_memory() - base) >> 20} MiB"
        if text:
            return fail(out, target, own_seed, data, text)
        if count == WARM_UP:
            base = peak_memory()
    elapsed = time.monotonic() - start
    print(f"fuzz: {count} inputs in {elapsed:.1f} s, {count / elapsed:.0f}/s, seed {seed}, {len(corpus)} seeds, "
          f"memory +{(peak_memory() - base) >> 20} MiB, no failure")  # fmt: skip
    return 0


def main(argv: Sequence[str] | None = None, targets: Targets = TARGETS) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.run", description="Fuzz the wire package.")
    parser.add_argument("--seconds", type=float, default=60, help="how long (default 60)")
    parser.add_argument("--seed", type=int, default=1, help="number that makes the run repeatable (default 1)")
    parser.add_argument("--out", type=Path, default=Path("build/fuzz"), help="where failing inputs are written")
    parser.add_argument("--replay", type=Path, help="repeat one failing input")
    args = parser.parse_args(argv)
    previous = signal.signal(signal.SIGALRM, _alarm)
    try:
        if args.replay is not None:
            return replay(args.replay, targets)
        return fuzz(args.seconds, args.seed, args.out, targets)
    finally:
        signal.signal(signal.SIGALRM, previous)


if __name__ == "__main__":
    sys.exit(main())
