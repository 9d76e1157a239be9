"""What `limpet start` decides before anything starts."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from limpet.config.credentials import Environment
from limpet.config.parser import parse_words
from limpet.config.schema import Scope
from limpet.errors import ConfigError
from limpet.server.plan import StartPlan, plan_start


def start(folder: Path, line: str, variables: dict[str, str] | None = None) -> StartPlan:
    words = shlex.split(line)
    parsed = parse_words(words, "start", Scope.START)
    return plan_start(
        parsed.arguments[0] if parsed.arguments else "",
        parsed.options,
        Environment(home=str(folder)),
        variables=variables or {},
        base=folder,
        words=("start", *words),
    )


@pytest.mark.parametrize(("text", "number"), [("", None), (":10", 10), ("10", 10), (":10.0", 10), (":0", 0)])
def test_the_display_is_a_number_or_left_to_the_x_server(tmp_path: Path, text: str, number: int | None) -> None:
    assert start(tmp_path, text).display == number


@pytest.mark.parametrize("text", [":x", "ssh://user:topsecret@host/1", ":99999", "tcp:host:1", ":10.1"])
def test_another_display_is_refused_without_repeating_it(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match="the display is a number") as caught:
        start(tmp_path, text)
    assert "topsecret" not in str(caught.value)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--exit-with-children", "there is none"),
        ("--exit-with-children --start=xterm", "there is none"),
        ('--start="un\'closed"', "--start="),
        ("--start-child=' '", "command is empty"),
        ("--resize=5000x100", "larger than --xvfb-geometry=3840x2160"),
        ("--bind-tcp=0.0.0.0:1", "can be reached from other machines"),
    ],
)
def test_what_cannot_work_is_refused(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        start(tmp_path, line)


def test_programs_get_a_clean_environment(tmp_path: Path) -> None:
    planned = start(
        tmp_path,
        "--env=LANG=C --bind-tcp=:1,auth=env:name=SECRET --tcp-auth=env:name=OTHER --bind-tcp=:2 --auth=env",
        {
            "PATH": "/bin",
            "SECRET": "a",
            "OTHER": "b",
            "XPRA_PASSWORD": "c",
            "LIMPET_PASSWORD": "d",
            "DISPLAY": ":0",
            "XAUTHORITY": "/x",
            "WAYLAND_DISPLAY": "w",
        },
    )
    assert planned.environment == {"PATH": "/bin", "LANG": "C"}
    assert planned.variables["SECRET"] == "a"


def test_the_plan_shows_no_secret_and_lists_those_to_keep_out_of_logs(tmp_path: Path) -> None:
    planned = start(
        tmp_path,
        "--bind-tcp=:1,keydata=0x746f70736563726574,auth=env:name=SECRET",
        {"SECRET": "topsecret", "XPRA_PASSWORD": "topsecret"},
    )
    assert "topsecret" not in repr(planned)
    assert [secret.reveal() for secret in planned.secrets()] == [b"topsecret"]
