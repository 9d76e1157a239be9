"""Who sets which key when, without a session around it."""

from __future__ import annotations

import pytest

from limpet.errors import DisconnectReason, EncryptionRequired, LocalProtocolError
from limpet.limits import AFTER_HELLO
from limpet.packets.dialect import FLAT_313, NESTED_65
from limpet.session import encryption
from limpet.session.encryption import AesPolicy, EncryptionRefused, Strength
from limpet.session.link import Link
from limpet.session.rekey import ClientAes, KeyOrders, ServerAes
from limpet.values import Secret, Side
from tests.session.pair import counting_entropy

KEYS = (Secret(bytes(32)), Secret(bytes(32)))
THEIRS = encryption.fresh_caps(counting_entropy(9), mode="CBC", strength=Strength.LEGACY)


def server(policy: AesPolicy | None) -> tuple[ServerAes, Link]:
    link = Link(Side.SERVER, NESTED_65, AFTER_HELLO)
    return ServerAes(policy, link, counting_entropy(), max_iterations=10_000), link


def client() -> tuple[ClientAes, Link]:
    link = Link(Side.CLIENT, NESTED_65, AFTER_HELLO)
    policy = AesPolicy(None, required=True)
    return ClientAes(policy, link, counting_entropy(), strength=Strength.MODERN, max_iterations=10_000), link


def test_only_the_last_order_counts() -> None:
    orders = KeyOrders()
    first, second = orders.order(THEIRS), orders.order(THEIRS, THEIRS)
    assert [len(order.requests) for order in (first, second)] == [1, 2]
    assert (orders.is_last(first.token), orders.is_last(second.token)) == (False, True)


@pytest.mark.parametrize(
    ("policy", "offered", "reason"),
    [
        (AesPolicy(None, required=True), None, DisconnectReason.ENCRYPTION_REQUIRED),
        (None, THEIRS, DisconnectReason.ENCRYPTION_UNSUPPORTED),
    ],
)
def test_a_server_says_why_it_refuses(policy: AesPolicy | None, offered: object, reason: DisconnectReason) -> None:
    aes, _ = server(policy)
    with pytest.raises(EncryptionRefused) as caught:
        aes.offered(offered)  # type: ignore[arg-type]
    assert caught.value.reason is reason
    assert not aes.speechless


@pytest.mark.parametrize("policy", [None, AesPolicy(None, required=False)])
def test_a_server_that_demands_nothing_goes_on_in_clear(policy: AesPolicy | None) -> None:
    aes, link = server(policy)
    assert aes.offered(None) is None
    assert (aes.ours, aes.cipher, link.encrypted_in, link.encrypted_out) == (None, "", False, False)


def test_a_server_is_speechless_from_the_next_hello_to_its_keys() -> None:
    aes, link = server(AesPolicy(None, required=True))
    order = aes.offered(THEIRS)
    assert order is not None
    assert len(order.requests) == 2
    assert not aes.speechless, "the first hello came in clear, and so may the answer"
    assert aes.ours is None
    aes.install(KEYS)
    assert (aes.cipher, link.encrypted_in, link.encrypted_out) == ("AES-CBC", True, True)
    first = aes.ours
    aes.offered(THEIRS)
    assert aes.speechless
    aes.install(KEYS)
    assert not aes.speechless
    assert first is not None
    assert aes.ours is not None
    assert aes.ours.iv != first.iv
    with pytest.raises(EncryptionRequired, match="next hello"):
        aes.offered(None)


@pytest.mark.parametrize(("dialect", "key_hash"), [(FLAT_313, "SHA1"), (NESTED_65, "SHA512")])
def test_a_server_asks_for_the_hash_that_the_client_knows(dialect: object, key_hash: str) -> None:
    aes, link = server(AesPolicy(None, required=True))
    link.set_dialect(dialect)  # type: ignore[arg-type]
    order = aes.offered(THEIRS)
    assert order is not None
    assert order.requests[1].key_hash == key_hash


def test_keys_without_an_offer_are_a_mistake() -> None:
    aes, _ = server(AesPolicy(None, required=True))
    with pytest.raises(LocalProtocolError):
        aes.install(KEYS)


def test_a_client_reads_encrypted_before_it_writes_so() -> None:
    aes, link = client()
    assert len(aes.begin().requests) == 1
    aes.install(KEYS[:1])
    assert (link.encrypted_in, link.encrypted_out, aes.cipher) == (True, False, "")
    first = aes.ours
    assert len(aes.challenged(THEIRS).requests) == 2
    aes.install(KEYS)
    assert aes.cipher == "AES-CBC"
    assert aes.ours is first
    aes.answering()
    assert aes.ours is not first
    assert len(aes.greeted(THEIRS, NESTED_65).requests) == 1
    aes.install(KEYS[:1])
    with pytest.raises(LocalProtocolError):
        aes.answering()


@pytest.mark.parametrize("step", ["challenge", "hello"])
def test_a_client_takes_no_answer_without_aes_nor_with_another_mode(step: str) -> None:
    aes, _ = client()
    aes.begin()
    ctr = encryption.fresh_caps(counting_entropy(), mode="CTR", strength=Strength.LEGACY)
    take = aes.challenged if step == "challenge" else lambda caps: aes.greeted(caps, NESTED_65)
    for caps in (None, ctr):
        with pytest.raises(EncryptionRequired):
            take(caps)
