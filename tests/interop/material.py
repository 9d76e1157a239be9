"""Keys, passwords and certificates under the names that the encryption page uses, in one folder."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.support import pki

KEY = "0123456789abcdef-limpet"
PASSWORD = "pa55word"


def make(folder: Path) -> None:
    """All files that a row of the page names, and their bad relatives."""
    (folder / "key.txt").write_text(f"{KEY}\n")
    (folder / "other-key.txt").write_text("fedcba9876543210-limpet\n")
    (folder / "password.txt").write_text(PASSWORD)  # stock peers take every byte of it, a final newline too
    (folder / "other-password.txt").write_text("passw0rd")
    authority, foreign = pki.make_authority(), pki.make_authority("another CA")
    authority.write(folder, "ca")
    foreign.write(folder, "foreign-ca")
    authority.issue().write(folder, "server")
    authority.issue_expired().write(folder, "expired")
    authority.issue("elsewhere.example", ("elsewhere.example",)).write(folder, "elsewhere")
    authority.issue("a client", None, client=True).write(folder, "client")
    foreign.issue("another client", None, client=True).write(folder, "foreign-client")
    for name in ("key", "other-key", "password", "other-password"):
        (folder / f"{name}.txt").chmod(0o600)
    page = folder / "page"
    page.mkdir()
    # "a temporary test certificate": key and certificate in one file
    subprocess.run(
        [
            *("openssl", "req", "-new", "-x509", "-days", "365", "-nodes", "-subj", "/CN=127.0.0.1"),
            *("-newkey", "rsa:2048", "-out", "cert.crt", "-keyout", "cert.key"),
        ],
        cwd=page,
        check=True,
        capture_output=True,
    )
    (folder / "cert.pem").write_bytes((page / "cert.key").read_bytes() + (page / "cert.crt").read_bytes())
    (folder / "cert.pem").chmod(0o600)
    pki.openssl_recipe(page, "localhost")
    for name in ("ca.crt", "server.crt", "server.key"):
        shutil.copy(page / name, folder / f"page-{name}")
    shutil.rmtree(page)


def copy(made: Path, folder: Path) -> None:
    """Give one test its own."""
    shutil.copytree(made, folder, dirs_exist_ok=True)
