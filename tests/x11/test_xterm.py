"""A real application from end to end: shown, typed into, resized, closed."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from limpet.values import Rect, Size
from limpet.x11.display import Xvfb
from limpet.x11.input import Input
from limpet.x11.testing import Pump
from limpet.x11.windows import WindowInfo
from tests.x11.conftest import Stage


@pytest.fixture
def xterm(stage: Stage, xvfb: Xvfb, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """An xterm that writes each line typed into it to the file `typed`, `done` after the last."""
    program = shutil.which("xterm", path="/usr/bin:/usr/local/bin")
    assert program is not None, "apt install xterm"
    copy = f"while read -r line; do printf '%s\\n' \"$line\" >> {tmp_path}/typed; done"
    script = f"stty -echo; printf '\\033]2;ready\\007'; {copy}"
    environment = {**xvfb.environment(), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(tmp_path)}
    process = subprocess.Popen(
        [program, "-u8", "-geometry", "60x10+100+50", "-xrm", "XTerm*allowTitleOps: true", "-e", "sh", "-c", script],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    yield process
    process.kill()
    process.wait()


def _window(stage: Stage, title: str) -> WindowInfo:
    stage.pump.until(lambda: any(info.title == title for info in stage.sink.infos.values()))
    return next(info for info in stage.sink.infos.values() if info.title == title)


def test_xterm_tells_what_it_is(stage: Stage, xterm: subprocess.Popen[bytes]) -> None:
    info = _window(stage, "ready")
    assert info.class_instance == ("xterm", "XTerm")
    assert (info.rect.x, info.rect.y) == (100, 50)
    assert info.pid == xterm.pid
    assert "WM_DELETE_WINDOW" in info.protocols
    assert info.size_hints.increment is not None
    assert info.size_hints.increment.width > 1
    assert info.window_types == ("NORMAL",)
    assert info.command[-3:-1] == ("sh", "-c")


def test_xterm_is_resized_and_paints_anew(stage: Stage, xterm: subprocess.Popen[bytes]) -> None:
    info = _window(stage, "ready")
    applied = stage.manager.move_resize(info.xid, Rect(10, 20, 503, 207))
    assert applied == Rect(10, 20, 503, 207)
    stage.pump.until(lambda: stage.manager.info(info.xid).rect == applied)
    stage.pump.until(
        lambda: any(Size(r.width, r.height) == applied.size for _, rs in stage.sink.of("damaged") for r in rs)
    )


def test_what_is_typed_arrives(stage: Stage, xterm: subprocess.Popen[bytes], tmp_path: Path) -> None:
    info = _window(stage, "ready")
    keyboard = Input(stage.connection)
    stage.manager.watch_keyboard(keyboard.keyboard_changed)
    stage.manager.focus(info.xid)
    text = "Hello, World! 1+2=3 \\ {[~#@|]} éß€☃ Привет"
    for char in text:
        shifted = char.isupper() or char in "!+{~#@|}"
        keyboard.sync_modifiers(["shift"] if shifted else [])
        assert keyboard.key(char, pressed=True)
        assert keyboard.key(char, pressed=False)
    keyboard.sync_modifiers([])
    keyboard.key("Return", pressed=True)
    keyboard.key("Return", pressed=False)
    typed = tmp_path / "typed"
    stage.pump.until(lambda: typed.exists() and typed.read_text(encoding="utf-8").endswith("\n"))
    assert typed.read_text(encoding="utf-8") == text + "\n"


def test_xterm_closes_when_it_is_asked(stage: Stage, xterm: subprocess.Popen[bytes]) -> None:
    info = _window(stage, "ready")
    assert stage.manager.close(info.xid) is True
    Pump(stage.manager).until(lambda: info.xid not in stage.sink.infos)
    xterm.wait(20)
    assert xterm.returncode is not None
