"""What `limpet start` refuses before it looks at listeners."""

from __future__ import annotations

import shlex

import pytest

from limpet.config.credentials import variables_of_modules
from limpet.config.options import Options
from limpet.config.parser import parse_words
from limpet.config.schema import Scope
from limpet.errors import ConfigError
from limpet.server.session_options import auth_values, check_session, display_number


def start(line: str) -> Options:
    return parse_words(shlex.split(line), "start", Scope.START).options


@pytest.mark.parametrize(("text", "number"), [("", None), (":10", 10), ("10", 10), (":10.0", 10), (":0", 0)])
def test_the_display_is_a_number_or_left_to_the_x_server(text: str, number: int | None) -> None:
    assert display_number(text) == number


@pytest.mark.parametrize("text", [":x", "ssh://user:topsecret@host/1", ":99999", "tcp:host:1", ":10.1"])
def test_another_display_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ConfigError, match="the display is a number") as caught:
        display_number(text)
    assert "topsecret" not in str(caught.value)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--exit-with-children", "there is none"),
        ("--exit-with-children --start=xterm", "there is none"),
        ('--start="un\'closed"', "--start="),
        ("--start-child=' '", "command is empty"),
        ("--resize=5000x100", "larger than --xvfb-geometry=3840x2160"),
    ],
)
def test_what_cannot_work_is_refused(line: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        check_session(start(line).session)


def test_what_can_work_passes() -> None:
    options = start("--start='xterm -e top' --start-child=xclock --exit-with-children --resize=800x600")
    check_session(options.session)
    assert options.session.exit_with_children


def test_authentication_of_every_listener_is_seen() -> None:
    options = start(
        "--bind-tcp=:1,auth=env:name=A --tcp-auth=env:name=B --bind=auto,auth=env(name=C) --auth=env:name=D"
    )
    assert variables_of_modules(auth_values(options)) == {"A", "B", "C", "D"}
