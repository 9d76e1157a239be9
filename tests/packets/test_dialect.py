from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limpet.errors import ExitCode, VersionRefused
from limpet.packets.capabilities import ClientHello, ServerHello
from limpet.packets.capgroups import WindowCaps
from limpet.packets.dialect import Dialect, check_version, dialect_of, parse_version


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("6.5.5-r0", (6, 5, 5)),
        ("6.5", (6, 5)),
        ("3.1.3", (3, 1, 3)),
        (" 7 ", (7,)),
        ("6.6.0.1.2.3", (6, 6, 0, 1)),
        ("6-dev.9", (6,)),
        ("", ()),
        ("v6", ()),
        ("9999999999", ()),
        ("six", ()),
    ],
)
def test_versions_are_leading_numbers(text: str, numbers: tuple[int, ...]) -> None:
    assert parse_version(text) == numbers[:4]


@pytest.mark.parametrize("text", ["3.0", "3.1.3", "4.4", "6.5.5-r0", "7", "10.0"])
def test_versions_from_3_on_are_taken(text: str) -> None:
    """hello.md 3.3."""
    assert check_version(text) == parse_version(text)


@pytest.mark.parametrize("text", ["", "x", "0.14.10", "0.9", "2.5.3", "2"])
def test_missing_and_older_versions_are_refused(text: str) -> None:
    """hello.md 3.3."""
    with pytest.raises(VersionRefused) as caught:
        check_version(text)
    assert caught.value.exit_code is ExitCode.INCOMPATIBLE_VERSION
    assert caught.value.hint


@given(text=st.text(max_size=80))
def test_any_version_text_is_numbers_or_refused(text: str) -> None:
    try:
        assert check_version(text) >= (3, 0)
    except VersionRefused:
        assert parse_version(text) < (3, 0)


@pytest.mark.parametrize(
    ("version", "client_type", "block"),
    [
        ((3, 1, 3), "", 32),
        ((6, 1), "", 32),
        ((6, 1, 9), "", 32),
        ((6, 2), "", 16),
        ((6, 5), "", 16),
        ((5, 0), "HTML5", 16),
    ],
)
def test_the_cipher_block_follows_the_version(version: tuple[int, ...], client_type: str, block: int) -> None:
    """crypto.md 4.6."""
    hello = ClientHello(version=".".join(map(str, version)), client_type=client_type)
    assert dialect_of(hello, "rencodeplus").cipher_block == block


@pytest.mark.parametrize(
    ("version", "serializer", "nested", "ours"),
    [
        ("3.1.3", "rencode", False, "3.1.3"),
        ("3.1.3", "bencode", False, "3.1.3"),
        ("4.4", "rencodeplus", False, "3.1.3"),
        ("4.4", "rencode", False, "3.1.3"),
        ("5.0", "rencodeplus", True, "6.5"),
        ("6.5.5", "rencodeplus", True, "6.5"),
    ],
)
def test_the_capability_form_follows_serializer_and_version(
    version: str, serializer: str, nested: bool, ours: str
) -> None:
    """hello.md 3.2, encoding.md 2.1."""
    for hello in (ClientHello(version=version), ServerHello(version=version)):
        dialect = dialect_of(hello, serializer)
        assert dialect.nested is nested
        assert dialect.serializer == serializer
        assert dialect.our_version == ours


def test_the_dialect_knows_what_the_client_listed() -> None:
    hello = ClientHello(
        version="6.2",
        client_type="html5",
        packet_types=("window-ack",),
        window=WindowCaps(metadata_supported=("title", "size-hints")),
    )
    dialect = dialect_of(hello, "rencodeplus")
    assert dialect == Dialect(
        nested=True,
        serializer="rencodeplus",
        version=(6, 2),
        html5=True,
        packet_types=frozenset({"window-ack"}),
        metadata=frozenset({"title", "size-hints", "size-constraints"}),
    )
    assert dialect_of(ClientHello(version="6.2"), "rencodeplus").metadata is None
