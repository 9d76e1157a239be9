"""Pointer, resizing and closing between limpet and every stock xpra, in both roles."""

from __future__ import annotations

import pytest

from tests.support.processes import until
from tests.support.rig import XTERM_TITLE, Rig, maker

pytestmark = pytest.mark.peer

PAIRS = [
    *(("limpet", client) for client in ("limpet", "3.1.3", "6.2.5", "6.5.5")),
    *((server, "limpet") for server in ("3.1.3", "6.2.5", "6.5.5")),
]


@pytest.mark.parametrize(("server", "client"), PAIRS, ids=[f"{a}-server-{b}-client" for a, b in PAIRS])
def test_clicks_wheel_size_and_close_arrive(server: str, client: str, rig: Rig) -> None:
    serving = rig.server(maker(server), f"--bind-tcp=127.0.0.1:{rig.port()}")
    attached = rig.client(maker(client), f"tcp://127.0.0.1:{rig.port()}/")
    window = rig.pattern_window(serving, attached)
    rig.screen.wait_pattern(window, 0)
    clicks = []
    for button, x, y in ((1, 33, 44), (3, 300, 190), (4, 10, 20), (5, 160, 100), (2, 5, 195)):
        rig.screen.click(window, x, y, button)
        clicks.append(f"button{button}@{x},{y}")
        until(lambda: rig.clicks() == clicks, f"{clicks} reach the application; it has {rig.clicks()}")

    assert rig.in_xterm("stty size", serving, attached) == "24 80"
    xterm = rig.screen.wait_for(XTERM_TITLE, serving, attached)
    rig.screen.resize(xterm, xterm.width + 60, xterm.height + 130)
    until(lambda: rig.in_xterm("stty size", serving, attached) == "34 90", "the xterm has 10 more lines and columns")

    rig.screen.close_window(window)
    rig.screen.wait_gone(rig.title)
    attached.must_run()
    serving.must_run()
