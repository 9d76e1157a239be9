"""What the log says of logins that fail: once, with the peer's address and the user (issue: authentication)."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from tests.server.house import house, visit

FAILURES = [
    ("file:filename=password.txt", ["--password-file=wrong-password.txt"], "wrong password"),
    ("reject", ["--password-file=wrong-password.txt"], "refuses everybody"),
    ("fail", [], "as it should"),
    ("exec:command=/bin/false", [], "exit status 1"),
]


@pytest.mark.parametrize(("module", "words", "cause"), FAILURES)
def test_a_failed_login_is_logged_once_with_peer_and_user(
    module: str, words: list[str], cause: str, material: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def go() -> None:
        async with house(material, f"--bind-tcp=127.0.0.1:0 --tcp-auth={module}") as opened:
            seen = await visit(material, f"tcp://{opened.address()}/", "--username=alice", *words)
            assert not seen.accepted

    with caplog.at_level("WARNING", "limpet.server"):
        asyncio.run(go())
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("limpet.server")]
    assert len(lines) == 1, lines
    assert re.match(r"127\.0\.0\.1:\d+: login failed for user 'alice': ", lines[0])
    assert cause in lines[0]
