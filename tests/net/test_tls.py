from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from limpet.net.tls import TlsPipe, TlsTruncated
from limpet.net.tls_config import TlsClientOptions, TlsServerOptions
from tests.support.pki import Files


@pytest.fixture(scope="module")
def contexts(server_files: Files, ca_file: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    server = TlsServerOptions(cert=str(server_files.both)).server().context
    client = TlsClientOptions(ca_certs=str(ca_file)).client("localhost").context
    return server, client


def pair(contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> tuple[TlsPipe, TlsPipe]:
    server = TlsPipe(contexts[0], server_side=True)
    client = TlsPipe(contexts[1], server_side=False, server_hostname="localhost")
    for _ in range(4):
        client.handshake()
        server.feed(client.ciphertext_to_send())
        server.handshake()
        client.feed(server.ciphertext_to_send())
    assert client.handshake_done and server.handshake_done
    return server, client


def read_all(pipe: TlsPipe) -> bytes:
    buffer = memoryview(bytearray(1 << 14))
    result = bytearray()
    while size := pipe.read_into(buffer):
        result += buffer[:size]
    return bytes(result)


def test_handshake_gives_facts_to_both(contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    server, client = pair(contexts)
    facts = client.facts()
    assert facts.version == "TLSv1.3"
    assert facts.verified and facts.peer_certificate_der
    assert facts.server_name == "localhost"
    assert server.facts().peer_certificate_der is None
    assert not server.facts().verified
    assert server.facts().cipher == facts.cipher


@given(st.lists(st.integers(1, 60_000), min_size=1, max_size=5), st.integers(1, 5000))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_slicing_of_the_ciphertext_gives_the_plaintext(
    contexts: tuple[ssl.SSLContext, ssl.SSLContext], sizes: list[int], step: int
) -> None:
    server, client = pair(contexts)
    sent = b"".join(bytes([index + 1]) * size for index, size in enumerate(sizes))
    client.write(sent)
    client.close()
    ciphertext = client.ciphertext_to_send()
    received = b""
    for start in range(0, len(ciphertext), step):
        server.feed(ciphertext[start : start + step])
        received += read_all(server)
    assert received == sent
    assert server.peer_closed


def test_orderly_end_is_told_from_a_cut(contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    server, client = pair(contexts)
    client.write(b"last")
    client.close()
    client.close()
    server.feed(client.ciphertext_to_send())
    server.feed_eof()
    assert read_all(server) == b"last"
    assert server.peer_closed
    assert read_all(server) == b""

    server, client = pair(contexts)
    client.write(b"last")
    server.feed(client.ciphertext_to_send())
    server.feed_eof()
    buffer = memoryview(bytearray(100))
    assert server.read_into(buffer) == 4
    with pytest.raises(TlsTruncated):
        server.read_into(buffer)


def test_altered_ciphertext_is_an_error_and_an_alert(contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    server, client = pair(contexts)
    client.write(b"payload")
    data = bytearray(client.ciphertext_to_send())
    data[-1] ^= 1
    server.feed(data)
    with pytest.raises(ssl.SSLError):
        read_all(server)
    assert server.ciphertext_to_send(), "the alert"


def test_no_tickets_are_sent(contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    server = TlsPipe(contexts[0], server_side=True)
    client = TlsPipe(contexts[1], server_side=False, server_hostname="localhost")
    client.handshake()
    server.feed(client.ciphertext_to_send())
    server.handshake()
    client.feed(server.ciphertext_to_send())
    client.handshake()
    server.feed(client.ciphertext_to_send())
    assert server.handshake()
    assert server.ciphertext_to_send() == b""


def test_close_before_the_handshake_says_nothing(contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    client = TlsPipe(contexts[1], server_side=False, server_hostname="localhost")
    client.close()
    assert client.ciphertext_to_send() == b""
