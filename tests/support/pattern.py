"""A small X11 application for tests: its pixels are known, and change with each key. Keys and clicks go to a file.

Run as a program in the session under test; imported, it tells which colour is where.
"""

from __future__ import annotations

import argparse
import struct
import sys
from pathlib import Path

import xcffib
import xcffib.xproto as xp

COLUMNS, ROWS, CELL = 8, 5, 40
WIDTH, HEIGHT = COLUMNS * CELL, ROWS * CELL


def colour(generation: int, column: int, row: int) -> tuple[int, int, int]:
    """Red, green and blue of one cell, never black; `generation` is the number of keys that were pressed so far."""
    index = 1 + (column * 7 + row * 13 + generation * 5 + column * row * 3) % 63
    return (index & 3) * 85, (index >> 2 & 3) * 85, (index >> 4) * 85


class PatternWindow:
    """The window and its state; `run` serves it until it is asked to close."""

    def __init__(self, display: str | None, title: str, keys: Path, place: tuple[int, int]) -> None:
        self._connection = xcffib.connect(display)
        self._core = self._connection.core
        setup = self._connection.get_setup()
        self._screen = setup.roots[self._connection.pref_screen]
        self._first_code = setup.min_keycode
        mapping = self._core.GetKeyboardMapping(self._first_code, setup.max_keycode - self._first_code + 1).reply()
        self._per_code: int = mapping.keysyms_per_keycode
        self._keysyms = list(mapping.keysyms)
        self._keys = keys
        self._delete = self._atom("WM_DELETE_WINDOW")
        self._window = self._create(title, place)
        self._context = self._connection.generate_id()
        self._core.CreateGC(self._context, self._window, 0, [])
        self._generation = 0

    def run(self) -> None:
        self._draw()
        self._core.MapWindow(self._window)
        self._connection.flush()
        while True:
            try:
                event = self._connection.wait_for_event()
            except xcffib.ConnectionException:
                return  # the session is over
            if isinstance(event, xp.KeyPressEvent):
                self._generation += 1
                self._note(self._name(event.detail, shifted=bool(event.state & xp.ModMask.Shift)))
                self._draw()
                self._connection.flush()
            elif isinstance(event, xp.ButtonPressEvent):
                self._note(f"button{event.detail}@{event.event_x},{event.event_y}")
            elif isinstance(event, xp.ClientMessageEvent) and event.data.data32[0] == self._delete:
                return

    def _note(self, text: str) -> None:
        with self._keys.open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")

    def _atom(self, name: str) -> int:
        return int(self._core.InternAtom(False, len(name), name).reply().atom)

    def _create(self, title: str, place: tuple[int, int]) -> int:
        window: int = self._connection.generate_id()
        self._core.CreateWindow(
            *(self._screen.root_depth, window, self._screen.root, *place, WIDTH, HEIGHT, 0),
            *(
                xp.WindowClass.InputOutput,
                self._screen.root_visual,
                xp.CW.EventMask,
                [xp.EventMask.KeyPress | xp.EventMask.ButtonPress],
            ),
        )
        text = title.encode()
        us_position, p_min_size, p_max_size = 1, 16, 32  # ICCCM 4.1.2.3
        hints = [us_position | p_min_size | p_max_size, *place, WIDTH, HEIGHT, WIDTH, HEIGHT, WIDTH, HEIGHT]
        for name, kind, size, data in (
            ("WM_NAME", "STRING", 8, text),
            ("_NET_WM_NAME", "UTF8_STRING", 8, text),
            ("WM_CLASS", "STRING", 8, b"pattern\0Pattern\0"),
            ("WM_PROTOCOLS", "ATOM", 32, struct.pack("=I", self._delete)),
            ("WM_NORMAL_HINTS", "WM_SIZE_HINTS", 32, struct.pack("=18I", *hints, *[0] * (18 - len(hints)))),
        ):
            self._core.ChangeProperty(
                *(xp.PropMode.Replace, window, self._atom(name), self._atom(kind), size, len(data) * 8 // size, data)
            )
        return window

    def _draw(self) -> None:
        """As the window's background: then the X server repaints it by itself."""
        pixmap = self._connection.generate_id()
        self._core.CreatePixmap(self._screen.root_depth, pixmap, self._window, WIDTH, HEIGHT)
        for row in range(ROWS):
            for column in range(COLUMNS):
                red, green, blue = colour(self._generation, column, row)
                self._core.ChangeGC(self._context, xp.GC.Foreground, [red << 16 | green << 8 | blue])
                rectangle = xp.RECTANGLE.synthetic(column * CELL, row * CELL, CELL, CELL)
                self._core.PolyFillRectangle(pixmap, self._context, 1, [rectangle])
        self._core.ChangeWindowAttributes(self._window, xp.CW.BackPixmap, [pixmap])
        self._core.ClearArea(False, self._window, 0, 0, 0, 0)
        self._core.FreePixmap(pixmap)

    def _name(self, code: int, *, shifted: bool) -> str:
        offset = (code - self._first_code) * self._per_code
        keysym = self._keysyms[offset + shifted] or self._keysyms[offset]
        return chr(keysym) if 0x20 < keysym < 0x7F else hex(keysym)


def main() -> int:
    parser = argparse.ArgumentParser(description="show a known pattern, write keys to a file")
    parser.add_argument("--title", default="pattern")
    parser.add_argument("--keys", type=Path, required=True)
    parser.add_argument("--place", type=int, nargs=2, default=(560, 60), metavar=("X", "Y"))
    options = parser.parse_args()
    PatternWindow(None, options.title, options.keys, tuple(options.place)).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
