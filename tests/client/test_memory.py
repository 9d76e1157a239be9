"""Remembering which targets are legacy servers."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from limpet.client.memory import MAX_TARGETS, PeerMemory, memory_file, outgrown
from limpet.packets.capabilities import ServerHello
from limpet.packets.dialect import FLAT_313, parse_version
from limpet.session.events import Accepted

TARGET = "tcp://example.org:14500/"


def test_remembers_over_runs(tmp_path: Path) -> None:
    path = tmp_path / "state" / "legacy-servers"
    PeerMemory(path).remember(TARGET, legacy=True)
    assert PeerMemory(path).is_legacy(TARGET)
    assert not PeerMemory(path).is_legacy("tcp://other:1/")
    assert path.stat().st_mode & 0o077 == 0


def test_forgets_a_server_that_was_updated(tmp_path: Path) -> None:
    path = tmp_path / "file"
    PeerMemory(path).remember(TARGET, legacy=True)
    PeerMemory(path).remember(TARGET, legacy=False)
    assert not PeerMemory(path).is_legacy(TARGET)
    assert path.read_text() == ""


def test_writes_only_what_changed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    PeerMemory(path).remember(TARGET, legacy=False)
    assert not path.exists()


def test_keeps_the_latest_targets_only(tmp_path: Path) -> None:
    path = tmp_path / "file"
    memory = PeerMemory(path)
    for number in range(MAX_TARGETS + 3):
        memory.remember(f"tcp://host-{number}:1/", legacy=True)
    assert not PeerMemory(path).is_legacy("tcp://host-0:1/")
    assert PeerMemory(path).is_legacy(f"tcp://host-{MAX_TARGETS + 2}:1/")


def test_a_damaged_file_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"\xff\xfe\n" + TARGET.encode() + b"\n" + b"x" * 100_000)
    assert PeerMemory(path).is_legacy(TARGET)


def test_a_place_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    memory = PeerMemory(blocked / "below")
    memory.remember(TARGET, legacy=True)
    assert memory.is_legacy(TARGET)


def test_without_a_home_nothing_is_kept() -> None:
    assert memory_file("") is None
    memory = PeerMemory(None)
    memory.remember(TARGET, legacy=True)
    assert memory.is_legacy(TARGET)


def test_leaves_no_other_files(tmp_path: Path) -> None:
    memory = PeerMemory(tmp_path / "file")
    memory.remember(TARGET, legacy=True)
    memory.remember("tcp://other:1/", legacy=True)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("version", "session_type", "newer"),
    [("3.1.3", "seamless", False), ("", "", False), ("6.2.5-r0", "seamless", True), ("3.1.3", "limpet seamless", True)],
)
def test_a_legacy_server_that_was_replaced_is_noticed(version: str, session_type: str, newer: bool) -> None:
    hello = ServerHello(version=version, session_type=session_type)
    dialect = dataclasses.replace(FLAT_313, version=parse_version(version) or FLAT_313.version)
    assert outgrown(Accepted(hello=hello, caps={}, dialect=dialect, cipher="")) is newer
