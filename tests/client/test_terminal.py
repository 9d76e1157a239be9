"""A password typed at a terminal, in a process of its own that has one."""

from __future__ import annotations

import os
import pty
import select
import sys
import termios
import time
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"
PROGRAM = """
import asyncio, sys
sys.path.insert(0, sys.argv[1])
from limpet.client import terminal
async def main():
    assert terminal.available()
    task = asyncio.ensure_future(terminal.ask_secret("word: "))
    if sys.argv[2] == "cancel":
        await asyncio.sleep(0.2)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            print("cancelled")
        return
    print("got", ascii(await task))
asyncio.run(main())
"""


class Terminal:
    """A child on a terminal that we hold the other end of."""

    def __init__(self, mode: str) -> None:
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execv(sys.executable, [sys.executable, "-c", PROGRAM, str(SOURCE), mode])
        self.shown = b""

    def until(self, text: bytes) -> None:
        end = time.monotonic() + 10
        while text not in self.shown:
            ready, _, _ = select.select([self.fd], [], [], max(0.0, end - time.monotonic()))
            assert ready, self.shown
            self.shown += os.read(self.fd, 4096)

    @property
    def echoes(self) -> bool:
        return bool(termios.tcgetattr(self.fd)[3] & termios.ECHO)

    def close(self) -> None:
        os.close(self.fd)
        os.waitpid(self.pid, 0)


@pytest.mark.parametrize(
    ("typed", "got"),
    [(b"pa55 word\n", b"got 'pa55 word'"), (b"\xc3\xbc\xff\n", rb"got '\xfc\udcff'"), (b"\x04", b"got None")],
)
def test_what_is_typed_is_not_shown(typed: bytes, got: bytes) -> None:
    terminal = Terminal("ask")
    terminal.until(b"word: ")
    assert not terminal.echoes
    os.write(terminal.fd, typed)
    terminal.until(got)
    assert terminal.echoes
    assert typed.strip() not in terminal.shown.partition(b"got")[0] or typed == b"\x04"
    terminal.close()


def test_a_question_that_is_taken_back_leaves_the_terminal_as_it_was() -> None:
    terminal = Terminal("cancel")
    terminal.until(b"cancelled")
    assert terminal.echoes
    terminal.close()
