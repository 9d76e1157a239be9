"""Declaring packets: one class per meaning, one `Form` per spelling on the wire.

A packet class states its fields with their types, who may send it, in which phase, what it does (`Effect`) and its
forms. Everything else - decoding, range checks, defaults of missing trailing arguments, encoding in the form a peer
understands, the permission check of the server, the tests - follows from that declaration.

Modules that declare packets do not use `from __future__ import annotations`: the field types are read as objects.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, TypeAlias, TypeVar

from limpet.errors import PacketError
from limpet.packets.declared import Declared
from limpet.packets.dialect import Dialect
from limpet.packets.fields import Codec, codec_of
from limpet.records import dataclass
from limpet.values import Side, Wire

BULK_MIN_BYTES = 1024
"""From this size on an argument declared as bulk travels as a raw chunk; below, a second record costs more."""

MAX_ERROR_TEXT = 160
"""Longest text of a conversion error that gets into a PacketError."""

BOTH = (Side.CLIENT, Side.SERVER)


class Phase(enum.Flag):
    """Parts of a conversation; before the hello is accepted only packets of HELLO exist (hello.md 3.1)."""

    HELLO = enum.auto()
    SESSION = enum.auto()
    ANY = HELLO | SESSION


class Effect(enum.Enum):
    """What a client's packet does; the server's permission check reads nothing else."""

    NONE = "none"
    """keeps the conversation going: hello, ping, acknowledgements"""
    VIEW = "view"
    """changes what is sent to this client: refresh, encodings, quality"""
    INPUT = "input"
    """pointer and keyboard"""
    WINDOW = "window"
    """moves, maps, closes or focuses windows, changes the screen"""
    CLIPBOARD = "clipboard"
    FILE = "file"
    START = "start"
    """starts a program"""
    STOP = "stop"
    """ends the session or its server"""
    CONTROL = "control"
    """changes the server for everybody, signals programs"""
    INFO = "info"
    """reads the server's state"""


Unpack: TypeAlias = Callable[[Sequence[Wire]], Mapping[str, Any]]
Pack: TypeAlias = Callable[[Any, Dialect], Sequence[Wire]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One spelling of a packet on the wire.

    `name`      packet type
    `fields`    field names in wire order, trailing ones with a default may be missing on the wire; for an irregular
                layout: the fields it carries
    `needs`     we send this form only to a peer that lists this name in `packet-types`
    `receive`   understood, never sent
    `implies`   values that the name itself stands for; the form is sent only for packets with these values
    `unpack`    for irregular layouts: wire arguments -> field values as on the wire (may raise ValueError, TypeError,
                LookupError)
    `pack`      the reverse: packet -> wire arguments
    `trim`      trailing arguments that equal their defaults are left out
    `bulk`      name of the field that holds big, already compressed bytes
    """

    name: str
    fields: tuple[str, ...] = ()
    needs: str = ""
    receive: bool = False
    implies: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    unpack: Unpack | None = None
    pack: Pack | None = None
    trim: bool = False
    bulk: str = ""


def form(name: str, fields: str = "", **options: Any) -> Form:
    """A `Form` with its field names in one text, separated by blanks."""
    return Form(name=name, fields=tuple(fields.split()), **options)


class Packet(Declared):
    """Base of all packets."""

    __slots__ = ()

    sender: ClassVar[Side | tuple[Side, ...]]
    forms: ClassVar[tuple[Form, ...]]
    phase: ClassVar[Phase] = Phase.SESSION
    effect: ClassVar[Effect]

    @classmethod
    def senders(cls) -> tuple[Side, ...]:
        return cls.sender if isinstance(cls.sender, tuple) else (cls.sender,)


P = TypeVar("P", bound=type[Packet])
Setter: TypeAlias = Callable[[Any, Any], None]
new = object.__new__


class _Slot(NamedTuple):
    """One field of a packet class, prepared for quick decoding."""

    name: str
    codec: Codec
    set: Setter
    required: bool
    default: Callable[[], Any]


def _constant(value: Any) -> Callable[[], Any]:
    return lambda: value


def _said(exc: Exception) -> str:
    """The text of an error, bounded: it may quote what the peer sent."""
    return str(exc)[:MAX_ERROR_TEXT]


class FormCodec:
    """Reads and writes one form of one packet class; made once, at registration."""

    __slots__ = ("_by_name", "_dumps", "_loads", "_required", "_tails", "cls", "form")

    def __init__(self, cls: type[Packet], slots: Mapping[str, _Slot], form: Form) -> None:
        self.cls = cls
        self.form = form
        self._by_name = slots
        order = [slots[name] for name in form.fields]
        self._loads = tuple((slot.codec.load, slot.set) for slot in order)
        self._required = max((i + 1 for i, slot in enumerate(order) if slot.required), default=0)
        # _tails[n]: the fields to fill in by themselves when n arguments came
        self._tails = tuple(self._tail(form.fields[:count]) for count in range(len(order) + 1))
        self._dumps = tuple((slot.name, slot.codec.dump) for slot in order)

    def _tail(self, given: Sequence[str]) -> tuple[tuple[Setter, Callable[[], Any]], ...]:
        tail: list[tuple[Setter, Callable[[], Any]]] = []
        for name, slot in self._by_name.items():
            if name in self.form.implies:
                tail.append((slot.set, _constant(self.form.implies[name])))
            elif name not in given and not slot.required:
                tail.append((slot.set, slot.default))
        return tuple(tail)

    def decode(self, items: Sequence[Wire]) -> Packet:
        """The packet in `items` (name first); PacketError where an argument is missing or has the wrong shape."""
        if self.form.unpack is not None:
            return self._decode_irregular(items)
        count = len(items) - 1
        if count < self._required:
            missing = " ".join(self.form.fields[count : self._required])
            raise PacketError(f"{self.form.name}: missing {missing}")
        packet = new(self.cls)
        index = 1
        try:
            for load, put in self._loads[:count]:
                put(packet, load(items[index]))
                index += 1
        except (ValueError, TypeError, LookupError, OverflowError) as exc:
            raise PacketError(f"{self.form.name}: {self.form.fields[index - 1]}: {_said(exc)}") from None
        for put, default in self._tails[min(count, len(self._loads))]:
            put(packet, default())
        return packet

    def _decode_irregular(self, items: Sequence[Wire]) -> Packet:
        assert self.form.unpack is not None
        field = "layout"
        packet = new(self.cls)
        try:
            values = self.form.unpack(items[1:])
            for field, slot in self._by_name.items():
                if field in values:
                    slot.set(packet, slot.codec.load(values[field]))
                elif field in self.form.implies:
                    slot.set(packet, self.form.implies[field])
                elif slot.required:
                    raise ValueError("missing")
                else:
                    slot.set(packet, slot.default())
        except (ValueError, TypeError, LookupError, OverflowError) as exc:
            raise PacketError(f"{self.form.name}: {field}: {_said(exc)}") from None
        return packet

    def encode(self, packet: Packet, dialect: Dialect) -> tuple[list[Wire], int | None]:
        """Wire items of `packet` and the index of its bulk argument, None where it has none worth a raw chunk."""
        form = self.form
        items: list[Wire] = [form.name]
        if form.pack is not None:
            items.extend(form.pack(packet, dialect))
        else:
            for name, dump in self._dumps:
                value = getattr(packet, name)
                items.append(value if dump is None else dump(value, dialect))
        if form.trim:
            self._trim(items)
        if form.bulk:
            index = form.fields.index(form.bulk) + 1
            value = items[index] if index < len(items) else None
            if isinstance(value, (bytes, bytearray, memoryview)) and len(value) >= BULK_MIN_BYTES:
                return items, index
        return items, None

    def _trim(self, items: list[Wire]) -> None:
        for name in reversed(self.form.fields):
            slot = self._by_name[name]
            if slot.required or items[-1] != slot.default():
                return
            del items[-1]

    def fits(self, packet: Packet, dialect: Dialect) -> bool:
        """Whether this form may carry `packet` to a peer of `dialect`."""
        form = self.form
        if form.receive or (form.needs and form.needs not in dialect.packet_types):
            return False
        return all(getattr(packet, name) == value for name, value in form.implies.items())


def _slots_of(cls: type[Packet]) -> dict[str, _Slot]:
    types = {field.name: field.type for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    return {
        name: _Slot(name, codec_of(types[name]), put, default is None, default or _constant(None))
        for name, put, default, _ in cls.SLOTS
    }


class Registry:
    """All packets, found by sender and name.

    `load_all` is called when a name is not known yet: it imports the remaining subjects.
    """

    def __init__(self, load_all: Callable[[], None] = lambda: None) -> None:
        self._by_name: dict[Side, dict[str | bytes, FormCodec]] = {Side.CLIENT: {}, Side.SERVER: {}}
        self._by_class: dict[type[Packet], tuple[FormCodec, ...]] = {}
        self._load_all = load_all
        self._loaded = False

    def add(self, cls: P) -> P:
        """Class decorator: registers a `declared` class. TypeError where its declaration is incomplete."""
        if "SLOTS" not in cls.__dict__:
            raise TypeError(f"{cls.__name__} must be made by @declared")
        for name in ("sender", "forms"):
            if not cls.__dict__.get(name):
                raise TypeError(f"{cls.__name__} declares no {name}")
        if Side.CLIENT in cls.senders() and not isinstance(cls.__dict__.get("effect"), Effect):
            raise TypeError(f"{cls.__name__} may come from a client and declares no effect")
        slots = _slots_of(cls)
        codecs = []
        for form in cls.forms:
            if unknown := (set(form.fields) | set(form.implies)) - set(slots):
                raise TypeError(f"{cls.__name__}: form {form.name} names unknown fields {sorted(unknown)}")
            bare = {slot.name for slot in slots.values() if slot.required} - set(form.fields) - set(form.implies)
            if bare and form.unpack is None:
                raise TypeError(f"{cls.__name__}: form {form.name} leaves out required fields {sorted(bare)}")
            if (form.unpack is None) != (form.pack is None) and not form.receive:
                raise TypeError(f"{cls.__name__}: form {form.name} has only one of unpack and pack")
            codec = FormCodec(cls, slots, form)
            codecs.append(codec)
            self._add_name(cls, codec)
        self._by_class[cls] = tuple(codecs)
        return cls

    def _add_name(self, cls: type[Packet], codec: FormCodec) -> None:
        name = codec.form.name
        for side in cls.senders():
            table = self._by_name[side]
            if name in table:
                raise TypeError(f"{name} from the {side.value} is already registered by {table[name].cls.__name__}")
            # 3.1.3 sends names as bytes; found without decoding them
            table[name] = table[name.encode("ascii")] = codec

    def load_all(self) -> None:
        """Import every subject, so that no later call does."""
        if not self._loaded:
            self._loaded = True
            self._load_all()

    def classes(self) -> tuple[type[Packet], ...]:
        """Every packet class."""
        self.load_all()
        return tuple(self._by_class)

    def forms(self) -> list[tuple[Side, FormCodec]]:
        """Every form with each side that may send it."""
        self.load_all()
        return [
            (side, codec) for side, table in self._by_name.items() for name, codec in table.items() if type(name) is str
        ]

    def decode(
        self, sender: Side, phase: Phase, items: Sequence[Wire], aliases: Mapping[int, str] | None = None
    ) -> Packet | None:
        """The typed packet in `items`, None where this sender has no packet of that name.

        `aliases` maps the integers that we announced to names (encoding.md 2.7); we announce none, so an integer
        type is an error. Raises PacketError for a packet of the wrong shape or outside its phase.
        """
        if not items:
            raise PacketError("empty packet")
        name = items[0]
        if type(name) is int:
            if aliases is None or name not in aliases:
                raise PacketError(f"unknown alias {name}" if -(2**63) <= name < 2**63 else "unknown alias")
            name = aliases[name]
        elif type(name) is not str and type(name) is not bytes:
            raise PacketError("the packet type is not text")
        codec = self._by_name[sender].get(name)
        if codec is None:
            if self._loaded:
                return None
            self.load_all()
            codec = self._by_name[sender].get(name)
            if codec is None:
                return None
        if phase not in codec.cls.phase:
            raise PacketError(f"{codec.form.name} is not allowed {'before' if phase is Phase.HELLO else 'after'} login")
        return codec.decode(items)

    def encode(self, packet: Packet, dialect: Dialect) -> tuple[list[Wire], int | None]:
        """Wire items for a peer of `dialect`, and the index of the argument that goes as a raw chunk, if any.

        The first form that the peer lists, else the first that everybody understands (session-packets.md 6.1).
        """
        for codec in self._by_class[type(packet)]:
            if codec.fits(packet, dialect):
                return codec.encode(packet, dialect)
        raise TypeError(f"no form of {type(packet).__name__} can be sent")
