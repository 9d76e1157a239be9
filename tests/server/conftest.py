"""Files that servers and clients of the tests name on their command lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.pki import make_authority

SECRETS = {
    "key.txt": b"the-key-of-the-house-0123456789",
    "wrong-key.txt": b"another-key-altogether-98765432",
    "password.txt": b"the-right-password",
    "wrong-password.txt": b"quite-a-wrong-password",
    "users.txt": b"alice|the-right-password\nbob|the-password-of-bob\n",
}


@pytest.fixture(scope="session")
def material(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with keys, passwords, a script and certificates."""
    folder = tmp_path_factory.mktemp("material")
    for name, content in SECRETS.items():
        path = folder / name
        path.touch(mode=0o600)
        path.write_bytes(content)
    script = folder / "alice-only"
    script.write_text('#!/bin/sh\nfor fact; do [ "$fact" = username=alice ] && exit 0; done\nexit 1\n')
    script.chmod(0o700)
    ours, foreign = make_authority(), make_authority("somebody else's CA")
    (folder / "ca.crt").write_bytes(ours.identity.cert_pem)
    ours.issue().write(folder, "server")
    ours.issue("alice", None, client=True).write(folder, "alice")
    foreign.issue("alice", None, client=True).write(folder, "foreign")
    return folder
