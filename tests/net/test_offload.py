from __future__ import annotations

import asyncio
import threading

import pytest

from limpet.errors import LimitExceeded
from limpet.limits import OffloadLimits
from limpet.net.offload import Offload
from tests.support.net import run


def test_result_and_error_come_back() -> None:
    async def check() -> None:
        offload = Offload()
        assert await offload.run(divmod, 7, 2) == (3, 1)
        with pytest.raises(ZeroDivisionError):
            await offload.run(divmod, 7, 0)
        offload.close()

    run(check())


def test_at_most_two_run_at_once_and_the_rest_waits() -> None:
    async def check() -> None:
        offload = Offload(OffloadLimits(threads=2, waiting=4))
        release = threading.Event()
        lock = threading.Lock()
        running = most = 0

        def work() -> None:
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
            release.wait(10)
            with lock:
                running -= 1

        async with asyncio.TaskGroup() as group:
            for _ in range(6):
                group.create_task(offload.run(work))
            await asyncio.sleep(0)
            assert offload.pending == 6
            with pytest.raises(LimitExceeded):
                await offload.run(work)
            release.set()
        assert most <= 2
        assert offload.pending == 0
        offload.close()

    run(check())


def test_a_cancelled_wait_does_not_free_a_thread_that_still_works() -> None:
    async def check() -> None:
        offload = Offload(OffloadLimits(threads=1, waiting=0))
        release, started = threading.Event(), threading.Event()

        def work() -> None:
            started.set()
            release.wait(10)

        waiting = asyncio.ensure_future(offload.run(work))
        await asyncio.to_thread(started.wait, 10)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        with pytest.raises(LimitExceeded):
            await offload.run(work)
        release.set()
        offload.close()

    run(check())
