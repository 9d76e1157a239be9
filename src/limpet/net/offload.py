"""Blocking work off the event loop, with a bound on how much of it strangers can order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from limpet.errors import LimitExceeded
from limpet.limits import OFFLOAD, OffloadLimits

P = ParamSpec("P")
T = TypeVar("T")


class Offload:
    """A pool with few threads and a bounded queue, for key derivations and password checks.

    A derivation whose connection is gone still runs to its end and keeps its thread: the number of threads is the
    number of derivations that run at once, whatever strangers do.
    """

    def __init__(self, limits: OffloadLimits = OFFLOAD) -> None:
        self._limits = limits
        self._pool = ThreadPoolExecutor(limits.threads, thread_name_prefix="limpet-offload")
        self._pending: set[Future[object]] = set()

    @property
    def pending(self) -> int:
        """Calls that run or wait."""
        return sum(not future.done() for future in self._pending)

    async def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `function(*args, **kwargs)` in a thread and return its result.

        Raises `LimitExceeded` when too many calls wait already, and whatever the function raises.
        """
        if self.pending >= self._limits.threads + self._limits.waiting:
            raise LimitExceeded("too many key derivations or password checks are waiting")
        future: Future[T] = self._pool.submit(function, *args, **kwargs)
        self._pending.add(future)  # type: ignore[arg-type]  # Future is invariant; the result is not looked at here
        future.add_done_callback(self._pending.discard)
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Let running calls end by themselves and drop those that wait."""
        self._pool.shutdown(wait=False, cancel_futures=True)
