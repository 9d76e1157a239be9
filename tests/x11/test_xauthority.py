from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limpet.values import Secret
from limpet.x11.xauthority import COOKIE_NAME, FAMILY_LOCAL, FAMILY_WILD, Entry, parse, read_cookie, write_authority

COOKIE = Secret(bytes(range(16)))


def test_what_was_written_is_read_for_its_display_only(tmp_path: Path) -> None:
    path = tmp_path / "Xauthority"
    write_authority(path, COOKIE, number=7, host="box")
    found = read_cookie(path, 7)
    assert found is not None
    assert found.reveal() == COOKIE.reveal()
    assert read_cookie(path, 8) is None


def test_without_a_number_it_fits_every_display(tmp_path: Path) -> None:
    path = tmp_path / "Xauthority"
    write_authority(path, COOKIE, number=None, host="box")
    assert read_cookie(path, 123) is not None


def test_the_file_is_private_and_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "Xauthority"
    path.write_bytes(b"old")
    path.chmod(0o644)
    (tmp_path / "Xauthority.new").write_bytes(b"left over")
    write_authority(path, COOKIE, number=1, host="box")
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_the_bytes_are_those_of_xauth(tmp_path: Path) -> None:
    path = tmp_path / "Xauthority"
    write_authority(path, COOKIE, number=7, host="box")
    # the first entry as `xauth -f FILE add box/unix:7 . 000102...0f` writes it (xauth 1.1.2)
    assert path.read_bytes().startswith(
        bytes.fromhex("0100 0003626f78 000137 0012") + b"MIT-MAGIC-COOKIE-1" + bytes.fromhex("0010") + bytes(range(16))
    )


def test_a_foreign_protocol_or_family_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "Xauthority"
    entries = (
        Entry(FAMILY_WILD, b"", b"1", b"XDM-AUTHORIZATION-1", COOKIE),
        Entry(0, b"\x7f\0\0\x01", b"1", COOKIE_NAME, COOKIE),
    )
    path.write_bytes(b"".join(entry.pack() for entry in entries))
    assert read_cookie(path, 1) is None


@given(st.binary(max_size=80))
def test_a_broken_file_gives_the_whole_entries_before_the_break(rest: bytes) -> None:
    good = Entry(FAMILY_LOCAL, b"h", b"3", COOKIE_NAME, COOKIE)
    found = list(parse(good.pack() + rest))
    assert (found[0].address, found[0].number, found[0].data.reveal()) == (b"h", b"3", COOKIE.reveal())


def test_a_missing_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        read_cookie(tmp_path / "none", 1)
