"""Where a client's password comes from, in which order, and how often."""

from __future__ import annotations

import asyncio
import errno

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limpet.auth.sources import (
    EnvironmentSource,
    FileSource,
    GivenSource,
    PasswordRequest,
    PasswordSource,
    PasswordSources,
    PromptSource,
    clean_prompt,
)
from limpet.errors import ConfigError, ExitCode, PasswordRequired
from limpet.values import Secret

REQUEST = PasswordRequest("host:14500", "alice", "password for user 'alice'")


def given_password(text: str) -> GivenSource:
    return GivenSource(Secret(text.encode()))


def file_source(content: bytes | OSError) -> FileSource:
    async def read(path: str, limit: int) -> bytes:
        assert (path, limit) == ("/pw", 65536)
        if isinstance(content, OSError):
            raise content
        return content

    return FileSource("/pw", read)


class Keyboard:
    """A user who types `answers`, one for each question."""

    def __init__(self, *answers: str | None) -> None:
        self.answers = list(answers)
        self.questions: list[str] = []

    async def ask(self, request: PasswordRequest) -> str | None:
        self.questions.append(request.question)
        return self.answers.pop(0)


def take(sources: PasswordSources) -> bytes:
    return asyncio.run(sources.take(REQUEST)).secret.reveal()


def test_sources_are_used_in_their_order_and_each_once() -> None:
    keyboard = Keyboard("typed", "again")
    order: list[PasswordSource] = [
        given_password("from url"),
        file_source(b"from file"),
        EnvironmentSource({"XPRA_PASSWORD": "from env"}),
        PromptSource(keyboard.ask),
    ]
    sources = PasswordSources(order)
    assert [take(sources) for _ in range(5)] == [b"from url", b"from file", b"from env", b"typed", b"again"]
    assert len(keyboard.questions) == 2


def test_a_source_without_a_password_is_passed_over() -> None:
    sources = PasswordSources([given_password(""), EnvironmentSource({}), given_password("here")])
    assert take(sources) == b"here"


def test_no_password_left_is_an_error_that_says_what_was_tried_and_how_to_give_one() -> None:
    sources = PasswordSources([given_password("one")])
    take(sources)
    with pytest.raises(PasswordRequired, match=r"host:14500 asks .* \(tried the URL\)") as caught:
        take(sources)
    assert "--password-file" in caught.value.hint
    assert caught.value.exit_code == ExitCode.PASSWORD_REQUIRED
    with pytest.raises(PasswordRequired, match="none is given"):
        take(PasswordSources([]))


def test_a_user_who_declines_is_not_asked_again() -> None:
    keyboard = Keyboard(None)
    sources = PasswordSources([PromptSource(keyboard.ask)])
    for _ in range(2):
        with pytest.raises(PasswordRequired):
            take(sources)
    assert len(keyboard.questions) == 1


def test_an_empty_answer_is_none() -> None:
    with pytest.raises(PasswordRequired):
        take(PasswordSources([PromptSource(Keyboard("").ask)]))


def test_a_user_is_asked_at_most_four_times_a_login() -> None:
    keyboard = Keyboard("1", "2", "3", "4", "5")
    sources = PasswordSources([PromptSource(keyboard.ask)])
    assert [take(sources) for _ in range(4)] == [b"1", b"2", b"3", b"4"]
    with pytest.raises(PasswordRequired):
        take(sources)


def test_a_reconnect_asks_nothing_twice() -> None:
    keyboard = Keyboard("one", "two")
    first = PasswordSources([given_password("url"), PromptSource(keyboard.ask)])
    assert [take(first) for _ in range(3)] == [b"url", b"one", b"two"]
    second = first.again()
    assert [take(second) for _ in range(3)] == [b"url", b"one", b"two"]
    assert len(keyboard.questions) == 2


def test_the_environment_prefers_our_own_name() -> None:
    both = EnvironmentSource({"XPRA_PASSWORD": "theirs", "LIMPET_PASSWORD": "ours"})
    assert both.name == "the environment variable LIMPET_PASSWORD"
    assert take(PasswordSources([both])) == b"ours"
    assert EnvironmentSource({"XPRA_PASSWORD": "x"}).name == "the environment variable XPRA_PASSWORD"
    assert not EnvironmentSource({"XPRA_PASSWORD": ""}).ready


def test_text_is_utf8_and_a_file_is_taken_as_it_stands() -> None:
    text = asyncio.run(PasswordSources([EnvironmentSource({"XPRA_PASSWORD": "pä55"})]).take(REQUEST))
    assert (text.secret.reveal(), text.from_file) == ("pä55".encode(), False)
    raw = asyncio.run(PasswordSources([file_source(b"\xff secret \n")]).take(REQUEST))
    assert (raw.secret.reveal(), raw.from_file) == (b"\xff secret \n", True)


def test_a_file_that_cannot_be_read_names_the_option() -> None:
    with pytest.raises(ConfigError, match=r"'/pw': No such file") as caught:
        take(PasswordSources([file_source(FileNotFoundError(errno.ENOENT, "No such file or directory"))]))
    assert "--password-file" in caught.value.hint
    assert caught.value.exit_code == ExitCode.PASSWORD_FILE_ERROR
    with pytest.raises(ConfigError, match="took too long"):
        take(PasswordSources([file_source(OSError("took too long"))]))


def test_an_empty_file_is_an_error() -> None:
    with pytest.raises(ConfigError, match="is empty") as caught:
        take(PasswordSources([file_source(b"")]))
    assert caught.value.exit_code == ExitCode.PASSWORD_FILE_ERROR


def test_a_nul_byte_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(ConfigError, match=r"--password-file=/pw holds a NUL byte") as caught:
        take(PasswordSources([file_source(b"hunter2\0")]))
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(("content", "hinted"), [(b"secret\n", True), (b"secret", False)])
def test_a_newline_at_the_end_of_the_file_is_what_may_be_wrong(content: bytes, hinted: bool) -> None:
    sources = PasswordSources([file_source(content), given_password("x")])
    assert sources.failure_hint == ""
    take(sources)
    assert ("ends in a newline" in sources.failure_hint) is hinted
    take(sources)
    assert sources.failure_hint == ""


def test_the_first_password_as_a_key_loses_newlines_and_still_answers_the_first_challenge() -> None:
    keyboard = Keyboard("typed")
    sources = PasswordSources([PromptSource(keyboard.ask)])
    assert asyncio.run(sources.key(REQUEST)).reveal() == b"typed"
    assert take(sources) == b"typed"
    assert len(keyboard.questions) == 1
    filed = PasswordSources([file_source(b"\r\nse cret\r\n\n")])
    assert asyncio.run(filed.key(REQUEST)).reveal() == b"se cret"
    assert take(filed) == b"\r\nse cret\r\n\n"


def test_a_key_needs_a_password() -> None:
    with pytest.raises(PasswordRequired):
        asyncio.run(PasswordSources([]).key(REQUEST))
    with pytest.raises(ConfigError, match="nothing but newlines"):
        asyncio.run(PasswordSources([file_source(b"\r\n")]).key(REQUEST))


def test_ready_means_that_nobody_has_to_be_asked() -> None:
    prompt = PromptSource(Keyboard().ask)
    assert not PasswordSources([prompt]).ready
    assert not PasswordSources([given_password(""), EnvironmentSource({}), prompt]).ready
    assert PasswordSources([prompt, file_source(b"x")]).ready


def test_the_question_says_who_asks_and_for_whom() -> None:
    assert REQUEST.question == "host:14500 (user alice) asks: password for user 'alice': "
    assert PasswordRequest("h", prompt="OTP: ").question == "h asks: OTP: "
    assert PasswordRequest("h", prompt="\n\t").question == "h asks: password: "


@given(st.text(max_size=2000))
def test_a_strangers_prompt_is_one_short_printable_line(text: str) -> None:
    cleaned = clean_prompt(text)
    assert cleaned.isprintable()
    assert len(cleaned) <= 80


def test_terminal_escapes_do_not_reach_the_terminal() -> None:
    assert clean_prompt("pass\x1b[2Jword\r\nfake line") == "pass [2Jword fake line"
