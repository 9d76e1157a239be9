"""The client's answers, and the challenges that it does not answer."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from limpet.auth.answer import (
    ChallengeAnswer,
    ChallengeAnswerer,
    TransportFacts,
    check_challenge,
    offered_digests,
    offered_salt_digests,
)
from limpet.auth.challenge import Offer
from limpet.auth.digest import CLIENT_DIGESTS, recover_password, verify_hmac
from limpet.auth.module import Attempt
from limpet.auth.sources import FileSource, GivenSource, PasswordSource, PasswordSources
from limpet.errors import AccessDenied, ExitCode, PasswordRequired
from limpet.values import Secret
from tests.auth.support import entropy

CLEAR = TransportFacts(encrypted=False, local=False)
LOCAL = TransportFacts(encrypted=False, local=True)
ENCRYPTED = TransportFacts(encrypted=True, local=False)
OFFER = Offer(b"s" * 64, "hmac+sha512", "hmac+sha512", "password")
STOCK: dict[str, Any] = json.loads((Path(__file__).parent / "vectors" / "stock_clients.json").read_text())


def answerer(*passwords: str) -> ChallengeAnswerer:
    sources = [GivenSource(Secret(password.encode())) for password in passwords]
    return ChallengeAnswerer(PasswordSources(sources), entropy=entropy(), server="host")


def answer(offer: Offer, password: str = "pa55word", transport: TransportFacts = CLEAR) -> ChallengeAnswer:
    return asyncio.run(answerer(password).answer(offer, transport))


def as_attempt(offer: Offer, made: ChallengeAnswer) -> Attempt:
    return Attempt("", made.response, made.client_salt, offer.server_salt, offer.digest, offer.salt_digest)


@pytest.mark.parametrize("digest", CLIENT_DIGESTS[:6])
@pytest.mark.parametrize("salt_digest", CLIENT_DIGESTS)
def test_the_server_accepts_the_answer(digest: str, salt_digest: str) -> None:
    offer = dataclasses.replace(OFFER, digest=digest, salt_digest=salt_digest)
    verify_hmac(as_attempt(offer, answer(offer)), [b"pa55word"])


@pytest.mark.parametrize("digest", ["hmac+sha224", "hmac+sha3_224"])
def test_shorter_hashes_are_answered_for_servers_that_know_no_better(digest: str) -> None:
    assert len(answer(dataclasses.replace(OFFER, digest=digest)).response) == 56


def test_salt_and_padding_have_the_sizes_of_stock_clients() -> None:
    made = answer(OFFER)
    assert (len(made.client_salt), len(made.response), len(made.padding)) == (32, 128, 384)
    for case in STOCK["answered"]:
        assert len(bytes.fromhex(case["client_salt"])) == 32
        assert case["padding"] == 512 - len(bytes.fromhex(case["response"]))
    long = answer(dataclasses.replace(OFFER, digest="xor"), "x" * 600, ENCRYPTED)
    assert len(long.padding) == 32


def test_the_capabilities_of_the_next_hello() -> None:
    made = answer(OFFER)
    assert made.capabilities() == {
        "challenge_response": made.response,
        "challenge_client_salt": made.client_salt,
        "challenge_padding": made.padding,
    }
    assert made.response.decode() not in repr(made)


def test_each_challenge_gets_the_next_password_and_a_fresh_salt() -> None:
    client = answerer("one", "two")
    offers = [dataclasses.replace(OFFER, server_salt=bytes([number]) * 64) for number in range(3)]
    first, second = (asyncio.run(client.answer(offer, CLEAR)) for offer in offers[:2])
    verify_hmac(as_attempt(offers[0], first), [b"one"])
    verify_hmac(as_attempt(offers[1], second), [b"two"])
    assert first.client_salt != second.client_salt
    with pytest.raises(PasswordRequired):
        asyncio.run(client.answer(offers[2], CLEAR))


def test_xor_is_answered_only_where_nobody_reads_along() -> None:
    offer = dataclasses.replace(OFFER, digest="xor")
    for transport in (LOCAL, ENCRYPTED):
        assert recover_password(as_attempt(offer, answer(offer, transport=transport))) == b"pa55word"
    with pytest.raises(AccessDenied, match="cannot send password over unencrypted connection") as caught:
        answer(offer)
    assert caught.value.exit_code == ExitCode.AUTHENTICATION_FAILED


def test_xor_is_offered_only_where_it_would_be_answered() -> None:
    assert offered_digests(CLEAR) == CLIENT_DIGESTS == offered_salt_digests()
    assert offered_digests(LOCAL) == offered_digests(ENCRYPTED) == (*CLIENT_DIGESTS, "xor")


@pytest.mark.parametrize(
    "digest", ["hmac", "hmac+md5", "hmac+sha1", "des", "kerberos:service", "gss:x", "u2f:xor", "keycloak:x", "", "HMAC"]
)
def test_weak_and_unknown_digests_are_refused_by_name(digest: str) -> None:
    with pytest.raises(AccessDenied, match="server's digest") as caught:
        answer(dataclasses.replace(OFFER, digest=digest), transport=ENCRYPTED)
    assert repr(digest) in str(caught.value)


@pytest.mark.parametrize("salt_digest", ["xor", "des", "hmac", "hmac+md5", "hmac+sha1", ""])
def test_weak_salt_digests_are_refused(salt_digest: str) -> None:
    with pytest.raises(AccessDenied, match="server's salt digest"):
        answer(dataclasses.replace(OFFER, salt_digest=salt_digest), transport=ENCRYPTED)


@pytest.mark.parametrize("size", [0, 31, 1024, 5000])
def test_a_server_salt_of_the_wrong_size_is_refused(size: int) -> None:
    with pytest.raises(AccessDenied, match=f"salt has {size} bytes"):
        answer(dataclasses.replace(OFFER, server_salt=bytes(size)))


@pytest.mark.parametrize("size", [32, 1023])
def test_server_salts_of_the_allowed_sizes_are_answered(size: int) -> None:
    check_challenge(dataclasses.replace(OFFER, server_salt=bytes(size)), CLEAR)


def test_no_password_is_asked_for_when_the_challenge_is_refused() -> None:
    client = answerer("one")
    with pytest.raises(AccessDenied):
        asyncio.run(client.answer(dataclasses.replace(OFFER, digest="xor"), CLEAR))
    verify_hmac(as_attempt(OFFER, asyncio.run(client.answer(OFFER, CLEAR))), [b"one"])


def test_a_server_that_goes_on_asking_is_refused() -> None:
    client = answerer(*map(str, range(20)))
    for _ in range(8):
        asyncio.run(client.answer(OFFER, CLEAR))
    with pytest.raises(AccessDenied, match="more than 8 challenges"):
        asyncio.run(client.answer(OFFER, CLEAR))


async def read_utf8(_path: str, _limit: int) -> bytes:
    return "pä55\n".encode()


@pytest.mark.parametrize(
    ("source", "legacy", "expected"),
    [
        (GivenSource(Secret("pä55".encode())), False, b"p\xe455"),
        (GivenSource(Secret("pä55".encode())), True, b"p\xe455"),
        (GivenSource(Secret("€".encode())), False, "€".encode()),
        (FileSource("/pw", read_utf8), False, b"p\xe455\n"),
        (FileSource("/pw", read_utf8), True, "pä55\n".encode()),
    ],
    ids=["text", "text-legacy", "not-latin1", "file", "file-legacy"],
)
def test_non_ascii_passwords_are_spelt_as_stock_servers_expect(
    source: PasswordSource, legacy: bool, expected: bytes
) -> None:
    client = ChallengeAnswerer(PasswordSources([source]), entropy=entropy(), server="host")
    made = asyncio.run(client.answer(OFFER, CLEAR, legacy_peer=legacy))
    verify_hmac(as_attempt(OFFER, made), [expected])


def test_the_hint_after_a_refusal_comes_from_the_source() -> None:
    client = ChallengeAnswerer(PasswordSources([FileSource("/pw", read_utf8)]), entropy=entropy(), server="host")
    assert client.failure_hint == ""
    asyncio.run(client.answer(OFFER, CLEAR))
    assert "newline" in client.failure_hint
