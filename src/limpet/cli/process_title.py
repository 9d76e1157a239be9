"""Hides secrets of our own command line from the list of processes (Linux; elsewhere nothing happens).

The kernel serves /proc/PID/cmdline from the process's own stack, so overwriting them there is enough. Until then, some
milliseconds after the start, they can be seen: files and environment variables are the better places.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterable
from pathlib import Path

_MAX_AREA = 4 * 1024 * 1024
_ARG_START, _ARG_END = 47, 48
"""fields of /proc/PID/stat, counted from 0 (proc(5): arg_start is field 48)"""


def hide(secrets: Iterable[str]) -> bool:
    """Replace each of `secrets` by asterisks in this process's command line; True when that could be done."""
    area = _argument_area() if sys.platform == "linux" else None
    if area is None:
        return False
    start, size = area
    text = ctypes.string_at(start, size)
    for secret in secrets:
        value = secret.encode("utf-8", "surrogateescape")
        found = text.find(value)
        while value and found >= 0:
            ctypes.memset(start + found, ord("*"), len(value))
            found = text.find(value, found + len(value))
    return True


def _argument_area() -> tuple[int, int] | None:
    """Address and size of the arguments, or None where the kernel does not tell."""
    try:
        stat = Path("/proc/self/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    start, end = (int(fields[index - 2]) for index in (_ARG_START, _ARG_END))
    return (start, end - start) if 0 < start < end <= start + _MAX_AREA else None
