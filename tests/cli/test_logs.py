"""Logging: parts, files, and the second belt against secrets."""

from __future__ import annotations

import base64
import logging
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from limpet.cli.logs import Redactor, debug_loggers, set_up_logging
from limpet.config.options import GeneralOptions
from limpet.errors import ConfigError, ExitCode, OptionError
from limpet.values import Secret

NAMES = ["limpet", "limpet.net", "limpet.auth", "limpet.x11", "limpet.client", "limpet.wire", "limpet.session"]


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, levels = list(root.handlers), {name: logging.getLogger(name).level for name in ["", *NAMES]}
    yield
    for handler in root.handlers:
        if handler not in handlers:
            handler.close()
    root.handlers[:] = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def test_words_become_loggers() -> None:
    assert debug_loggers(["all"]) == ("limpet",)
    assert debug_loggers(["net", "auth", "net.tls"]) == ("limpet.net", "limpet.auth", "limpet.net.tls")
    assert debug_loggers(["network", "keyboard"]) == ("limpet.net", "limpet.x11", "limpet.client")
    with pytest.raises(OptionError, match="'nosuch'") as caught:
        debug_loggers(["nosuch"])
    assert "session" in caught.value.hint


def test_what_is_asked_for_is_logged_to_the_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "log"
    set_up_logging(GeneralOptions(debug=("net",), log_file=str(path)), [])
    logging.getLogger("limpet.net").debug("detail of net")
    logging.getLogger("limpet.auth").debug("detail of auth")
    logging.getLogger("limpet.auth").warning("warning of auth")
    text = path.read_text()
    assert "DEBUG limpet.net: detail of net" in text
    assert "detail of auth" not in text
    assert "WARNING limpet.auth: warning of auth" in text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_log_is_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("before\n")
    set_up_logging(GeneralOptions(log_file=str(path)), [])
    logging.getLogger("limpet").warning("after")
    assert path.read_text().startswith("before\n")


def test_the_level_decides_about_the_rest(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(GeneralOptions(), [], level=logging.INFO)
    logging.getLogger("limpet.net").info("hello")
    logging.getLogger("somebody.else").info("noise")
    assert capsys.readouterr().err == "limpet: hello\n"


def test_the_terminal_is_told_what_is_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(GeneralOptions(), [Secret(b"topsecret1")])
    logging.getLogger("limpet.net").warning("not verified, topsecret1")
    logging.getLogger("limpet.net").error("broken")
    assert capsys.readouterr().err == "limpet: warning: not verified, ***\nlimpet: error: broken\n"


def test_a_log_that_is_read_later_has_dates(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(GeneralOptions(), [], level=logging.INFO, dated=True)
    logging.getLogger("limpet.net").info("hello")
    assert re.fullmatch(r"2\d{3}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} INFO limpet\.net: hello\n", capsys.readouterr().err)


def test_a_log_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--log-file=") as caught:
        set_up_logging(GeneralOptions(log_file=str(tmp_path / "no" / "log")), [])
    assert caught.value.exit_code is ExitCode.IO_ERROR


@pytest.mark.parametrize(
    "spelled",
    [
        "topsecret1",
        b"topsecret1".hex(),
        b"topsecret1".hex().upper(),
        base64.b64encode(b"topsecret1").decode(),
        repr(b"topsecret1"),
    ],
)
def test_known_secrets_are_taken_out_in_every_spelling(tmp_path: Path, spelled: str) -> None:
    path = tmp_path / "log"
    set_up_logging(GeneralOptions(debug=("all",), log_file=str(path)), [Secret(b"topsecret1"), "other-secret"])
    logger = logging.getLogger("limpet.net")
    logger.debug("the key is %s, and other-secret", spelled)
    try:
        raise ValueError(spelled)
    except ValueError:
        logger.exception("failed")
    text = path.read_text()
    assert spelled not in text
    assert "other-secret" not in text
    assert text.count("***") >= 3


def test_very_short_secrets_would_hide_everything_and_are_left() -> None:
    assert Redactor(["a", Secret(b"ab"), "abcd"]).clean("abc abcd a") == "abc *** a"


def test_secrets_that_are_no_text_are_found_by_their_repr() -> None:
    key = b"\xff\xfe\xfd\xfc"
    assert Redactor([Secret(key)]).clean(f"key {key!r}") == "key b'***'"
