"""A client and a server session joined in memory: no loop, no sleep, a clock that is a number."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from limpet.session.client import ClientSession
from limpet.session.events import Event, KeysNeeded
from limpet.session.server import ServerSession
from limpet.values import Secret
from limpet.wire.cipher import derive_key


def counting_entropy(seed: int = 0) -> Callable[[int], bytes]:
    """Different bytes on each call, the same in each run."""
    counter = itertools.count(seed)

    def entropy(size: int) -> bytes:
        start = next(counter) * 37
        return bytes((start + index * 11) % 256 for index in range(size))

    return entropy


class Pair:
    """Carries bytes both ways until both are quiet; answers key requests with the keys given."""

    def __init__(self, client: ClientSession, server: ServerSession, *, step: int = 1 << 30) -> None:
        self.client = client
        self.server = server
        self.step = step
        self.now = 0.0
        self.client_key = Secret(b"the key of both")
        self.server_key = Secret(b"the key of both")
        self.client_events: list[Event] = []
        self.server_events: list[Event] = []
        self.to_server = bytearray()
        self.to_client = bytearray()
        self.on_server: Callable[[Event], None] = self.server_events.append
        self.on_client: Callable[[Event], None] = self.client_events.append

    def run(self) -> None:
        busy = True
        while busy:
            busy = self._side(self.client, self.client_key, self.on_client, self.to_server)
            busy = self._side(self.server, self.server_key, self.on_server, self.to_client) or busy
            busy = self._carry() or busy

    def _side(
        self,
        session: ClientSession | ServerSession,
        key: Secret,
        on_event: Callable[[Event], None],
        out: bytearray,
    ) -> bool:
        busy = False
        while (event := session.next_event()) is not None:
            busy = True
            if isinstance(event, KeysNeeded):
                keys = tuple(
                    derive_key(
                        key,
                        salt=request.salt,
                        iterations=request.iterations,
                        key_hash=request.key_hash,
                        key_size=request.key_size,
                    )
                    for request in event.requests
                )
                session.keys_derived(event.token, keys, self.now)
            else:
                on_event(event)
        for part in session.data_to_send():
            busy = True
            out += part
        return busy

    def _carry(self) -> bool:
        busy = bool(self.to_server or self.to_client)
        server_bytes, client_bytes = bytes(self.to_server), bytes(self.to_client)
        self.to_server.clear()
        self.to_client.clear()
        for start in range(0, len(server_bytes), self.step):
            self.server.receive_data(server_bytes[start : start + self.step], self.now)
        for start in range(0, len(client_bytes), self.step):
            self.client.receive_data(client_bytes[start : start + self.step], self.now)
        return busy
