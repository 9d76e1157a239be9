"""What the registry refuses to register, and how forms are chosen, decoded and trimmed."""

# no `from __future__ import annotations`: the packet table reads the field types as objects

from dataclasses import dataclass, field
from typing import Any

import pytest

from limpet.errors import PacketError
from limpet.packets.declared import declared
from limpet.packets.dialect import NESTED_65, Dialect
from limpet.packets.fields import Data, TextMap
from limpet.packets.schema import BOTH, BULK_MIN_BYTES, Effect, Packet, Phase, Registry, form
from limpet.values import Side


@declared
class Sample(Packet):
    """A packet with everything."""

    sender = BOTH
    effect = Effect.NONE
    forms = (
        form("sample-new", "count name", needs="sample-new"),
        form("sample-red", "name data options count", implies={"red": True}, trim=True, bulk="data"),
        form("sample", "name data options count", bulk="data"),
        form("sample-old", "name", receive=True),
    )

    name: str
    data: Data = b""
    options: TextMap = field(default_factory=dict)
    count: int = 0
    red: bool = False


@pytest.fixture
def registry() -> Registry:
    found = Registry()
    found.add(Sample)
    return found


def make(name: str = "bad", **attributes: Any) -> type[Packet]:
    """A packet class with the given declaration."""
    body: dict[str, Any] = {"sender": Side.SERVER, "forms": (form(name, "value"),), "__annotations__": {"value": int}}
    body |= attributes
    return declared(type("Bad", (Packet,), body))


def test_a_class_that_is_not_declared_is_refused(registry: Registry) -> None:
    class Plain(Packet):
        pass

    @dataclass(frozen=True, slots=True)
    class Loose(Packet):
        value: int

    for cls in (Plain, Loose):
        with pytest.raises(TypeError, match="made by @declared"):
            registry.add(cls)


def test_an_incomplete_declaration_is_refused(registry: Registry) -> None:
    with pytest.raises(TypeError, match="declares no forms"):
        registry.add(make(forms=()))
    with pytest.raises(TypeError, match="declares no sender"):
        registry.add(make(sender=None))
    with pytest.raises(TypeError, match="names unknown fields"):
        registry.add(make(forms=(form("bad", "value other"),)))
    with pytest.raises(TypeError, match="leaves out required fields"):
        registry.add(make(forms=(form("bad"),)))
    with pytest.raises(TypeError, match="only one of unpack and pack"):
        registry.add(make(forms=(form("bad", "value", unpack=lambda args: {"value": args[0]}),)))
    with pytest.raises(TypeError, match="already registered by Sample"):
        registry.add(make("sample"))
    with pytest.raises(TypeError, match="no wire conversion"):
        registry.add(make(__annotations__={"value": "int"}))


def test_a_client_packet_without_an_effect_is_refused(registry: Registry) -> None:
    with pytest.raises(TypeError, match="declares no effect"):
        registry.add(make(sender=Side.CLIENT))
    with pytest.raises(TypeError, match="declares no effect"):
        registry.add(make(sender=BOTH, effect=None))
    registry.add(make())


def test_the_same_name_may_mean_different_packets_from_either_side(registry: Registry) -> None:
    client = registry.add(make("twin", sender=Side.CLIENT, effect=Effect.NONE))
    server = registry.add(make("twin"))
    assert type(registry.decode(Side.CLIENT, Phase.SESSION, ["twin", 1])) is client
    assert type(registry.decode(Side.SERVER, Phase.SESSION, ["twin", 1])) is server


def test_missing_trailing_arguments_take_their_defaults(registry: Registry) -> None:
    assert registry.decode(Side.CLIENT, Phase.SESSION, ["sample", b"a"]) == Sample(name="a")
    assert registry.decode(Side.CLIENT, Phase.SESSION, ["sample", "a", "b", {}, 3]) == Sample(
        name="a", data=b"b", count=3
    )


def test_default_dicts_are_not_shared(registry: Registry) -> None:
    first = registry.decode(Side.CLIENT, Phase.SESSION, ["sample", "a"])
    second = registry.decode(Side.CLIENT, Phase.SESSION, ["sample", "a"])
    assert isinstance(first, Sample)
    assert isinstance(second, Sample)
    assert first.options is not second.options


def test_a_missing_required_argument_is_named(registry: Registry) -> None:
    with pytest.raises(PacketError, match="sample: missing name"):
        registry.decode(Side.CLIENT, Phase.SESSION, ["sample"])


def test_the_wrong_argument_is_named(registry: Registry) -> None:
    with pytest.raises(PacketError, match="sample: count: expected an integer"):
        registry.decode(Side.CLIENT, Phase.SESSION, ["sample", "a", b"", {}, "x"])


def test_a_name_may_stand_for_a_value(registry: Registry) -> None:
    assert registry.decode(Side.SERVER, Phase.SESSION, ["sample-red", "a"]) == Sample(name="a", red=True)
    assert registry.encode(Sample(name="a", red=True), NESTED_65)[0] == ["sample-red", "a"]


def test_the_new_form_goes_only_to_peers_that_list_it(registry: Registry) -> None:
    lists = Dialect(nested=True, serializer="rencodeplus", version=(6, 5), packet_types=frozenset({"sample-new"}))
    assert registry.encode(Sample(name="a", count=3), lists)[0] == ["sample-new", 3, "a"]
    assert registry.encode(Sample(name="a", count=3), NESTED_65)[0] == ["sample", "a", b"", {}, 3]


def test_trailing_defaults_are_left_out_where_the_form_says_so(registry: Registry) -> None:
    packet = Sample(name="a", data=b"x", red=True)
    assert registry.encode(packet, NESTED_65)[0] == ["sample-red", "a", b"x"]
    packet = Sample(name="a", count=1, red=True)
    assert registry.encode(packet, NESTED_65)[0] == ["sample-red", "a", b"", {}, 1]


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_big_data_is_named_for_a_raw_chunk_and_not_copied(registry: Registry, kind: Any) -> None:
    """framing.md 1.4."""
    big = kind(bytes(BULK_MIN_BYTES))
    items, bulk = registry.encode(Sample(name="a", data=big), NESTED_65)
    assert bulk == 2
    assert items[2] is big
    items, bulk = registry.encode(Sample(name="a", data=kind(bytes(BULK_MIN_BYTES - 1))), NESTED_65)
    assert bulk is None


def test_trimmed_bulk_data_needs_no_chunk(registry: Registry) -> None:
    assert registry.encode(Sample(name="a", red=True), NESTED_65) == (["sample-red", "a"], None)


def test_a_packet_that_is_only_received_cannot_be_sent(registry: Registry) -> None:
    cls = registry.add(make("deaf", forms=(form("deaf", "value", receive=True),)))
    with pytest.raises(TypeError, match="no form of Bad can be sent"):
        registry.encode(cls(value=1), NESTED_65)


def test_subjects_are_loaded_once_when_a_name_is_unknown() -> None:
    calls = []

    def load() -> None:
        calls.append(1)
        late.add(Sample)

    late = Registry(load)
    assert late.decode(Side.CLIENT, Phase.SESSION, ["sample", "a"]) == Sample(name="a")
    assert late.decode(Side.CLIENT, Phase.SESSION, ["nothing"]) is None
    assert late.classes() == (Sample,)
    assert calls == [1]
    empty = Registry(lambda: None)
    assert empty.decode(Side.CLIENT, Phase.SESSION, ["nothing"]) is None


def test_irregular_forms_name_what_is_wrong(registry: Registry) -> None:
    cls = registry.add(
        make(
            "odd",
            forms=(
                form("odd", "value", unpack=lambda args: {"value": args[0]}, pack=lambda p, _: (p.value,)),
                form("odd-none", "value", unpack=lambda args: {}, receive=True),
                form("odd-one", unpack=lambda args: {}, receive=True, implies={"value": 1}),
            ),
        )
    )
    assert registry.decode(Side.SERVER, Phase.SESSION, ["odd", 5]) == cls(value=5)
    assert registry.decode(Side.SERVER, Phase.SESSION, ["odd-one"]) == cls(value=1)
    assert registry.encode(cls(value=5), NESTED_65) == (["odd", 5], None)
    for items, text in ((["odd"], "odd: layout"), (["odd", "x"], "odd: value"), (["odd-none"], "value: missing")):
        with pytest.raises(PacketError, match=text):
            registry.decode(Side.SERVER, Phase.SESSION, items)


def test_what_a_peer_sent_is_quoted_in_bounds(registry: Registry) -> None:
    registry.add(
        make("long", forms=(form("long", "value", unpack=lambda args: {"value": int(args[0])}, receive=True),))
    )
    with pytest.raises(PacketError) as caught:
        registry.decode(Side.SERVER, Phase.SESSION, ["long", "x" * 10_000])
    assert len(caught.value.detail) < 250


def test_packets_are_frozen_and_know_their_senders() -> None:
    packet = Sample(name="a")
    with pytest.raises(AttributeError):
        packet.name = "b"  # type: ignore[misc]
    assert Sample.senders() == BOTH
    assert make().senders() == (Side.SERVER,)
