from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.pki import Authority, Files, make_authority


@pytest.fixture(scope="session")
def authority() -> Authority:
    return make_authority()


@pytest.fixture(scope="session")
def pki_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pki")


@pytest.fixture(scope="session")
def ca_file(authority: Authority, pki_dir: Path) -> Path:
    return authority.write(pki_dir)


@pytest.fixture(scope="session")
def server_files(authority: Authority, pki_dir: Path) -> Files:
    return authority.issue().write(pki_dir, "server")


@pytest.fixture(scope="session")
def client_files(authority: Authority, pki_dir: Path) -> Files:
    return authority.issue("alice", None, client=True).write(pki_dir, "client")
