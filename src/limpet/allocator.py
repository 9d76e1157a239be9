"""How glibc's allocator treats the memory of pictures; elsewhere nothing happens.

A picture of a few megabytes is new memory each time, given back to the kernel at once: its pages are then cleared and
mapped again for the next one, which takes longer than encrypting it.
"""

from __future__ import annotations

import sys
from typing import Any

MIB = 1024 * 1024
KEPT = 64 * MIB
"""most that is kept of what was freed, by each of the few threads that handle pictures"""
LARGEST = 32 * MIB
"""larger buffers are still memory of their own; glibc takes no more here"""

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # malloc.h


def keep_freed_memory() -> bool:
    """From now on; False where there is no such allocator."""
    library = _library()
    if library is None or not hasattr(library, "mallopt"):
        return False
    return bool(library.mallopt(_MMAP_THRESHOLD, LARGEST)) and bool(library.mallopt(_TRIM_THRESHOLD, KEPT))


def give_back_memory() -> bool:
    """What is kept, to the kernel: there will be no pictures for a while. False where there is no such allocator."""
    library = _library()
    if library is None or not hasattr(library, "malloc_trim"):
        return False
    library.malloc_trim(0)
    return True


def _library() -> Any:
    if sys.platform != "linux":
        return None
    import ctypes

    return ctypes.CDLL(None)
