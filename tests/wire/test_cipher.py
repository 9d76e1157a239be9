from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limpet.errors import CipherError, ConfigError, ExitCode, LimitExceeded
from limpet.limits import AFTER_HELLO
from limpet.values import Secret
from limpet.wire.cipher import (
    UNDECIPHERABLE,
    AesDecryptor,
    AesEncryptor,
    CipherParams,
    ProbingDecryptor,
    decode_key_file,
    decode_keydata,
    derive_key,
)
from limpet.wire.framing import Flags, Header, RecordReader
from tests.wire.vectors import load

KEYS = load("cipher/keys.json")
RECORDS = load("cipher/records.json")
KEY = Secret(bytes.fromhex(RECORDS["key"]))
IV = RECORDS["iv"].encode()
PARAMS = CipherParams("CBC", KEY, IV)
VARIANTS = [
    PARAMS,
    replace(PARAMS, block=32),
    replace(PARAMS, block=32, padding="legacy"),
    replace(PARAMS, padding="legacy"),
    replace(PARAMS, mode="CTR"),
    replace(PARAMS, stream=False),
    replace(PARAMS, mode="CTR", stream=False),
]
VARIANT_IDS = [f"{p.mode}-{p.block}-{p.padding}-{'stream' if p.stream else 'record iv'}" for p in VARIANTS]
SERVERS = VARIANTS[:3]
"""What a server may turn out to be for a client that does not know it."""


def iv_source() -> bytes:
    return bytes.fromhex(RECORDS["record_iv"])


def params_of(case: dict[str, Any]) -> CipherParams:
    return CipherParams(case["mode"], KEY, IV, case["padding"], case["block"], case["stream"])


@pytest.mark.parametrize("case", KEYS["cases"], ids=[f"{c['key_hash']}-{c['iterations']}" for c in KEYS["cases"]])
def test_key_vectors(case: dict[str, Any]) -> None:
    key = derive_key(
        Secret(KEYS["secret"].encode()),
        salt=bytes.fromhex(case["salt"]),
        iterations=case["iterations"],
        key_hash=case["key_hash"],
        key_size=case["key_size"],
    )
    assert key.reveal().hex() == case["key"]


@pytest.mark.parametrize("case", RECORDS["cases"], ids=[case["name"] for case in RECORDS["cases"]])
def test_record_vectors(case: dict[str, Any]) -> None:
    params, plain = params_of(case), bytes.fromhex(case["plain"])
    encryptor, decryptor = AesEncryptor(params, iv_source), AesDecryptor(params)
    for length, data in case["records"]:
        wire = bytes.fromhex(data)
        assert encryptor.encrypt(plain) == (length, wire)
        assert decryptor.padded_size(length) == len(wire)
        assert decryptor.missing(length, wire) == 0
        assert decryptor.decrypt(length, wire) == plain


@pytest.mark.parametrize("params", VARIANTS, ids=VARIANT_IDS)
@given(st.lists(st.binary(min_size=1, max_size=100), max_size=8))
def test_round_trip(params: CipherParams, payloads: list[bytes]) -> None:
    encryptor, decryptor = AesEncryptor(params, iv_source), AesDecryptor(params)
    for payload in payloads:
        length, wire = encryptor.encrypt(memoryview(payload))
        assert decryptor.padded_size(length) == len(wire)
        assert decryptor.decrypt(length, memoryview(wire)) == payload


@pytest.mark.parametrize("block", [16, 32])
def test_aligned_data_gets_a_whole_block_of_padding(block: int) -> None:
    params = replace(PARAMS, block=block)
    assert [params.pad_size(size) for size in (1, block - 1, block, block + 1)] == [block - 1, 1, block, block - 1]
    assert params.padding_for(block) == bytes((block,)) * block
    assert replace(params, padding="legacy").padding_for(block - 2) == b"  "


def test_per_record_ivs_are_asked_for_each_record() -> None:
    ivs = iter([b"a" * 16, b"b" * 16])
    encryptor = AesEncryptor(replace(PARAMS, stream=False), lambda: next(ivs))
    assert [encryptor.encrypt(b"x")[1][:16] for _ in range(2)] == [b"a" * 16, b"b" * 16]


def test_per_record_ivs_need_a_source() -> None:
    with pytest.raises(CipherError, match="random"):
        AesEncryptor(replace(PARAMS, stream=False))


@pytest.mark.parametrize("make", [AesDecryptor, ProbingDecryptor])
@pytest.mark.parametrize("size", [1, 15, 16])
def test_a_record_with_its_iv_only_is_refused(make: Any, size: int) -> None:
    with pytest.raises(CipherError, match=UNDECIPHERABLE):
        make(replace(PARAMS, stream=False)).padded_size(size)


@pytest.mark.parametrize("params", [p for p in VARIANTS if p.mode == "CBC"])
@pytest.mark.parametrize("make", [AesDecryptor, ProbingDecryptor])
def test_another_key_is_one_error(params: CipherParams, make: Any) -> None:
    length, wire = AesEncryptor(params, iv_source).encrypt(b"some payload of 27 bytes ..")
    decryptor = make(replace(params, key=Secret(b"k" * 32)))
    with pytest.raises(CipherError) as caught:
        decryptor.decrypt(length, wire)
    assert str(caught.value) == UNDECIPHERABLE
    assert caught.value.exit_code is ExitCode.WRONG_KEY


def test_every_bit_of_the_padding_is_checked() -> None:
    length, wire = AesEncryptor(PARAMS).encrypt(b"x" * 20)
    for bit in range(8 * 12):
        # Flipping a bit of a CBC block flips the same bit of the next plain block.
        flipped = bytearray(wire)
        flipped[4 + bit // 8] ^= 1 << bit % 8
        with pytest.raises(CipherError, match=UNDECIPHERABLE):
            AesDecryptor(PARAMS).decrypt(length, flipped)


@pytest.mark.parametrize(
    "wrong",
    [
        {"mode": "GCM"},
        {"mode": "CFB"},
        {"key": Secret(b"k" * 31)},
        {"iv": b"i" * 15},
        {"padding": "none"},
        {"block": 24},
        {"block": 32, "stream": False},
    ],
    ids=str,
)
def test_impossible_parameters_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(CipherError):
        replace(PARAMS, **wrong)


def test_parameters_do_not_show_the_key() -> None:
    assert RECORDS["key"] not in repr(PARAMS)
    assert repr(KEY.reveal()) not in repr(PARAMS)


# --- ProbingDecryptor -------------------------------------------------------------------------------------------------


def feed(decryptor: ProbingDecryptor, wire: bytes, length: int) -> tuple[bytes, int]:
    """Hand over a record as the record reader does: `(plain, bytes asked for)`."""
    wanted = decryptor.padded_size(length)
    while missing := decryptor.missing(length, wire[:wanted]):
        wanted += missing
    return decryptor.decrypt(length, wire[:wanted]), wanted


@pytest.mark.parametrize("server", SERVERS, ids=VARIANT_IDS[:3])
@given(st.lists(st.integers(1, 130), min_size=1, max_size=8))
def test_probing_reads_every_server_exactly(server: CipherParams, sizes: list[int]) -> None:
    encryptor, decryptor = AesEncryptor(server), ProbingDecryptor(PARAMS)
    for size in sizes:
        payload = bytes(value % 251 for value in range(size))
        length, wire = encryptor.encrypt(payload)
        assert feed(decryptor, wire + b"next record", length) == (payload, len(wire))
    block_told = any(size % 32 < 16 for size in sizes)
    if block_told or server.padding == "legacy":
        assert decryptor.block == server.block
    if any(size % 32 < 16 and size % 32 for size in sizes):
        assert decryptor.settled == server


def test_a_first_record_with_equal_padding_leaves_the_block_open() -> None:
    decryptor = ProbingDecryptor(PARAMS)
    length, wire = AesEncryptor(PARAMS).encrypt(b"x" * 20)
    assert feed(decryptor, wire, length)[0] == b"x" * 20
    assert decryptor.settled is None
    assert decryptor.block is None
    decryptor.settle(16)
    assert decryptor.settled == PARAMS


def test_padding_of_32_spaces_leaves_only_its_spelling_open() -> None:
    server = replace(PARAMS, block=32)
    decryptor = ProbingDecryptor(PARAMS)
    length, wire = AesEncryptor(server).encrypt(b"x" * 64)
    feed(decryptor, wire, length)
    assert decryptor.block == 32
    assert decryptor.settled is None


def test_settling_on_a_block_that_the_records_excluded_is_an_error() -> None:
    decryptor = ProbingDecryptor(PARAMS)
    length, wire = AesEncryptor(PARAMS).encrypt(b"x")
    feed(decryptor, wire, length)
    decryptor.settle(16)
    with pytest.raises(CipherError, match=UNDECIPHERABLE):
        decryptor.settle(32)


@pytest.mark.parametrize("params", [p for p in VARIANTS if p.mode == "CTR" or not p.stream])
def test_nothing_is_probed_where_there_is_one_possibility(params: CipherParams) -> None:
    decryptor = ProbingDecryptor(params)
    assert decryptor.settled == params
    decryptor.settle(16)
    length, wire = AesEncryptor(params, iv_source).encrypt(b"abc")
    assert feed(decryptor, wire, length) == (b"abc", len(wire))


def test_a_wrong_key_is_told_without_waiting_for_more() -> None:
    length, wire = AesEncryptor(PARAMS).encrypt(b"x" * 5)
    decryptor = ProbingDecryptor(replace(PARAMS, key=Secret(b"k" * 32)))
    assert decryptor.padded_size(length) == 16
    with pytest.raises(CipherError, match=UNDECIPHERABLE):
        decryptor.missing(length, wire)


def test_padding_that_fits_in_part_only_is_refused_at_the_end() -> None:
    """27 bytes of 0x1b are announced, 16 of them are other bytes."""
    context = AesEncryptor(replace(PARAMS, mode="CBC"))._context
    wire = context.update(b"x" * 5 + b"\x1b" * 11 + b"\x00" * 16)
    decryptor = ProbingDecryptor(PARAMS)
    assert decryptor.missing(5, wire[:16]) == 16
    with pytest.raises(CipherError, match=UNDECIPHERABLE):
        decryptor.missing(5, wire)
    decryptor = ProbingDecryptor(PARAMS)
    with pytest.raises(CipherError, match=UNDECIPHERABLE):
        decryptor.decrypt(5, wire)


def test_settling_while_a_record_is_half_there_keeps_the_chain() -> None:
    server = replace(PARAMS, block=32)
    encryptor, decryptor = AesEncryptor(server), ProbingDecryptor(PARAMS)
    length, wire = encryptor.encrypt(b"x" * 20)
    feed(decryptor, wire, length)
    length, wire = encryptor.encrypt(b"y" * 3)
    assert decryptor.missing(length, wire[:16]) == 16
    decryptor.settle(32)
    assert decryptor.missing(length, wire) == 0
    assert decryptor.decrypt(length, wire) == b"y" * 3
    length, wire = encryptor.encrypt(b"z")
    assert feed(decryptor, wire, length)[0] == b"z"


@pytest.mark.parametrize("server", SERVERS, ids=VARIANT_IDS[:3])
@pytest.mark.parametrize("step", [1, 5, 16, 17, 1000])
def test_the_record_reader_waits_for_what_probing_asks_for(server: CipherParams, step: int) -> None:
    encryptor = AesEncryptor(server)
    payloads = [b"a" * 20, b"b" * 7, b"c" * 32, b"d" * 31, b"e" * 47, b"f" * 16]
    stream = b""
    for payload in payloads:
        length, wire = encryptor.encrypt(payload)
        stream += Header(Flags.RENCODEPLUS | Flags.CIPHER, 0, 0, length).pack() + wire
    records = RecordReader(AFTER_HELLO)
    records.set_decryptor(ProbingDecryptor(PARAMS))
    found = []
    for start in range(0, len(stream), step):
        records.receive_data(stream[start : start + step])
        while (record := records.next_record()) is not None:
            found.append(record.payload)
            records.set_limits(AFTER_HELLO)
    assert found == payloads
    assert records.buffered == 0


# --- keys -------------------------------------------------------------------------------------------------------------

GOOD: dict[str, Any] = {"salt": b"s" * 64, "iterations": 1000, "key_hash": "SHA1", "key_size": 32}


@pytest.mark.parametrize("salt", [b"", b"s" * 7, b"s" * 1025])
def test_salts_out_of_bounds_are_refused(salt: bytes) -> None:
    with pytest.raises(LimitExceeded, match="salt"):
        derive_key(Secret(b"x"), **{**GOOD, "salt": salt})


@pytest.mark.parametrize("iterations", [-1, 0, 999, 100_001, 2**40])
def test_iterations_out_of_bounds_are_refused(iterations: int) -> None:
    with pytest.raises(LimitExceeded, match="iterations"):
        derive_key(Secret(b"x"), **{**GOOD, "iterations": iterations})


def test_a_lower_bound_for_strangers_can_be_given() -> None:
    with pytest.raises(LimitExceeded, match="1000 to 10000"):
        derive_key(Secret(b"x"), **{**GOOD, "iterations": 10_001}, max_iterations=10_000)


@pytest.mark.parametrize("key_size", [0, 8, 31, 64, 2**26])
def test_key_sizes_other_than_those_of_aes_are_refused(key_size: int) -> None:
    with pytest.raises(LimitExceeded, match="key size"):
        derive_key(Secret(b"x"), **{**GOOD, "key_size": key_size})


@pytest.mark.parametrize("key_hash", ["", "MD5", "sha1", "SHA3", "SHA-1", "x" * 1000])
def test_unknown_hashes_are_refused(key_hash: str) -> None:
    with pytest.raises(CipherError, match="key hash") as caught:
        derive_key(Secret(b"x"), **{**GOOD, "key_hash": key_hash})
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("key_hash", ["SHA1", "SHA224", "SHA256", "SHA384", "SHA512"])
def test_all_hashes_work(key_hash: str) -> None:
    expected = hashlib.pbkdf2_hmac(key_hash.lower(), b"x", b"s" * 64, 1000, 32)
    assert derive_key(Secret(b"x"), **{**GOOD, "key_hash": key_hash}).reveal() == expected


@pytest.mark.parametrize(
    ("content", "key"),
    [(b"key\n", b"key"), (b"\r\nkey\r\n\r\n", b"key"), (b"k\ney", b"k\ney"), (b" key ", b" key "), (b"0x30", b"0x30")],
)
def test_line_ends_around_a_key_file_are_stripped_and_nothing_is_decoded(content: bytes, key: bytes) -> None:
    assert decode_key_file(content).reveal() == key


@pytest.mark.parametrize("content", [b"", b"\n", b"\r\n\r\n"])
def test_an_empty_key_file_is_an_error(content: bytes) -> None:
    with pytest.raises(ConfigError, match="empty") as caught:
        decode_key_file(content)
    assert caught.value.exit_code is ExitCode.KEY_FILE


@pytest.mark.parametrize("text", ["0x30313233", "b64:MDEyMw==", "base64:MDEyMw==", "30313233", "MDEyMw=="])
def test_keydata_is_hex_or_base64(text: str) -> None:
    assert decode_keydata(text).reveal() == b"0123"


@pytest.mark.parametrize(
    "text", ["", "secret!", "0x", "0xMDEyMw==", "0x303", "b64:", "b64:x", "base64:!!!!", "caf\u00e9"]
)
def test_other_keydata_is_an_error_that_does_not_show_it(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        decode_keydata(text)
    assert caught.value.exit_code is ExitCode.KEY_FILE
    assert "0xHEX" in caught.value.hint
    assert len(text) < 5 or text not in str(caught.value) + caught.value.hint


@pytest.mark.parametrize("size", [65535, 65536, 65537, 65552, 200_000])
@pytest.mark.parametrize(
    ("mode", "block", "stream"), [("CBC", 16, True), ("CBC", 32, True), ("CBC", 16, False), ("CTR", 16, True)]
)
def test_large_payloads_go_through_uncopied_and_unchanged(size: int, mode: str, block: int, stream: bool) -> None:
    params = CipherParams(mode=mode, key=Secret(b"k" * 32), iv=b"i" * 16, padding="PKCS#7", block=block, stream=stream)
    encryptors = [AesEncryptor(params, lambda: b"v" * 16) for _ in range(2)]
    decryptor = AesDecryptor(params)
    data = bytes(index * 7 % 251 for index in range(size))
    for payload in (b"before", data, b"after"):
        length, parts = encryptors[0].encrypt_parts(memoryview(payload))
        assert encryptors[1].encrypt(payload) == (length, b"".join(parts))
        wire = b"".join(parts)
        assert len(wire) == decryptor.padded_size(length)
        assert decryptor.decrypt(length, wire) == payload


@pytest.mark.parametrize("size", [65536, 65537])
def test_wrong_padding_behind_a_large_payload_is_seen(size: int) -> None:
    params = CipherParams(mode="CBC", key=Secret(b"k" * 32), iv=b"i" * 16, padding="PKCS#7", block=16)
    wrong = AesEncryptor(CipherParams(mode="CBC", key=Secret(b"k" * 32), iv=b"i" * 16, padding="legacy", block=32))
    length, wire = wrong.encrypt(bytes(size))
    decryptor = AesDecryptor(params)
    with pytest.raises(CipherError, match=UNDECIPHERABLE):
        decryptor.decrypt(length, wire[: decryptor.padded_size(length)])
