"""The command-line syntax of modules, and what is kept out of sight."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limpet.auth.module import ModuleFailure, ModuleSpec, PeerFacts, parse_module
from limpet.errors import AuthenticationFailed, OptionError
from tests.auth.support import AES, SSL, TCP, UNIX, attempt


@pytest.mark.parametrize(
    ("text", "name", "options"),
    [
        ("none", "none", {}),
        (" Allow ", "allow", {}),
        ("file:filename=/a/b", "file", {"filename": "/a/b"}),
        ("file,filename=/a/b", "file", {"filename": "/a/b"}),
        ("file(filename=/a/b)", "file", {"filename": "/a/b"}),
        ("file()", "file", {}),
        ("file:", "file", {}),
        ("peercred:uid=1:2,allow-owner=no", "peercred", {"uid": "1:2", "allow-owner": "no"}),
        ("peercred(uid=1:2, allow_owner=no)", "peercred", {"uid": "1:2", "allow-owner": "no"}),
        ("password:value=a=b", "password", {"value": "a=b"}),
        ("password:value=", "password", {"value": ""}),
        ("password(value=(a)b)", "password", {"value": "(a)b"}),
        ('exec(command="/bin/check -a,b",timeout=5)', "exec", {"command": "/bin/check -a,b", "timeout": "5"}),
        ("exec:command='/bin/c x'", "exec", {"command": "/bin/c x"}),
        ("kerberos_token:service=x", "kerberos-token", {"service": "x"}),
    ],
)
def test_both_syntaxes_of_a_module(text: str, name: str, options: dict[str, str]) -> None:
    spec = parse_module(text)
    assert (spec.name, dict(spec.options)) == (name, options)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "missing its name"),
        (":filename=x", "missing its name"),
        ("fi/le", "missing its name"),
        ("file(filename=x", "closing parenthesis"),
        ("file:filename", "part 1 of its options is not option=value"),
        ("file:filename=x,hunter2", "part 2 of its options is not option=value"),
        ("file:filename=x,,prompt=y", "part 2 of its options is empty"),
        ("file:=x", "no proper name"),
        ("file:a b=x", "no proper name"),
        ("file:filename=x,filename=y", "given twice"),
        ('exec:command="x', "quotes"),
        ('exec:command="x"y', "quotes"),
    ],
)
def test_what_does_not_parse_is_an_option_error(text: str, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        parse_module(text)


def test_a_password_with_a_comma_does_not_show_in_the_error() -> None:
    with pytest.raises(OptionError) as caught:
        parse_module("password:value=first,hunter2")
    assert "hunter2" not in f"{caught.value} {caught.value.hint}"


@given(st.text(max_size=60))
def test_any_text_parses_or_is_an_option_error(text: str) -> None:
    try:
        spec = parse_module(text)
    except OptionError:
        return
    assert spec.name


def test_option_values_are_in_no_text_of_a_spec() -> None:
    spec = parse_module("password:value=hunter2")
    assert str(spec) == "password"
    assert "hunter2" not in repr(spec) + f"{spec}"
    assert ModuleSpec("none") == ModuleSpec("none", {})


def test_an_attempt_shows_neither_response_nor_salts() -> None:
    made = attempt(b"pa55word")
    assert made.response.decode() not in repr(made)
    assert "salt=" not in repr(made)


def test_private_means_encrypted_or_a_unix_socket() -> None:
    assert [facts.private for facts in (TCP, SSL, AES, UNIX)] == [False, True, True, True]
    assert not PeerFacts(kind="tcp", address="127.0.0.1", loopback=True).private


def test_a_module_failure_is_an_authentication_failure_to_everybody_else() -> None:
    assert issubclass(ModuleFailure, AuthenticationFailed)


def test_who_forgets_the_name_of_an_option_is_shown_the_form() -> None:
    with pytest.raises(OptionError) as caught:
        parse_module("file:password.txt")
    assert "write file:OPTION=VALUE" in caught.value.hint
    assert "password.txt" not in f"{caught.value}{caught.value.hint}"
