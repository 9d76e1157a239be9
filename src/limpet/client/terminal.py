"""A question in the terminal whose answer does not show."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import os
import sys
import threading
from typing import Any

MAX_ANSWER = 4096
"""bytes of a line that is typed"""


def available() -> bool:
    """Whether there is somebody at a terminal."""
    return sys.stdin is not None and sys.stdin.isatty()


async def ask_secret(question: str) -> str | None:
    """The line typed after `question`, without echo; None for end of file. Cancelling gives the terminal back."""
    try:
        descriptor = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except OSError:
        return await _ask_in_thread(question)
    try:
        return await _ask_on(descriptor, question)
    finally:
        os.close(descriptor)


async def _ask_on(descriptor: int, question: str) -> str | None:
    termios: Any = importlib.import_module("termios")
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    before = termios.tcgetattr(descriptor)
    silent = [*before]
    silent[3] &= ~termios.ECHO
    termios.tcsetattr(descriptor, termios.TCSAFLUSH, silent)
    loop.add_reader(descriptor, readable.set)
    try:
        os.write(descriptor, question.encode("utf-8", "replace"))
        # the terminal gives whole lines
        await readable.wait()
        line = os.read(descriptor, MAX_ANSWER)
    finally:
        loop.remove_reader(descriptor)
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
        with contextlib.suppress(OSError):
            os.write(descriptor, b"\n")
    return line.rstrip(b"\r\n").decode("utf-8", "surrogateescape") if line else None


async def _ask_in_thread(question: str) -> str | None:
    """Where there is no /dev/tty (Windows). A daemon thread, so that a question nobody answers does not hold us."""
    from getpass import getpass

    loop = asyncio.get_running_loop()
    answer: asyncio.Future[str | None] = loop.create_future()

    def ask() -> None:
        try:
            text: str | None = getpass(question)
        except (EOFError, KeyboardInterrupt):
            text = None
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(_answer, answer, text)

    threading.Thread(target=ask, name="limpet-prompt", daemon=True).start()
    return await answer


def _answer(future: asyncio.Future[str | None], text: str | None) -> None:
    if not future.done():
        future.set_result(text)
