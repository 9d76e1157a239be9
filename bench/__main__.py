"""`python -m bench [NAME...]`: measure, and print the table. `--help` lists the names."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench.contenders import available
from bench.measures import MEASUREMENTS
from bench.model import LIMPET, Measurement, Result, run
from bench.report import number, table


def main(argv: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(argv)
    chosen = [MEASUREMENTS[name] for name in options.names or MEASUREMENTS]
    contenders = available(options.only)
    say(f"contenders: {', '.join(contenders)}; load before: {os.getloadavg()[0]:.2f}")
    results: list[Result] = []
    for measurement in chosen:
        results += _measure(measurement, contenders, options.rounds or measurement.rounds)
    print()
    for line in table(results, contenders):
        print(line)
    if options.json:
        options.json.write_text(json.dumps(_document(results, contenders), indent=1) + "\n")
        say(f"written to {options.json}")
    return 0


def say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    names = "\n".join(f"  {name:12}{each.summary}" for name, each in MEASUREMENTS.items())
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measure limpet beside the stock xpra versions that tools/peers.py has made.",
        epilog=f"names:\n{names}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="what to measure; all without one")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every value there too")
    parser.add_argument("--rounds", type=int, metavar="N", help="how often each contender has its turn")
    parser.add_argument("--only", action="append", metavar="CONTENDER", help="limpet, 3.1.3, 6.5.5; may be repeated")
    return parser


def _measure(measurement: Measurement, contenders: Sequence[str], rounds: int) -> list[Result]:
    say(f"{measurement.name}: {measurement.summary}")
    started = time.monotonic()
    results: list[Result] = []
    with measurement.open(contenders) as contest:
        for round_, name, results in run(measurement, contest, rounds):
            last = [(each.row, each.values[name][-1]) for each in results if each.values.get(name)]
            values = ", ".join(f"{row.title} {number(value, row.digits)} {row.unit}" for row, value in last)
            say(f"  round {round_ + 1} of {rounds}, {name}: {values}")
    say(f"  {time.monotonic() - started:.0f} s")
    return results


def _document(results: Sequence[Result], contenders: Sequence[str]) -> dict[str, object]:
    return {
        "machine": {
            "processor": _processor(),
            "cores": os.cpu_count(),
            "kernel": platform.release(),
            "python": platform.python_version(),
        },
        "contenders": list(contenders),
        "baseline": LIMPET,
        "load_after": os.getloadavg(),
        "results": {result.row.key: result.as_json() for result in results},
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


if __name__ == "__main__":
    sys.exit(main())
