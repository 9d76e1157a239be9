"""A window whose pixels are random and new each time, drawn through shared memory. Started in the session measured.

It stops itself (SIGSTOP) once its first picture is there; who measures lets it go on and stops it again.
"""

from __future__ import annotations

import argparse
import os
import signal
import struct
import time
from pathlib import Path

import sysv_ipc
import xcffib
import xcffib.shm
import xcffib.xproto as xp

WIDTH, HEIGHT = 1280, 720
FRAME = WIDTH * HEIGHT * 4
FRAMES = 4
PER_SECOND = 200
TITLE = "limpet-bench-noise"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pid-file", type=Path, required=True)
    pid_file: Path = parser.parse_args().pid_file
    connection = xcffib.connect()
    core = connection.core
    setup = connection.get_setup()
    screen = setup.roots[connection.pref_screen]
    window = connection.generate_id()
    core.CreateWindow(
        *(screen.root_depth, window, screen.root, 0, 0, WIDTH, HEIGHT, 0),
        *(xp.WindowClass.InputOutput, screen.root_visual, 0, []),
    )
    core.ChangeProperty(xp.PropMode.Replace, window, xp.Atom.WM_NAME, xp.Atom.STRING, 8, len(TITLE), TITLE.encode())
    hints = [1 | 4, 0, 0, WIDTH, HEIGHT, *[0] * 13]
    packed = struct.pack("=18I", *hints)
    core.ChangeProperty(
        xp.PropMode.Replace, window, xp.Atom.WM_NORMAL_HINTS, xp.Atom.WM_SIZE_HINTS, 32, len(hints), packed
    )
    graphics = connection.generate_id()
    core.CreateGC(graphics, window, 0, [])
    shared = connection(xcffib.shm.key)
    memory = sysv_ipc.SharedMemory(None, sysv_ipc.IPC_CREX, mode=0o600, size=FRAME * FRAMES)
    segment = connection.generate_id()
    shared.Attach(segment, memory.id, False)
    core.MapWindow(window)
    core.GetInputFocus().reply()
    memory.remove()
    memory.write(os.urandom(FRAME * FRAMES))

    def draw(number: int) -> None:
        shared.PutImage(
            *(window, graphics, WIDTH, HEIGHT * FRAMES, 0, HEIGHT * (number % FRAMES), WIDTH, HEIGHT, 0, 0),
            *(screen.root_depth, xp.ImageFormat.ZPixmap, False, segment, 0),
        )
        core.GetInputFocus().reply()  # not before the X server has done it

    draw(0)
    pid_file.write_text(str(os.getpid()))
    os.kill(os.getpid(), signal.SIGSTOP)
    number, due = 0, time.monotonic()
    while True:
        number += 1
        draw(number)
        due = max(due + 1 / PER_SECOND, time.monotonic())
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
