"""Values of encryption options."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limpet.config.encryption import AesDemand, AesPlan, KeySource, parse_encryption
from limpet.errors import ExitCode, OptionError
from limpet.values import Secret


@pytest.mark.parametrize(
    ("text", "demand"),
    [
        ("AES", AesDemand(on=True)),
        ("aes", AesDemand(on=True)),
        ("AES-CBC", AesDemand(on=True, mode="CBC")),
        ("aes-ctr", AesDemand(on=True, mode="CTR")),
        ("none", AesDemand(on=False)),
        ("No", AesDemand(on=False)),
        ("off", AesDemand(on=False)),
    ],
)
def test_known_values(text: str, demand: AesDemand) -> None:
    assert parse_encryption(text, "--encryption") == demand


@pytest.mark.parametrize("mode", ["GCM", "CFB"])
def test_modes_that_are_gone_say_what_to_use(mode: str) -> None:
    with pytest.raises(OptionError, match=mode) as caught:
        parse_encryption(f"AES-{mode}", "--tcp-encryption")
    assert "AES-CBC or AES-CTR" in caught.value.hint
    assert caught.value.exit_code is ExitCode.ENCRYPTION


@given(st.text(max_size=12))
def test_anything_else_is_refused_by_name(text: str) -> None:
    try:
        demand = parse_encryption(text, "--encryption")
    except OptionError as error:
        demand, message = None, str(error)
    assert demand.mode in {None, "CBC", "CTR"} if demand else message.startswith("--encryption: ")


def test_a_plan_shows_no_key() -> None:
    plan = AesPlan("CTR", KeySource.KEYDATA, Secret(b"topsecret"), "key data")
    assert plan.name == "AES-CTR"
    assert "topsecret" not in repr(plan)
