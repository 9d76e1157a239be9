"""`make demo`, as it runs after the set-up."""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

from tests.support.processes import ROOT, Running, environment
from tests.support.rig import Rig

DEMO = (sys.executable, str(ROOT / "tools" / "demo.py"))


def demo(rig: Rig, *options: str, **extra: str) -> Running:
    running = Running("demo", (*DEMO, *options), environment(rig.folder, **extra), rig.folder)
    rig.running.append(running)
    return running


def colours(path: Path) -> dict[tuple[int, ...], int]:
    with Image.open(path) as picture:
        counted = picture.convert("RGB").getcolors(1 << 20)
    assert counted is not None
    return {colour: count for count, colour in counted if isinstance(colour, tuple)}


def test_without_a_display_it_types_into_the_xterm_and_saves_what_the_client_shows(rig: Rig) -> None:
    running = demo(rig, "--screenshot=made/shot.png")
    assert running.ends(60) == 0
    picture = rig.folder / "made" / "shot.png"
    assert f"screenshot of what the client shows: {picture}" in running.output
    assert "it ran in the session: This xterm runs on display :" in running.output
    assert "  $ limpet attach ssl:127.0.0.1:" in running.output
    seen = colours(picture)
    white, black = seen[255, 255, 255], seen[0, 0, 0]
    assert white > 100_000, "the xterm's background"
    assert black > 500, "its text"


def test_with_a_display_it_ends_when_the_xterm_is_closed(rig: Rig) -> None:
    running = demo(rig, DISPLAY=rig.screen.name)
    xterm = rig.screen.wait_for("xterm", running)
    rig.screen.type(xterm, "exit", "Return")
    assert running.ends() == 0
    assert "the session is over" in running.output
    rig.screen.wait_gone("xterm")


def test_it_says_what_is_missing(rig: Rig) -> None:
    bare = rig.folder / "bin"
    bare.mkdir()
    running = demo(rig, PATH=str(bare))
    assert running.ends(60) == 1
    assert "demo: error: Xvfb is not installed" in running.output
