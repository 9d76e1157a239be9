"""The environment: read once, handed on without secrets."""

from __future__ import annotations

import os

import pytest

from limpet.config.credentials import (
    environment_variables,
    read_environment,
    scrubbed_environment,
    variables_of_modules,
)


def test_credentials_are_secrets() -> None:
    environment = read_environment(
        {"XPRA_PASSWORD": "pw", "XPRA_ENCRYPTION_KEY": "key", "XPRA_SSL_KEY_PASSWORD": "ssl", "XPRA_USERNAME": "bob"}
    )
    assert [secret.reveal() for secret in environment.secrets()] == [b"pw", b"key", b"ssl"]
    assert environment.username == "bob"
    assert "pw" not in repr(environment)


def test_limpets_own_spelling_wins() -> None:
    environment = read_environment({"XPRA_PASSWORD": "old", "LIMPET_PASSWORD": "new"})
    assert environment.password and environment.password.reveal() == b"new"


def test_an_empty_variable_is_none() -> None:
    assert read_environment({"XPRA_PASSWORD": "", "XPRA_ENCRYPTION_KEY": ""}).secrets() == ()


def test_bytes_that_are_no_text_survive() -> None:
    raw = os.fsdecode(b"\xff\xfe")
    password = read_environment({"XPRA_PASSWORD": raw}).password
    assert password and password.reveal() == b"\xff\xfe"


def test_directories_follow_the_conventions() -> None:
    environment = read_environment({"HOME": "/home/u", "XDG_RUNTIME_DIR": "/run/u", "DISPLAY": ":1"})
    assert (environment.config_home, environment.state_home) == ("/home/u/.config", "/home/u/.local/state")
    assert (environment.runtime_dir, environment.display, environment.home) == ("/run/u", ":1", "/home/u")
    assert read_environment({"HOME": "/h", "XDG_CONFIG_HOME": "/c"}).config_home == "/c"
    assert read_environment({}).config_home == ""


def test_the_login_name_is_that_of_the_user_who_runs_this() -> None:
    import pwd

    assert read_environment({"LOGNAME": "somebody-else"}).login == pwd.getpwuid(os.geteuid()).pw_name


def test_the_process_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMPET_PASSWORD", "from the process")
    password = read_environment().password
    assert password and password.reveal() == b"from the process"
    assert environment_variables()["LIMPET_PASSWORD"] == "from the process"
    assert "LIMPET_PASSWORD" not in scrubbed_environment()


def test_children_get_no_credentials() -> None:
    variables = {"PATH": "/bin", "XPRA_PASSWORD": "a", "LIMPET_ENCRYPTION_KEY": "b", "MYSECRET": "c", "DISPLAY": ":0"}
    assert scrubbed_environment(variables, drop=["MYSECRET", "DISPLAY"], add={"LANG": "C"}) == {
        "PATH": "/bin",
        "LANG": "C",
    }


def test_what_the_user_sets_for_children_is_there() -> None:
    assert scrubbed_environment({"XPRA_X": "1"}, drop=["A"], add={"XPRA_X": "2", "A": "3"}) == {"XPRA_X": "2", "A": "3"}


def test_variables_that_modules_name() -> None:
    assert variables_of_modules(["env:name=SECRET1", "env(name=SECRET2,prompt=x)", "env,name=S3", "file:name=NO"]) == {
        "SECRET1",
        "SECRET2",
        "S3",
    }
