"""Remote windows as real X11 windows."""

from __future__ import annotations

from limpet.client.messages import MoveResize, WindowConfigured
from limpet.values import Rect, WindowId
from tests.client.ui.support import UiProcess, XView, paint


def test_first(ui: UiProcess, view: XView) -> None:
    mapped = ui.window(1, Rect(50, 60, 200, 100), title="hullo", place=True, class_instance=("xterm", "XTerm"))
    assert mapped.rect == Rect(50, 60, 200, 100)
    import subprocess; print(subprocess.run(["xwininfo","-root","-tree","-display",view.display],capture_output=True,text=True).stdout)
    xid = view.find("hullo")
    assert view.rect(xid) == mapped.rect
    assert view.text(xid, "WM_CLASS") == "xterm\0XTerm\0"
    done = ui.paint(paint(WindowId(1), Rect(10, 10, 50, 50), (1, 2, 3)))
    print(done)
    assert view.pixel(xid, 10, 10) == (1, 2, 3)
