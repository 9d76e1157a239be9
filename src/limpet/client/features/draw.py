"""Pictures: decoded, painted, and each acknowledged exactly once (docs/protocol: draw and acknowledgement)."""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterable

from limpet.client.decoding import Decoded
from limpet.client.features.base import FeatureContext, Handler, PlainFeature, on_event, on_packet
from limpet.client.messages import Paint, PaintDone, PaintResult, Scroll, ScrollCopy
from limpet.packets.draw import Draw, EndOfStream
from limpet.packets.window_client import DrawAck
from limpet.picture.decode import Encoded
from limpet.values import Rect, Size, WindowId

log = logging.getLogger("limpet.client.draw")

DECODE_ERROR = -1
NO_WINDOW = -2
MAX_WAITING_BYTES = 32 * 1024 * 1024
MAX_WAITING = 256
MAX_MESSAGE = 200
_COPY = 6
"""numbers of one scroll copy"""


class DrawFeature(PlainFeature):
    """Reading pauses while too much waits to be decoded; the server's own brake is the acknowledgements."""

    def __init__(self, context: FeatureContext) -> None:
        super().__init__(context)
        self._decoder = context.decoder
        self._over = False

    def handlers(self) -> Iterable[Handler]:
        return (
            on_packet(Draw, self._draw),
            on_packet(EndOfStream, lambda _: None),  # of video, which is not announced
            on_event(PaintDone, self._painted),
        )

    def stop(self) -> None:
        """What is still being decoded is for windows that stay, and is painted; nobody waits for its answer."""
        self._over = True

    def _draw(self, packet: Draw) -> None:
        if self.context.windows.get(packet.window_id) is None:
            self._answer(packet, NO_WINDOW)
        elif packet.encoding == "scroll":
            self._scroll(packet)
        elif not isinstance(packet.data, (bytes, bytearray, memoryview)):
            self._answer(packet, DECODE_ERROR, f"{packet.encoding} without data")
        else:
            picture = Encoded(
                encoding=packet.encoding,
                data=packet.data,
                width=packet.width,
                height=packet.height,
                rowstride=packet.rowstride,
                rgb_format=packet.options.rgb_format,
                compressor=packet.options.compressor,
            )
            self._decoder.submit(packet.window_id, picture, functools.partial(self._decoded, packet))
            if self._decoder.waiting > MAX_WAITING or self._decoder.waiting_bytes > MAX_WAITING_BYTES:
                self.context.pause("decoding")

    def _scroll(self, packet: Draw) -> None:
        data = packet.data if isinstance(packet.data, tuple) else ()
        rows = packet.options.scroll or data
        if any(len(row) != _COPY for row in rows):
            self._answer(packet, DECODE_ERROR, "a scroll copy needs six numbers")
            return
        copies = tuple(ScrollCopy(Rect(x, y, w, h), dx, dy) for x, y, w, h, dx, dy in rows)
        command = Scroll(
            window_id=packet.window_id,
            size=Size(packet.width, packet.height),
            copies=copies,
            sequence=packet.sequence,
            flush=packet.options.flush,
            token=self.context.generation,
        )
        self._decoder.pass_through(packet.window_id, functools.partial(self.context.post, command))

    def _decoded(self, packet: Draw, result: Decoded) -> None:
        self._relieve()
        if result.pixels is None:
            log.warning("window %i: a %s picture is lost: %s", packet.window_id, packet.encoding, result.problem)
            self._answer(packet, DECODE_ERROR, result.problem)
        elif not packet.options.paint:
            self._answer(packet, result.elapsed_us)
        else:
            self.context.post(
                Paint(
                    window_id=packet.window_id,
                    rect=Rect(packet.x, packet.y, packet.width, packet.height),
                    pixels=result.pixels,
                    sequence=packet.sequence,
                    flush=packet.options.flush,
                    decode_us=result.elapsed_us,
                    token=self.context.generation,
                )
            )

    def _relieve(self) -> None:
        if self._decoder.waiting <= MAX_WAITING // 2 and self._decoder.waiting_bytes <= MAX_WAITING_BYTES // 2:
            self.context.resume("decoding")

    def _painted(self, event: PaintDone) -> None:
        if event.token != self.context.generation:
            return
        elapsed = max(1, event.elapsed_us)
        code = {PaintResult.NO_WINDOW: NO_WINDOW, PaintResult.FAILED: DECODE_ERROR}.get(event.result, elapsed)
        self._acknowledge(event.window_id, event.size, event.sequence, code, event.message)

    def _answer(self, packet: Draw, code: int, message: str = "") -> None:
        self._acknowledge(packet.window_id, Size(packet.width, packet.height), packet.sequence, code, message)

    def _acknowledge(self, window_id: WindowId, size: Size, sequence: int, code: int, message: str) -> None:
        if not self._over:
            self.context.send(
                DrawAck(
                    sequence=sequence,
                    window_id=window_id,
                    width=size.width,
                    height=size.height,
                    decode_us=min(code, 2**31 - 1),
                    message=message[:MAX_MESSAGE],
                )
            )
