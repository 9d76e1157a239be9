"""Key material at the start: sources in order, and mistakes that stop it."""

from __future__ import annotations

from pathlib import Path

import pytest

from limpet.config.encryption import KeySource
from limpet.errors import ConfigError, ExitCode
from limpet.net.keys import MAX_KEY_FILE, KeyFile, KeyMaterial, find_key
from limpet.values import Secret


def find(
    tmp_path: Path, *, keydata: bytes | None = None, file: str = "", environment: bytes | None = None
) -> KeyMaterial | None:
    return find_key(
        keydata=None if keydata is None else Secret(keydata),
        file=KeyFile(file, "--encryption-keyfile") if file else None,
        environment=None if environment is None else Secret(environment),
        resolve=lambda path: tmp_path / path,
    )


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "key.txt"
    path.write_bytes(b"\r\nthe key of the test\n\n")
    path.chmod(0o600)
    return path


def test_the_first_source_counts(tmp_path: Path, key: Path) -> None:
    found = find(tmp_path, keydata=b"0x30313233", file="key.txt", environment=b"env")
    assert found and (found.source, found.key.reveal()) == (KeySource.KEYDATA, b"0123")
    found = find(tmp_path, file="key.txt", environment=b"env")
    assert found and (found.source, found.key.reveal(), found.warning) == (
        KeySource.KEYFILE,
        b"the key of the test",
        "",
    )
    found = find(tmp_path, environment=b"env")
    assert found and (found.source, found.key.reveal()) == (KeySource.ENVIRONMENT, b"env")
    assert find(tmp_path) is None


def test_a_source_that_fails_is_not_passed_over(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        find(tmp_path, file="missing", environment=b"env")
    with pytest.raises(ConfigError):
        find(tmp_path, keydata=b"not a key!", environment=b"env")


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_file_that_others_can_read_is_warned_about(tmp_path: Path, key: Path, mode: int) -> None:
    key.chmod(mode)
    found = find(tmp_path, file="key.txt")
    assert found and f"mode {mode:04o}" in found.warning


@pytest.mark.parametrize(
    ("content", "problem"),
    [(b"", "nothing in it"), (b"\n\r\n", "nothing in it"), (b"x" * (MAX_KEY_FILE + 1), "larger than")],
)
def test_an_unusable_file_is_named(tmp_path: Path, content: bytes, problem: str) -> None:
    (tmp_path / "bad").write_bytes(content)
    with pytest.raises(ConfigError, match=problem) as caught:
        find(tmp_path, file="bad")
    assert "--encryption-keyfile=bad" in str(caught.value)
    assert caught.value.exit_code is ExitCode.KEY_FILE


@pytest.mark.parametrize("name", ["missing", ".", "a\0b"])
def test_what_cannot_be_read_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="cannot use the key file") as caught:
        find(tmp_path, file=name)
    assert caught.value.exit_code is ExitCode.KEY_FILE


def test_key_data_is_not_repeated(tmp_path: Path) -> None:
    for keydata in (b"topsecret!", b"topsecret\xff"):
        with pytest.raises(ConfigError) as caught:
            find(tmp_path, keydata=keydata)
        assert "topsecret" not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize(("size", "short"), [(1, True), (15, True), (16, False)])
def test_a_short_key_is_warned_about(tmp_path: Path, size: int, short: bool) -> None:
    found = find(tmp_path, environment=b"k" * size)
    assert found
    assert bool(found.warning) is short
    assert (f"only {size} bytes" in found.warning) is short
    (tmp_path / "open").write_bytes(b"k")
    (tmp_path / "open").chmod(0o644)
    both = find(tmp_path, file="open")
    assert both
    assert "chmod 600" in both.warning
    assert "only 1 bytes" in both.warning
