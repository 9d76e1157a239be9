"""What AES parameters are made, which are taken, and which cipher follows from them."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limpet.errors import DisconnectReason, EncryptionRequired, ExitCode, LimitExceeded, RemoteProtocolError
from limpet.packets.capabilities import EncryptionCaps
from limpet.session import encryption
from limpet.session.encryption import AesPolicy, EncryptionRefused, Strength
from limpet.values import Secret
from tests.session.pair import counting_entropy

KEY = Secret(bytes(32))
OPEN = AesPolicy(None, required=True)


def caps(mode: str = "CBC", **changes: Any) -> EncryptionCaps:
    made = encryption.fresh_caps(counting_entropy(), mode=mode, strength=Strength.MODERN)
    return dataclasses.replace(made, **changes)


@pytest.mark.parametrize("strength", Strength)
@pytest.mark.parametrize("mode", encryption.MODES)
def test_what_we_ask_for_is_what_we_would_take(mode: str, strength: Strength) -> None:
    made = encryption.fresh_caps(counting_entropy(), mode=mode, strength=strength)
    encryption.check_caps(made, AesPolicy(mode, required=True), max_iterations=10_000)
    assert (made.key_hash, made.key_stretch_iterations) == (strength.key_hash, strength.iterations)


def test_the_iv_is_text_of_96_random_bits_and_the_salt_is_random() -> None:
    made = encryption.fresh_caps(lambda size: bytes(range(size)), mode="CBC", strength=Strength.MODERN)
    assert made.iv == b"ABCDEFGHIJKLMNOP"
    assert made.key_salt == bytes(range(64))
    assert len(set(encryption.IV_ALPHABET)) == 64
    assert made.iv.isascii()


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"cipher": "aes"}, None),
        ({"key_hash": "sha256"}, None),
        ({"padding": "legacy"}, None),
        ({"key_salt": b"x" * 8}, None),
        ({"key_salt": b"x" * 1024}, None),
        ({"key_stretch_iterations": 1000}, None),
        ({"cipher": "Blowfish"}, EncryptionRequired),
        ({"mode": "GCM"}, EncryptionRequired),
        ({"iv": b"x" * 15}, RemoteProtocolError),
        ({"key_stretch": "none"}, RemoteProtocolError),
        ({"key_hash": "MD5"}, RemoteProtocolError),
        ({"padding": ""}, RemoteProtocolError),
        ({"key_salt": b"x" * 7}, LimitExceeded),
        ({"key_salt": b"x" * 1025}, LimitExceeded),
        ({"key_size": 33}, LimitExceeded),
        ({"key_stretch_iterations": 999}, LimitExceeded),
        ({"key_stretch_iterations": 10_001}, LimitExceeded),
    ],
    ids=str,
)
def test_only_known_parameters_within_their_limits_are_taken(
    changes: dict[str, Any], error: type[Exception] | None
) -> None:
    if error is None:
        encryption.check_caps(caps(**changes), OPEN, max_iterations=10_000)
        return
    with pytest.raises(error) as caught:
        encryption.check_caps(caps(**changes), OPEN, max_iterations=10_000)
    if isinstance(caught.value, RemoteProtocolError):
        assert caught.value.reason is DisconnectReason.ENCRYPTION_INVALID


def test_a_policy_with_a_mode_takes_no_other() -> None:
    with pytest.raises(EncryptionRequired, match="offers AES-CBC, this side demands AES-CTR"):
        encryption.check_caps(caps(), AesPolicy("CTR", required=True), max_iterations=10_000)


@pytest.mark.parametrize(("mode", "stream"), [("CBC", True), ("CBC", False), ("CTR", True), ("CTR", False)])
@pytest.mark.parametrize("block", [16, 32])
@given(payloads=st.lists(st.binary(min_size=1, max_size=70), min_size=1, max_size=4))
def test_what_one_side_encrypts_the_other_decrypts(mode: str, stream: bool, block: int, payloads: list[bytes]) -> None:
    wanted = caps(mode=mode, stream=stream)
    writes = encryption.encryptor(wanted, KEY, block=block, entropy=counting_entropy(5))
    reads = encryption.decryptor(wanted, KEY, block=block)
    for payload in payloads:
        size, data = writes.encrypt(payload)
        assert len(data) == reads.padded_size(size)
        assert reads.decrypt(size, data) == payload


def test_ivs_of_each_record_mean_16_byte_blocks() -> None:
    assert encryption.cipher_params(caps(stream=False), KEY, block=32).block == 16
    assert encryption.cipher_params(caps(), KEY, block=32).block == 32


def test_each_request_gets_its_own_key() -> None:
    first, second = (encryption.key_request(caps(key_salt=salt, key_size=16)) for salt in (b"x" * 64, b"y" * 64))
    keys = encryption.derive_keys(Secret(b"key"), (first, second, first))
    assert [len(key.reveal()) for key in keys] == [16, 16, 16]
    assert keys[0].reveal() == keys[2].reveal() != keys[1].reveal()


def test_a_hash_in_small_letters_is_ordered_in_capitals() -> None:
    assert encryption.key_request(caps(key_hash="sha384")).key_hash == "SHA384"


def test_the_refusals_say_which_side_and_why() -> None:
    stays = encryption.stays_clear("its hello")
    assert stays.exit_code is ExitCode.SERVER_STAYS_CLEAR
    assert "the server answered in clear (its hello)" in str(stays)
    refused = EncryptionRefused("no", reason=DisconnectReason.ENCRYPTION_REQUIRED)
    assert (refused.reason, refused.exit_code) == (DisconnectReason.ENCRYPTION_REQUIRED, ExitCode.ENCRYPTION)


def test_no_capability_shows_its_secret_and_no_request_a_key() -> None:
    assert repr(bytes(range(20))) not in repr(caps(key_salt=bytes(range(64))))
    assert repr(KEY) == "<secret>"
