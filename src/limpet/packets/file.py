"""Files, URLs, printing (session-packets.md 6.13). Declared so that they decode; limpet announces none of it yet."""

# no `from __future__ import annotations`: the packet table reads the field types as objects

from dataclasses import field

from limpet.packets.declared import declared
from limpet.packets.fields import U8, U32, U64, Data, TextMap
from limpet.packets.registry import packets
from limpet.packets.schema import BOTH, Effect, Packet, form
from limpet.values import Side


@packets.add
@declared
class SendFile(Packet):
    """A file, whole or (empty `data`, `file-chunk-id` in `options`) the start of one in chunks.

    `name` may hold a path: take its last part only. `size` in bytes; refuse more than announced. `options` may hold a
    digest: sha256 from 6.x, sha1 from 3.1.3.
    """

    sender = BOTH
    effect = Effect.FILE
    forms = (
        form("send-file", "name mimetype print open size data options send_id", bulk="data"),
        form("file-send", "name mimetype print open size data options send_id", receive=True),
    )

    name: str
    mimetype: str
    print: bool
    open: bool
    size: U64
    data: Data
    options: TextMap = field(default_factory=dict)
    send_id: str = ""


@packets.add
@declared
class AckFileChunk(Packet):
    """The receiver took a chunk; the next one goes out only after a positive one."""

    sender = BOTH
    effect = Effect.FILE
    forms = (
        form("ack-file-chunk", "chunk_id ok message chunk"),
        form("file-ack-chunk", "chunk_id ok message chunk", receive=True),
    )

    chunk_id: str
    ok: bool
    message: str = ""
    chunk: U64 = 0


@packets.add
@declared
class SendFileChunk(Packet):
    """A part of a file."""

    sender = BOTH
    effect = Effect.FILE
    forms = (
        form("send-file-chunk", "chunk_id chunk data has_more", bulk="data"),
        form("file-send-chunk", "chunk_id chunk data has_more", receive=True),
    )

    chunk_id: str
    chunk: U64
    data: Data
    has_more: bool = False


@packets.add
@declared
class SendDataRequest(Packet):
    """May I send you this `file` or `url`? Sent first to a peer with an `-ask` capability."""

    sender = BOTH
    effect = Effect.FILE
    forms = (
        form("send-data-request", "datatype send_id url mimetype size print open options"),
        form("file-data-request", "datatype send_id url mimetype size print open options", receive=True),
    )

    datatype: str
    send_id: str
    url: str
    mimetype: str = ""
    size: U64 = 0
    print: bool = False
    open: bool = False
    options: TextMap = field(default_factory=dict)


@packets.add
@declared
class SendDataResponse(Packet):
    """The answer to `SendDataRequest`: `accept` 0 no, 1 yes, 2 open it at the sender's side."""

    sender = BOTH
    effect = Effect.FILE
    forms = (
        form("send-data-response", "send_id accept"),
        form("file-data-response", "send_id accept", receive=True),
    )

    send_id: str
    accept: U8


@packets.add
@declared
class RequestFile(Packet):
    """Asks for a file of the server by name."""

    sender = Side.CLIENT
    effect = Effect.FILE
    forms = (
        form("request-file", "name open send_id", trim=True),
        form("file-request", "name open send_id", receive=True),
    )

    name: str
    open: bool = False
    send_id: str = ""


@packets.add
@declared
class OpenUrl(Packet):
    """Asks the other side to open a URL."""

    sender = BOTH
    effect = Effect.FILE
    forms = (form("open-url", "url send_id", trim=True), form("file-open-url", "url send_id", receive=True))

    url: str
    send_id: str = ""


@packets.add
@declared
class Printers(Packet):
    """The client's printers: name to attributes."""

    sender = Side.CLIENT
    effect = Effect.FILE
    forms = (form("printers", "printers"), form("printer-devices", "printers", receive=True))

    printers: TextMap


@packets.add
@declared
class PrintFile(Packet):
    """A file to be printed at the other clients."""

    sender = Side.CLIENT
    effect = Effect.FILE
    forms = tuple(
        form(
            name,
            "name data mimetype source_uuid title printer copies options",
            bulk="data",
            receive=name != "print",
        )
        for name in ("print", "print-file", "printer-file")
    )

    name: str
    data: Data
    mimetype: str = ""
    source_uuid: str = ""
    title: str = ""
    printer: str = ""
    copies: U32 = 1
    options: TextMap = field(default_factory=dict)
