"""Runs the Qt user interface in a process of its own: commands come in and events go out through one descriptor.

Usage: python -m tests.client.ui.host DESCRIPTOR
"""

from __future__ import annotations

import sys
import threading
from multiprocessing.connection import Connection

from limpet.client.messages import Exited, PasswordEntered, RoomAvailable
from limpet.client.ui.base import EventQueue
from limpet.client.ui.qt import QtUi


def main() -> int:
    sys.setswitchinterval(0.0005)
    pipe = Connection(int(sys.argv[1]))
    woken = threading.Semaphore(0)
    events = EventQueue(woken.release)
    ui = QtUi(events)

    room = threading.Event()

    def send() -> None:
        while True:
            woken.acquire()
            for event in events.drain():
                if isinstance(event, PasswordEntered):  # a Secret cannot be pickled: on purpose
                    pipe.send((event.token, event.password.reveal() if event.password is not None else None))
                elif isinstance(event, RoomAvailable):
                    room.set()
                else:
                    pipe.send(event)
                if isinstance(event, Exited):
                    return

    def receive() -> None:
        while True:
            try:
                command = pipe.recv()
            except EOFError:
                return
            while not ui.post(command):
                room.wait()
                room.clear()

    sender = threading.Thread(target=send)
    sender.start()
    threading.Thread(target=receive, daemon=True).start()
    code = ui.run()
    sender.join()
    return code


if __name__ == "__main__":
    sys.exit(main())
