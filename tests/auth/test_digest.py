"""Digests and salts against the vectors of the specification and the answers of stock clients."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limpet.auth.digest import (
    CLIENT_DIGESTS,
    MAX_SERVER_SALT,
    SERVER_DIGESTS,
    choose_digest,
    choose_salt_digest,
    combine_salts,
    gendigest,
    latin1_spelling,
    recover_password,
    refusal,
    usable_password,
    verify_hmac,
)
from limpet.auth.module import Attempt
from limpet.errors import AuthenticationFailed
from tests.auth.support import CLIENT_SALT, PASSWORD, SERVER_SALT, attempt

STOCK: dict[str, Any] = json.loads((Path(__file__).parent / "vectors" / "stock_clients.json").read_text())

COMBINED_512 = (
    "851fd3a044cf0106ec5dbab6b6ae58eb118549a3c944c97138bb23ede233cb56"
    "f2ffd2cac64a1ad5868e472de1ba129dc121b39f555be7a609ef1df8d9da2507"
)
COMBINED_256 = "c6ddbd2786d6182d273a23d702751593631bcccd0d4ce9850310f9f675ab2cd3"


@pytest.mark.parametrize(("salt_digest", "combined"), [("hmac+sha512", COMBINED_512), ("hmac+sha256", COMBINED_256)])
def test_salts_combine_to_hexadecimal_text_with_the_client_salt_as_the_key(salt_digest: str, combined: str) -> None:
    assert combine_salts(salt_digest, CLIENT_SALT, SERVER_SALT) == combined.encode()


@pytest.mark.parametrize(
    ("combined", "digest", "expected"),
    [
        (
            COMBINED_512,
            "hmac+sha512",
            (
                "620dd7b018e61beb26c22af5fc5f96374505b0bfd0d90d1c945539292ceca1bb"
                "73f52be250096fbc9921707fd26fadfeb49c5dfb58dd893c4a60a4a3f8c5919c"
            ),
        ),
        (COMBINED_512, "hmac+sha256", "b901547f6c4c3ebd5175a7888562c702fdf21267165f59d86c65fa6e99521df6"),
        (
            COMBINED_256,
            "hmac+sha512",
            (
                "2464bcf8b7d0636472dca482fcccecf680416daf12d713035bac156b3fa48a05"
                "a947110acc6acb97d291094c8b08090420dc4a7e95a36efc1442416eaf0e7f8c"
            ),
        ),
        (COMBINED_256, "hmac+sha256", "ece4235d6f24d78e6bd9cdd1ac080487354422c664dd652612b4393e1be04953"),
    ],
)
def test_hmac_vectors(combined: str, digest: str, expected: str) -> None:
    assert gendigest(digest, PASSWORD, combined.encode()) == expected.encode()


@pytest.mark.parametrize(
    ("combined", "expected"), [(COMBINED_512, "48540453135c1354"), (COMBINED_256, "13575151150b4053")]
)
def test_xor_vectors(combined: str, expected: str) -> None:
    assert gendigest("xor", PASSWORD, combined.encode()).hex() == expected


def test_xor_extends_a_short_salt_with_zeros_and_cuts_a_long_one() -> None:
    assert gendigest("xor", b"abcd", b"\1") == b"`bcd"
    assert gendigest("xor", b"a", b"\1\2\3") == b"`"


@pytest.mark.parametrize("kind", ["hmac", "hmac+md5", "hmac+sha1", "des", "hmac+blake2b", "kerberos:x", "", "u2f:xor"])
def test_other_digests_are_refused_by_name(kind: str) -> None:
    with pytest.raises(AuthenticationFailed, match="is refused") as caught:
        gendigest(kind, PASSWORD, SERVER_SALT)
    assert repr(kind) in str(caught.value)


@pytest.mark.parametrize(("kind", "reason"), [("hmac", "MD5"), ("hmac+sha1", "SHA-1"), ("des", "DES"), ("gss", "have")])
def test_the_refusal_says_why(kind: str, reason: str) -> None:
    assert reason in refusal(kind)


def test_a_refusal_does_not_repeat_a_long_name() -> None:
    assert len(refusal("x" * 10_000)) < 120


@pytest.mark.parametrize("salt_digest", ["xor", "des", "hmac", "hmac+md5", "hmac+sha1", ""])
def test_weak_salt_digests_are_refused(salt_digest: str) -> None:
    with pytest.raises(AuthenticationFailed, match="salt digest"):
        combine_salts(salt_digest, CLIENT_SALT, SERVER_SALT)


@pytest.mark.parametrize("case", STOCK["answered"], ids=lambda case: f"{case['peer']}-{case['case']}-{case['digest']}")
def test_the_formulas_reproduce_what_stock_clients_answered(case: dict[str, str]) -> None:
    combined = combine_salts(
        case["salt_digest"], bytes.fromhex(case["client_salt"]), bytes.fromhex(case["server_salt"])
    )
    assert gendigest(case["digest"], bytes.fromhex(case["password"]), combined).hex() == case["response"]


def stock_attempt(case: dict[str, str]) -> Attempt:
    salts = bytes.fromhex(case["client_salt"]), bytes.fromhex(case["server_salt"])
    return Attempt("root", bytes.fromhex(case["response"]), *salts, case["digest"], case["salt_digest"])


@pytest.mark.parametrize("case", [case for case in STOCK["answered"] if case["digest"] != "xor"])
def test_the_server_accepts_what_stock_clients_answered(case: dict[str, str]) -> None:
    password = bytes.fromhex(case["password"])
    verify_hmac(stock_attempt(case), [password])
    with pytest.raises(AuthenticationFailed):
        verify_hmac(stock_attempt(case), [password + b"x"])


@pytest.mark.parametrize("case", STOCK["refused"], ids=lambda case: case["case"])
def test_the_wrong_password_of_a_recorded_conversation_is_refused(case: dict[str, str]) -> None:
    with pytest.raises(AuthenticationFailed, match="wrong password"):
        verify_hmac(stock_attempt(case), [bytes.fromhex(case["password"])])


@pytest.mark.parametrize("offer", STOCK["offers"], ids=lambda offer: offer["peer"])
def test_the_digest_chosen_for_stock_clients(offer: dict[str, list[str]]) -> None:
    peer = str(offer["peer"])
    if "limited to xor" in peer:
        with pytest.raises(AuthenticationFailed, match="cannot proceed"):
            choose_digest(offer["digest"], needs_clear=False, transport_private=True)
        assert choose_digest(offer["digest"], needs_clear=True, transport_private=True) == "xor"
        return
    expected = "hmac+sha256" if "sha256" in peer else "hmac+sha512"
    assert choose_digest(offer["digest"], needs_clear=False, transport_private=False) == expected
    assert choose_salt_digest(offer["salt_digest"]) == expected


@pytest.mark.parametrize("digest", SERVER_DIGESTS)
def test_each_digest_of_the_server_is_chosen_when_it_is_the_only_one(digest: str) -> None:
    offered = ["hmac", "hmac+md5", "hmac+sha1", "xor", "des", digest]
    assert choose_digest(offered, needs_clear=False, transport_private=False) == digest
    assert choose_salt_digest(offered) == digest


@pytest.mark.parametrize("offered", [[], ["xor"], ["hmac"], ["hmac+md5", "hmac+sha1"], ["hmac+sha224"], ["des"]])
def test_a_client_with_weak_digests_only_is_refused(offered: list[str]) -> None:
    with pytest.raises(AuthenticationFailed, match="cannot proceed without 'hmac"):
        choose_digest(offered, needs_clear=False, transport_private=True)
    with pytest.raises(AuthenticationFailed, match="salt digest"):
        choose_salt_digest(offered)


def test_xor_is_chosen_only_for_the_clear_password_and_only_in_private() -> None:
    everything = [*CLIENT_DIGESTS, "xor"]
    assert choose_digest(everything, needs_clear=True, transport_private=True) == "xor"
    assert choose_digest(everything, needs_clear=False, transport_private=True) == "hmac+sha512"
    with pytest.raises(AuthenticationFailed, match="not encrypted"):
        choose_digest(everything, needs_clear=True, transport_private=False)
    with pytest.raises(AuthenticationFailed, match="'xor'"):
        choose_digest(CLIENT_DIGESTS, needs_clear=True, transport_private=True)


@pytest.mark.parametrize("digest", SERVER_DIGESTS)
@pytest.mark.parametrize("salt_digest", CLIENT_DIGESTS)
def test_verify_accepts_the_right_password_among_several(digest: str, salt_digest: str) -> None:
    made = attempt(PASSWORD, digest=digest, salt_digest=salt_digest)
    verify_hmac(made, [b"other", PASSWORD, b"third"])
    with pytest.raises(AuthenticationFailed):
        verify_hmac(made, [b"other", PASSWORD + b"\n"])


@pytest.mark.parametrize("password", [b"", b"\0", b"secret\0more"])
def test_an_empty_password_or_one_with_a_nul_byte_never_matches(password: bytes) -> None:
    assert not usable_password(password)
    with pytest.raises(AuthenticationFailed):
        verify_hmac(attempt(password), [password])


def test_verify_refuses_without_candidates() -> None:
    with pytest.raises(AuthenticationFailed):
        verify_hmac(attempt(PASSWORD), [])


@pytest.mark.parametrize("digest", ["xor", "hmac+sha224"])
def test_verify_refuses_digests_that_the_server_does_not_ask_for(digest: str) -> None:
    with pytest.raises(AuthenticationFailed, match="is refused"):
        verify_hmac(attempt(PASSWORD, digest=digest), [PASSWORD])


def test_a_response_is_bound_to_both_salts() -> None:
    made = attempt(PASSWORD)
    replayed = Attempt("", made.response, made.client_salt, bytes(64), made.digest, made.salt_digest)
    resalted = Attempt("", made.response, bytes(32), made.server_salt, made.digest, made.salt_digest)
    for changed in (replayed, resalted):
        with pytest.raises(AuthenticationFailed):
            verify_hmac(changed, [PASSWORD])


@given(st.binary(min_size=1, max_size=300).filter(lambda value: b"\0" not in value))
def test_xor_gives_the_password_back(password: bytes) -> None:
    assert recover_password(attempt(password, digest="xor")) == password


def test_recovering_refuses_other_digests_and_unusable_passwords() -> None:
    for made in (attempt(PASSWORD), attempt(b"", digest="xor"), attempt(b"a\0", digest="xor")):
        with pytest.raises(AuthenticationFailed):
            recover_password(made)
    with pytest.raises(AuthenticationFailed, match="too long"):
        recover_password(attempt(b"x" * 5000, digest="xor"))


@pytest.mark.parametrize(
    ("password", "spelt"),
    [
        (b"plain", b"plain"),
        ("pä55".encode(), b"p\xe455"),
        ("€uro".encode(), "€uro".encode()),
        (b"p\xe455", b"p\xe455"),
    ],
)
def test_stock_peers_spell_a_password_in_latin1_where_that_is_possible(password: bytes, spelt: bytes) -> None:
    assert latin1_spelling(password) == spelt


@given(st.sampled_from(SERVER_DIGESTS), st.binary(max_size=64), st.binary(min_size=1, max_size=MAX_SERVER_SALT))
def test_hmac_is_lowercase_hexadecimal_text(digest: str, secret: bytes, salt: bytes) -> None:
    text = gendigest(digest, secret, salt).decode("ascii")
    assert text == text.lower()
    assert bytes.fromhex(text)
