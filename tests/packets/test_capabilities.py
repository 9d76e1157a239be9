from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limpet.errors import PacketError
from limpet.packets.capabilities import ClientHello, EncryptionCaps, ServerHello
from limpet.packets.capfields import Spelling
from limpet.packets.capgroups import EncodingCaps, NetworkCaps, WindowCaps
from limpet.packets.dialect import FLAT_313, NESTED_65, check_version, dialect_of
from limpet.packets.requests import COMMAND_CLIENT
from limpet.values import Size
from tests.packets.support import HTML5, strategy_of, through, vector

AES = EncryptionCaps(cipher="AES", iv=b"0123456789abcdef", key_salt=b"s" * 64, key_stretch_iterations=1000)


def encryption_strategy() -> st.SearchStrategy[EncryptionCaps]:
    import dataclasses

    types = {f.name: f.type for f in dataclasses.fields(EncryptionCaps)}
    values = {name: strategy_of(hint, NESTED_65) for name, hint in types.items()}
    return st.builds(EncryptionCaps, **values).filter(lambda caps: bool(caps.cipher))


# --- real hellos ---------------------------------------------------------------------------------------------------


def test_client_hello_of_313() -> None:
    (packet,) = vector("client-hello-313-aes.txt")
    hello = ClientHello.from_wire(packet[1])
    assert check_version(hello.version) == (3, 1, 3)
    assert hello.network.rencode
    assert not hello.network.rencodeplus
    assert hello.network.compressor(("lz4", "zlib")) == "lz4"
    assert hello.network.wants_pings
    assert hello.username == "root"
    assert hello.platform == "linux"
    assert hello.display.desktop_size == Size(1600, 1000)
    assert hello.display.dpi == 100
    assert hello.wants_windows
    assert {"rgb24", "rgb32", "png"} <= set(hello.encoding.usable)
    assert hello.encoding.rgb_formats == ("RGB", "RGBX", "RGBA")
    assert hello.encoding.rgb_lz4
    assert hello.encoding.setting == "auto"
    assert hello.keymap.layout == "us"
    assert (65307, "Escape", 9, 0, 0) in hello.keymap.keycodes
    assert hello.keymap.x11_keycodes is not None
    assert hello.keymap.x11_keycodes[9][0] == "Escape"
    assert hello.keymap.mod_meanings is not None
    assert hello.keymap.mod_meanings["Shift_L"] == "shift"
    assert hello.input.key_repeat == (660, 40)
    assert hello.input.cursors
    assert hello.clipboard.selections == ("CLIPBOARD", "PRIMARY", "SECONDARY")
    assert hello.file.max_bytes == 100 * 1024 * 1024
    assert "size-constraints" in (dialect_of(hello, "rencode").metadata or ())
    assert hello.encryption is not None
    assert hello.encryption.iv == b"741c60d5e50e4fa6"
    assert len(hello.encryption.key_salt) == 64
    assert hello.encryption.key_stretch_iterations == 1000
    assert hello.encryption.padding == "legacy"
    assert hello.encryption.padding_options == ("PKCS#7", "legacy")
    assert hello.encryption.stream


def test_client_hello_of_625() -> None:
    (packet,) = vector("client-hello-625-aes.txt")
    hello = ClientHello.from_wire(packet[1])
    assert check_version(hello.version) == (6, 2)
    assert hello.network.rencodeplus
    assert hello.network.lz4
    assert hello.packet_types[:2] == ("hello", "challenge")
    assert hello.wants == ("events", "packet-types")
    assert hello.display.desktop_size == Size(1600, 1000)
    assert hello.display.monitors is not None
    assert hello.display.monitors[0].model == "screen"
    assert hello.wants_windows
    assert "rgb32" in hello.encoding.usable
    assert hello.encoding.setting == "auto"
    assert hello.encoding.min_quality == 1
    assert hello.keymap.layouts == ("us", "[]")
    assert hello.clipboard.enabled
    assert hello.input.double_click_distance == (-1, -1)
    assert hello.encryption == EncryptionCaps(
        cipher="AES",
        mode="CBC",
        iv=b"8V-pgKkwHTqP7Eoa",
        key_salt=hello.encryption.key_salt if hello.encryption else b"",
        key_size=32,
        key_hash="SHA1",
        key_stretch_iterations=10000,
        padding="PKCS#7",
        padding_options=("PKCS#7",),
    )
    assert dialect_of(hello, "rencodeplus").cipher_block == 16


def test_client_hellos_of_655_partial_and_with_the_response() -> None:
    partial, full = (ClientHello.from_wire(packet[1]) for packet in vector("client-hello-655.txt"))
    assert partial.challenge
    assert partial.challenge_response is None
    assert not partial.wants_windows
    assert not full.challenge
    assert len(full.challenge_response or b"") == 128
    assert len(full.challenge_client_salt or b"") == 32
    assert full.encoding.core[0] == "vp9"
    assert full.encoding.rgb_formats == ("BGRX", "BGRA")
    assert full.encoding.cursor == ("raw", "default", "png")
    assert full.network.ping
    assert full.window.windows
    assert full.window.pre_map
    assert full.input.keyboard
    assert full.input.pointer
    assert full.wants_events
    assert full.file.size_limit == 1_000_000_000
    assert full.digest is not None
    assert full.digest[:2] == ("xor", "hmac+sha512")
    assert full.uuid == partial.uuid


def test_server_hello_of_313() -> None:
    (packet,) = vector("server-hello-313.txt")
    hello = ServerHello.from_wire(packet[1])
    assert dialect_of(hello, "bencode").our_version == "3.1.3"
    assert hello.network.rencode
    assert hello.display == ":232"
    assert hello.desktop_size == Size(1600, 1000)
    assert hello.max_desktop_size == Size(5760, 2560)
    assert hello.session_name == "Xsession, xterm"
    assert hello.keyboard
    assert hello.pointer
    assert hello.key_repeat == (660, 40)
    assert not hello.wheel_precise
    assert hello.clipboard.enabled
    assert hello.clipboard.direction == "both"
    assert hello.clipboard.selections == ("CLIPBOARD", "PRIMARY", "SECONDARY")
    assert "rgb24" in hello.encodings_core
    assert hello.encoding == "auto"
    assert hello.modifier_keycodes is not None
    assert "mod1" in hello.modifier_keycodes
    assert hello.encryption is None


@pytest.mark.parametrize("dialect", [FLAT_313, NESTED_65, HTML5], ids=["3.1.3", "6.5", "html5"])
@pytest.mark.parametrize("name", ["client-hello-313-aes.txt", "client-hello-625-aes.txt", "client-hello-655.txt"])
def test_real_hellos_can_be_written_in_any_dialect(name: str, dialect: Any) -> None:
    for packet in vector(name):
        hello = ClientHello.from_wire(packet[1])
        again = ClientHello.from_wire(through(hello.to_wire(dialect), HTML5))
        assert again.version == hello.version
        assert again.encoding.core == hello.encoding.core
        assert again.keymap.keycodes == hello.keymap.keycodes
        assert again.display.desktop_size == hello.display.desktop_size
        if hello.encryption is not None:
            assert again.encryption is not None
            assert again.encryption.key_salt == hello.encryption.key_salt


# --- what peers need ------------------------------------------------------------------------------------------------


def server_hello() -> ServerHello:
    return ServerHello(
        version="6.5",
        network=NetworkCaps(encoders=("rencodeplus", "rencode"), rencodeplus=True, rencode=True, lz4=True),
        display=":10",
        encodings=("rgb24", "png"),
        encodings_core=("rgb24", "png"),
        desktop_size=Size(1, 2),
    )


def test_server_hello_for_every_peer_names_the_serializers_both_ways() -> None:
    """hello.md 3.4, encoding.md 2.1."""
    for dialect in (FLAT_313, NESTED_65, HTML5):
        out = server_hello().to_wire(dialect)
        assert out["rencodeplus"] is True
        assert out["rencode"] is True
        assert out["lz4"] is True
        assert out["encoders"] == ("rencodeplus", "rencode")
        assert isinstance(out["version"], str)
        assert out["display"] == ":10"
        assert "packet-types" not in out
        assert "aliases" not in out


def test_server_hello_forms() -> None:
    assert server_hello().to_wire(FLAT_313)["encodings.core"] == ("rgb24", "png")
    assert server_hello().to_wire(NESTED_65)["encodings"] == {"": ("rgb24", "png"), "core": ("rgb24", "png")}


def test_client_hello_for_windows_of_655() -> None:
    """hello.md 3.4, third row."""
    hello = ClientHello(
        version="6.5",
        network=NetworkCaps(rencodeplus=True, encoders=("rencodeplus",)),
        window=WindowCaps(windows=True),
        encoding=EncodingCaps(options=("rgb24", "png"), core=("rgb24", "png"), rgb_formats=("BGRX",)),
    )
    out = hello.to_wire(NESTED_65)
    assert out["windows"] is True
    assert out["window"] == {"enabled": True}
    assert out["encoding"] == {"options": ("rgb24", "png"), "core": ("rgb24", "png"), "rgb_formats": ("BGRX",)}
    flat = hello.to_wire(FLAT_313)
    assert flat["encodings"] == ("rgb24", "png")
    assert flat["encodings.rgb_formats"] == flat["encoding.rgb_formats"] == ("BGRX",)
    assert "encoding" not in flat


def test_a_client_that_says_no_to_windows_gets_none() -> None:
    core = EncodingCaps(core=("png",))
    assert ClientHello(encoding=core).wants_windows
    assert not ClientHello(encoding=core, ui_client=False).wants_windows
    assert not ClientHello(encoding=core, window=WindowCaps(windows=False)).wants_windows
    assert not ClientHello().wants_windows
    assert not ClientHello.from_wire(COMMAND_CLIENT).wants_windows


def test_versions_as_text_and_as_list() -> None:
    """hello.md 3.3."""
    assert ServerHello.from_wire({"version": [6, 5]}).version == "6.5"
    assert ServerHello.from_wire({b"version": b"3.1.3"}).version == "3.1.3"
    assert ServerHello.from_wire({"version": 6}).version == ""
    assert len(ServerHello.from_wire({"version": "6" * 1000}).version) == 64


def test_secrets_are_not_in_reprs() -> None:
    hello = ClientHello(challenge_response=b"hash-of-it", challenge_client_salt=b"salty", encryption=AES)
    assert "hash-of-it" not in repr(hello)
    assert "salty" not in repr(hello)
    assert "ssss" not in repr(hello)


@pytest.mark.parametrize(
    "caps",
    [
        {"digest": 5},
        {"digest": [1]},
        {"salt-digest": "hmac"},
        {"challenge": "yes"},
        {"challenge_response": 5},
        {"challenge_response": "€"},
        {"challenge_client_salt": [1]},
        {"challenge_client_salt": b"x" * 65537},
        {"encryption": "AES"},
        {"encryption": {"cipher": 5}},
        {"encryption": {"cipher": "AES"}},
        {"cipher": 5},
        {"cipher": "AES"},
    ],
)
def test_wrong_security_keys_are_errors(caps: Any) -> None:
    with pytest.raises(PacketError, match="hello: "):
        ClientHello.from_wire(caps)


def test_an_absent_digest_is_told_apart_from_an_empty_one() -> None:
    """auth.md 5.3: absent stands for an ancient client."""
    assert ClientHello.from_wire({}).digest is None
    assert ClientHello.from_wire({"digest": []}).digest == ()


def test_the_facts_of_a_server_that_only_clients_have_are_empty() -> None:
    assert ServerHello().client_type == ""
    assert ServerHello().metadata_supported == ()


# --- encryption -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("key", "value"), [
    ("iv", b"short"), ("iv", "x" * 17), ("iv", "€" * 16), ("iv", 5), ("key_salt", b""), ("key_salt", b"x" * 1025),
    ("key_salt", None), ("key_stretch_iterations", -1), ("key_stretch_iterations", "1000"), ("mode", 1),
    ("key_size", 2**40), ("key_hash", []), ("key_stretch", {}), ("padding", 1), ("padding.options", "PKCS#7"),
    ("stream", "no"),
])  # fmt: skip
def test_wrong_encryption_values_are_errors(key: str, value: Any) -> None:
    bare = AES.to_bare() | {key: value}
    with pytest.raises(PacketError, match="hello: encryption"):
        EncryptionCaps.from_wire({"encryption": bare})


def test_a_hello_without_encryption_has_none() -> None:
    for caps in ({}, {"encryption": {}}, {"encryption": {"cipher": ""}}, {"cipher": b""}, {"encryption": {"iv": "x"}}):
        assert ClientHello.from_wire(caps).encryption is None
    with pytest.raises(PacketError, match="cipher is missing"):
        EncryptionCaps.from_wire({})


def test_the_encryption_dict_rules_over_the_flat_keys_and_is_not_mixed_with_them() -> None:
    flat = AES.to_wire(Spelling.FLAT) | {"cipher.mode": "CTR"}
    nested = {"encryption": AES.to_bare()}
    assert EncryptionCaps.from_wire(flat | nested) == AES
    del nested["encryption"]["iv"]
    with pytest.raises(PacketError, match=r"encryption\.iv is missing"):
        EncryptionCaps.from_wire(flat | nested)


@given(caps=encryption_strategy())
def test_encryption_round_trips_in_every_spelling(caps: EncryptionCaps) -> None:
    for dialect in (NESTED_65, HTML5):
        assert ClientHello.from_wire(through(ClientHello(encryption=caps).to_wire(dialect), dialect)).encryption == caps
        assert EncryptionCaps.from_challenge(through(caps.for_challenge(), dialect)) == caps
        assert EncryptionCaps.from_challenge(through(caps.to_bare(), dialect)) == caps
    flat = EncryptionCaps.from_wire(through(caps.to_wire(FLAT_313), FLAT_313))
    assert (flat.cipher, flat.iv, flat.key_salt, flat.padding) == (caps.cipher, caps.iv, caps.key_salt, caps.padding)
    assert flat.stream  # 3.1.3 knows nothing else (crypto.md 4.1)


def test_defaults_of_absent_encryption_keys() -> None:
    """crypto.md 4.4: html5 leaves out key_stretch and padding, 3.1.3 most."""
    least = {"cipher": "AES", "iv": "0" * 16, "key_salt": b"s", "key_stretch_iterations": 1000}
    nested = EncryptionCaps.from_wire({"encryption": least})
    assert (nested.mode, nested.key_size, nested.key_hash, nested.key_stretch) == ("CBC", 32, "SHA1", "PBKDF2")
    assert (nested.padding, nested.stream) == ("PKCS#7", True)
    flat = EncryptionCaps.from_wire({b"cipher": b"AES"} | {f"cipher.{k}": v for k, v in least.items() if k != "cipher"})
    assert flat.padding == "legacy"


def test_element_2_of_a_challenge_in_all_its_shapes() -> None:
    """crypto.md 4.5, traps.md 41."""
    union = AES.for_challenge()
    assert union["encryption"] == AES.to_bare()
    assert union["cipher.iv"] == union["iv"] == "0123456789abcdef"
    assert union["cipher"] == "AES"
    assert union["key_salt"] == b"s" * 64
    assert EncryptionCaps.from_challenge({}) is None
    assert EncryptionCaps.from_challenge({"other": 1}) is None
    assert EncryptionCaps.from_challenge({"encryption": AES.to_bare()}) == AES
    assert EncryptionCaps.from_challenge(AES.to_wire(Spelling.FLAT)) == AES


def test_an_iv_goes_out_as_text_unless_that_would_change_it() -> None:
    """encoding.md 2.6."""
    assert AES.to_bare()["iv"] == "0123456789abcdef"
    odd = EncryptionCaps(cipher="AES", iv=b"\xff" * 16, key_salt=b"s", key_stretch_iterations=1)
    assert odd.to_bare()["iv"] == b"\xff" * 16


def test_the_first_hello_of_a_client_spells_encryption_both_ways() -> None:
    """crypto.md 4.6."""
    hello = ClientHello(version="6.5", encryption=AES)
    for dialect in (FLAT_313, NESTED_65):
        out = hello.first_to_wire(dialect)
        assert out["encryption"] == AES.to_bare()
        assert out["cipher.iv"] == "0123456789abcdef"
    assert "cipher" not in hello.to_wire(NESTED_65)
    assert "encryption" not in hello.to_wire(FLAT_313)
    assert ClientHello(version="6.5").first_to_wire(NESTED_65) == {"version": "6.5"}
