"""What a connection does between its first byte and the session, in virtual time."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable

import pytest

from limpet.auth.limiter import LoginLimiter, LoginSource
from limpet.auth.module import Attempt, ModuleFailure, ModuleSpec
from limpet.errors import AuthenticationFailed, ConfigError, ExitCode, LimitExceeded
from limpet.limits import OffloadLimits
from limpet.net.offload import Offload
from limpet.server import login as module
from limpet.server.login import Login, LoginServices, refusal
from limpet.session.events import KeyRequest
from limpet.values import Secret
from limpet.wire.cipher import derive_key
from tests.auth.support import TCP, UNIX, FakeEnv, attempt
from tests.server.house import VirtualTime
from tests.support.net import run

REQUEST = KeyRequest(salt=b"s" * 64, iterations=1000, key_hash="SHA1", key_size=32)
PASSWORD = ModuleSpec("password", {"value": "pa55word"})


class Bench:
    """The services of a server, with time of their own, and its logins."""

    def __init__(self) -> None:
        self.time = VirtualTime()
        self.env = FakeEnv()
        self.limiter = LoginLimiter()
        self.offload = Offload()
        self.services = LoginServices(
            env=self.env, limiter=self.limiter, offload=self.offload, clock=self.time.clock, sleep=self.time.sleep
        )

    def login(
        self, *specs: ModuleSpec, key: Secret | None = None, key_from_password: bool = False, facts: object = TCP
    ) -> Login:
        return Login(self.services, specs, facts, key=key, key_from_password=key_from_password)  # type: ignore[arg-type]

    async def try_password(self, password: bytes, user: str = "joe") -> float:
        """One connection with one answer; the seconds until it is told. The error goes on."""
        login = self.login(PASSWORD)
        (authenticator,) = login.modules(user)
        started = self.time.now
        try:
            await login.verify(authenticator, attempt(password), user)
        except AuthenticationFailed:
            return self.time.now - started
        login.passed()
        return -(self.time.now - started)


@dataclasses.dataclass
class Module:
    """An authenticator that does what the test says."""

    answer: Callable[[], Awaitable[None]]
    needs_challenge: bool = True
    proof: bool = True
    needs_clear: bool = False
    prompt: str = "password"
    user: str = ""

    async def verify(self, _: Attempt | None, /) -> None:
        await self.answer()

    async def reveal_password(self) -> Secret | None:
        return None


def check(story: Callable[[Bench], Awaitable[None]]) -> None:
    async def told() -> None:
        bench = Bench()
        try:
            await story(bench)
        finally:
            bench.offload.close()

    run(told())


def test_a_right_password_passes_at_once() -> None:
    async def story(bench: Bench) -> None:
        assert await bench.try_password(b"pa55word") == 0.0

    check(story)


def test_a_wrong_password_is_answered_after_a_second() -> None:
    async def story(bench: Bench) -> None:
        assert await bench.try_password(b"wrong") == 1.0

    check(story)


def test_after_five_failures_answers_take_twice_as_long_each_time_up_to_a_minute() -> None:
    async def story(bench: Bench) -> None:
        waits = [await bench.try_password(b"wrong") for _ in range(12)]
        assert waits[:5] == [1.0] * 5
        assert waits[5:] == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0]

    check(story)


def test_a_right_password_after_them_is_delayed_and_not_refused() -> None:
    async def story(bench: Bench) -> None:
        for _ in range(8):
            await bench.try_password(b"wrong")
        assert await bench.try_password(b"pa55word") == -8.0
        assert await bench.try_password(b"pa55word") == 0.0, "the failures of this user are forgotten"

    check(story)


def test_another_user_from_the_same_address_is_counted_apart() -> None:
    async def story(bench: Bench) -> None:
        for _ in range(8):
            await bench.try_password(b"wrong", "joe")
        assert await bench.try_password(b"pa55word", "ann") == 0.0

    check(story)


def test_the_delay_counts_one_connection_once_however_many_modules_it_passes() -> None:
    async def story(bench: Bench) -> None:
        login = bench.login(PASSWORD, PASSWORD)
        for authenticator in login.modules("joe"):
            await login.verify(authenticator, attempt(b"pa55word"), "joe")
        user, source = LoginSource.of(TCP, "joe").buckets
        assert bench.limiter._counts[user[0]][0].failures == 1
        assert bench.limiter._counts[source[0]][0].failures == 1
        login.passed()
        assert len(bench.limiter) == 0

    check(story)


def test_a_module_that_asks_nothing_is_no_guess() -> None:
    async def story(bench: Bench) -> None:
        login = bench.login(ModuleSpec("none"))
        (authenticator,) = login.modules("joe")
        await login.verify(authenticator, None, "joe")
        login.passed()
        assert len(bench.limiter) == 0

    check(story)


def test_one_that_refuses_without_asking_is_counted_too() -> None:
    async def refuse() -> None:
        raise AuthenticationFailed("not this uid")

    async def story(bench: Bench) -> None:
        login = bench.login(facts=UNIX)
        with pytest.raises(AuthenticationFailed):
            await login.verify(Module(refuse, needs_challenge=False), None, "")
        assert bench.time.slept == 1.0
        assert len(bench.limiter) == 1

    check(story)


def test_a_module_that_cannot_decide_answers_as_late_as_one_that_refuses_and_is_no_guess() -> None:
    async def break_down() -> None:
        raise ModuleFailure("the file cannot be read")

    async def story(bench: Bench) -> None:
        login = bench.login()
        with pytest.raises(ModuleFailure):
            await login.verify(Module(break_down), attempt(b"pa55word"), "joe")
        assert bench.time.slept == 1.0
        assert len(bench.limiter) == 0

    check(story)


def test_a_module_that_cannot_decide_before_any_answer_takes_nobody_elses_count_back() -> None:
    async def break_down() -> None:
        raise ModuleFailure("no such program")

    async def story(bench: Bench) -> None:
        await bench.try_password(b"wrong")
        login = bench.login()
        with pytest.raises(ModuleFailure):
            await login.verify(Module(break_down, needs_challenge=False), None, "joe")
        user, _ = LoginSource.of(TCP, "joe").buckets
        assert bench.limiter._counts[user[0]][0].failures == 1

    check(story)


def test_a_module_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHECK_BUDGET_S", 0.01)

    async def wait() -> None:
        await asyncio.Event().wait()

    async def story(bench: Bench) -> None:
        login = bench.login()
        with pytest.raises(ModuleFailure, match="in time"):
            await login.verify(Module(wait), attempt(b"x"), "joe")
        assert len(bench.limiter) == 0

    check(story)


def test_the_hint_at_a_password_file_that_ends_in_a_newline_reaches_the_log() -> None:
    async def story(bench: Bench) -> None:
        bench.env.files["/pw"] = b"pa55word\n"
        login = bench.login(ModuleSpec("file", {"filename": "/pw"}))
        (authenticator,) = login.modules("joe")
        with pytest.raises(AuthenticationFailed) as caught:
            await login.verify(authenticator, attempt(b"wrong"), "joe")
        assert "newline" in caught.value.hint or "newline" in str(caught.value)

    check(story)


def test_modules_are_made_once_for_a_connection() -> None:
    async def story(bench: Bench) -> None:
        login = bench.login(PASSWORD, ModuleSpec("none"))
        first = login.modules("joe")
        assert login.modules("somebody else") is first
        assert [authenticator.needs_challenge for authenticator in first] == [True, False]

    check(story)


def test_a_module_that_cannot_be_made_refuses() -> None:
    async def story(bench: Bench) -> None:
        with pytest.raises(AuthenticationFailed):
            bench.login(ModuleSpec("fail")).modules("joe")

    check(story)


# -- keys ---------------------------------------------------------------------------------------------------------


def expected(material: bytes) -> bytes:
    return derive_key(Secret(material), salt=REQUEST.salt, iterations=1000, key_hash="SHA1", key_size=32).reveal()


def test_the_configured_key_wins() -> None:
    async def story(bench: Bench) -> None:
        login = bench.login(PASSWORD, key=Secret(b"the key"), key_from_password=True)
        (first, second) = await login.derive((REQUEST, dataclasses.replace(REQUEST, key_size=16)), "joe")
        assert first.reveal() == expected(b"the key")
        assert len(second.reveal()) == 16

    check(story)


def test_without_one_the_first_password_that_a_module_knows_is_the_key() -> None:
    async def story(bench: Bench) -> None:
        login = bench.login(ModuleSpec("none"), PASSWORD, key_from_password=True)
        (key,) = await login.derive((REQUEST,), "joe")
        assert key.reveal() == expected(b"pa55word")

    check(story)


@pytest.mark.parametrize(("specs", "from_password"), [((PASSWORD,), False), ((ModuleSpec("none"),), True), ((), True)])
def test_without_key_material_there_is_no_key(specs: tuple[ModuleSpec, ...], from_password: bool) -> None:
    async def story(bench: Bench) -> None:
        with pytest.raises(ConfigError) as caught:
            await bench.login(*specs, key_from_password=from_password).derive((REQUEST,), "joe")
        assert caught.value.exit_code is ExitCode.KEY_FILE

    check(story)


def test_too_many_derivations_are_refused() -> None:
    async def story(bench: Bench) -> None:
        bench.offload.close()
        bench.services = dataclasses.replace(bench.services, offload=Offload(OffloadLimits(threads=1, waiting=0)))
        login = bench.login(key=Secret(b"k"))
        busy = asyncio.ensure_future(login.derive((REQUEST,) * 20, "joe"))
        await asyncio.sleep(0)
        with pytest.raises(LimitExceeded):
            await login.derive((REQUEST,), "joe")
        await busy
        bench.services.offload.close()

    check(story)


def test_any_failure_of_a_module_is_a_refused_login() -> None:
    ours = AuthenticationFailed("wrong")
    assert refusal(ours) is ours
    assert isinstance(refusal(ConfigError("broken")), AuthenticationFailed)
