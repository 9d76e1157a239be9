"""The clipboard, alike in both directions (session-packets.md 6.9)."""

# no `from __future__ import annotations`: the packet table reads the field types as objects

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeAlias

from limpet.packets.declared import declared
from limpet.packets.fields import U8, U64, Codec, load_buffer, load_list, load_map, load_text
from limpet.packets.registry import packets
from limpet.packets.schema import BOTH, Effect, Packet, form
from limpet.values import Buffer, Side

Contents: TypeAlias = Buffer | tuple[int | str, ...]

MAX_ITEMS = 65_536
"""Most integers or atom names in one clipboard value."""


def _load_contents(value: Any) -> Contents:
    if isinstance(value, (list, tuple)):
        if len(value) > MAX_ITEMS:
            raise ValueError("too many items")
        return tuple(x if type(x) is int and -(2**63) <= x < 2**64 else load_text(x) for x in value)
    return load_buffer(value)


ContentsField = Annotated[Contents, Codec(_load_contents)]


ARGUMENTS = "selection targets target dtype dformat wire_encoding data claim greedy synchronous"


def _unpack_data(args: Sequence[Any]) -> Mapping[str, Any]:
    options = load_map(args[1])
    values: dict[str, Any] = {"selection": args[0]}
    values |= {key: options[key] for key in ("targets", "claim", "greedy", "synchronous") if key in options}
    data = options.get("data")
    if isinstance(data, Mapping) and data:
        # the token carries one target's contents; a peer that sends several sent them in its order of preference
        target, contents = next(iter(data.items()))
        dtype, dformat, wire_encoding, content = load_list(contents)[:4]
        values |= {
            "target": target,
            "dtype": dtype,
            "dformat": dformat,
            "wire_encoding": wire_encoding,
            "data": content,
        }
    return values


@packets.add
@declared
class ClipboardToken(Packet):
    """Says: I own this selection now. A bare one holds only the selection.

    Towards a greedy peer `target` to `data` hold the contents already. `wire_encoding`: `bytes` (data is bytes),
    `integers` or `atoms` (data is a list); `dformat`: 8, 16 or 32 bits per item.
    """

    sender = BOTH
    effect = Effect.CLIPBOARD
    forms = (
        form(
            "clipboard-token",
            ARGUMENTS,
            trim=True,
            bulk="data",
        ),
        form("clipboard-data", ARGUMENTS, unpack=_unpack_data, receive=True),
    )

    selection: str
    targets: tuple[str, ...] = ()
    target: str = ""
    dtype: str = ""
    dformat: U8 = 8
    wire_encoding: str = ""
    data: ContentsField = b""
    claim: bool = True
    greedy: bool = False
    synchronous: bool = False


@packets.add
@declared
class ClipboardRequest(Packet):
    """Asks the owner for the contents as `target`; the answer has the same id, which is the asking side's counter."""

    sender = BOTH
    effect = Effect.CLIPBOARD
    forms = (form("clipboard-request", "request_id selection target"),)

    request_id: U64
    selection: str
    target: str


@packets.add
@declared
class ClipboardContents(Packet):
    """The answer to a `ClipboardRequest`; fields as in `ClipboardToken`."""

    sender = BOTH
    effect = Effect.CLIPBOARD
    forms = (
        form(
            "clipboard-contents",
            "request_id selection dtype dformat wire_encoding data truncated",
            bulk="data",
        ),
    )

    request_id: U64
    selection: str
    dtype: str
    dformat: U8
    wire_encoding: str
    data: ContentsField
    truncated: bool = False


@packets.add
@declared
class ClipboardContentsNone(Packet):
    """The other answer to a `ClipboardRequest`: there is nothing."""

    sender = BOTH
    effect = Effect.CLIPBOARD
    forms = (form("clipboard-contents-none", "request_id selection"),)

    request_id: U64
    selection: str = ""


@packets.add
@declared
class ClipboardPendingRequests(Packet):
    """How many requests of the sender wait for an answer."""

    sender = BOTH
    effect = Effect.CLIPBOARD
    forms = (form("clipboard-pending-requests", "count"),)

    count: U64


@packets.add
@declared
class ClipboardEnableSelections(Packet):
    """The selections that the client synchronises."""

    sender = Side.CLIENT
    effect = Effect.CLIPBOARD
    forms = (form("clipboard-enable-selections", "selections"),)

    selections: tuple[str, ...]


@packets.add
@declared
class SetClipboardEnabled(Packet):
    """The sender switched its clipboard on or off, with a reason for the user."""

    sender = BOTH
    effect = Effect.CLIPBOARD
    forms = (
        form("set-clipboard-enabled", "enabled reason"),
        form("clipboard-status", "enabled reason", receive=True),
    )

    enabled: bool
    reason: str = ""
