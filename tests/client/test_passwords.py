"""Where a client's passwords come from."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from limpet.auth.answer import TransportFacts, offered_digests
from limpet.auth.digest import XOR
from limpet.auth.sources import MAX_FILE, PasswordRequest
from limpet.client.connection import is_local
from limpet.client.passwords import password_sources
from limpet.client.plan import PasswordPlan
from limpet.errors import ConfigError, ExitCode
from limpet.net.stream import StreamFacts
from limpet.values import Secret

REQUEST = PasswordRequest("tcp://host:1/")


def taken(plan: PasswordPlan, count: int = 1) -> list[bytes]:
    async def take() -> list[bytes]:
        sources = password_sources(plan, None)
        return [(await sources.take(REQUEST)).secret.reveal() for _ in range(count)]

    return asyncio.run(take())


def test_url_files_and_environment_in_this_order(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"from a\n")
    plan = PasswordPlan(Secret(b"from the url"), (str(tmp_path / "a"),), Secret(b"from the environment"))
    assert taken(plan, 3) == [b"from the url", b"from a\n", b"from the environment"]


def test_a_file_that_is_too_large_is_refused_and_not_cut(tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(b"x" * MAX_FILE)
    assert taken(PasswordPlan(files=(str(path),))) == [b"x" * MAX_FILE]
    path.write_bytes(b"x" * (MAX_FILE + 1))
    with pytest.raises(ConfigError, match="larger than") as caught:
        taken(PasswordPlan(files=(str(path),)))
    assert caught.value.exit_code is ExitCode.PASSWORD_FILE_ERROR


@pytest.mark.parametrize(("kind", "shown"), [("unix", True), ("tcp", False), ("ssl", False)])
def test_a_password_is_shown_to_a_unix_socket_and_not_to_whoever_has_a_port_of_the_loopback(
    kind: str, shown: bool
) -> None:
    facts = StreamFacts(kind=kind, peer="127.0.0.1:1", local="127.0.0.1:2", loopback=True)
    transport = TransportFacts(encrypted=False, local=is_local(facts))
    assert (XOR in offered_digests(transport)) is shown
