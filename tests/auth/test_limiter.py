"""The guess limit, in virtual time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limpet.auth.limiter import FAILURE_ANSWER_S, MAX_DELAY_S, PER_SOURCE, PER_USER, LoginLimiter, LoginSource
from limpet.auth.module import PeerFacts
from tests.auth.support import TCP, UNIX


def tcp(address: str = "192.0.2.7", user: str = "alice") -> LoginSource:
    return LoginSource.of(PeerFacts(kind="tcp", address=address), user)


def unix(uid: int | None, user: str = "") -> LoginSource:
    return LoginSource.of(PeerFacts(kind="unix", address="", uid=uid), user)


def guess(limiter: LoginLimiter, source: LoginSource, now: float) -> tuple[float, float]:
    """One wrong login: the delay before its credential is looked at, and the time of its answer."""
    delay = limiter.delay(source, now)
    answered = now + delay + limiter.failed(source, now + delay, waited=delay)
    return delay, answered


def guesses(limiter: LoginLimiter, source: LoginSource, count: int, now: float = 0.0) -> list[float]:
    """Wrong logins one after the other; their delays."""
    delays = []
    for _ in range(count):
        delay, now = guess(limiter, source, now)
        delays.append(delay)
    return delays


def test_a_failed_login_is_answered_after_one_second() -> None:
    assert guess(LoginLimiter(), tcp(), 100.0) == (0.0, 101.0)
    assert LoginLimiter().failed(tcp(), 0.0, waited=0.25) == 0.75
    assert LoginLimiter().failed(tcp(), 0.0, waited=5.0) == 0.0
    assert FAILURE_ANSWER_S == 1.0


@pytest.mark.parametrize("source", [tcp(), unix(1000)], ids=["tcp", "unix"])
def test_after_five_failures_the_delay_doubles_from_one_to_sixty_seconds(source: LoginSource) -> None:
    assert guesses(LoginLimiter(), source, 12)[:12] == [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60]


def test_the_delay_stays_at_sixty_seconds() -> None:
    delays = guesses(LoginLimiter(), unix(1), 60)
    assert max(delays) == MAX_DELAY_S
    assert min(delays[12:]) >= 30


def test_a_right_credential_is_delayed_and_then_free_again() -> None:
    limiter = LoginLimiter()
    guesses(limiter, tcp(), 8)
    assert limiter.delay(tcp(), 20.0) == 8.0
    limiter.succeeded(tcp(), 28.0)
    assert limiter.delay(tcp(), 29.0) == 0.0


def test_failures_are_forgotten_one_for_each_quiet_minute() -> None:
    limiter = LoginLimiter()
    for _ in range(7):
        limiter.delay(unix(1), 0.0)
        limiter.failed(unix(1), 0.0)
    assert limiter.delay(unix(1), PER_USER.forget_s - 0.1) == 4.0
    limiter = LoginLimiter()
    for _ in range(7):
        limiter.delay(unix(1), 0.0)
    assert limiter.delay(unix(1), 2 * PER_USER.forget_s) == 1.0
    assert limiter.delay(unix(1), 30 * PER_USER.forget_s) == 0.0


def test_many_connections_at_once_gain_nothing() -> None:
    limiter = LoginLimiter()
    delays = [limiter.delay(tcp(), 0.0) for _ in range(30)]
    assert delays[:7] == [0, 0, 0, 0, 0, 1, 2]
    assert set(delays[11:]) == {MAX_DELAY_S}


def test_hanging_up_before_the_answer_uses_a_guess() -> None:
    limiter = LoginLimiter()
    for _ in range(5):
        limiter.delay(tcp(), 0.0)
    assert limiter.delay(tcp(), 1.0) == 1.0


def test_another_user_of_the_same_address_has_a_count_of_its_own() -> None:
    limiter = LoginLimiter()
    guesses(limiter, tcp(user="alice"), 8)
    assert limiter.delay(tcp(user="bob"), 20.0) == 0.0


def test_changing_the_name_meets_the_looser_limit_of_the_address() -> None:
    limiter = LoginLimiter()
    delays = [limiter.delay(tcp(user=f"name{number}"), 0.0) for number in range(20)]
    assert delays[: PER_SOURCE.free] == [0.0] * PER_SOURCE.free
    assert delays[PER_SOURCE.free : PER_SOURCE.free + 3] == [1.0, 2.0, 4.0]
    assert delays[-1] == MAX_DELAY_S


def test_a_success_forgives_the_user_and_not_the_address() -> None:
    limiter = LoginLimiter()
    for number in range(PER_SOURCE.free):
        limiter.delay(tcp(user=f"name{number}"), 0.0)
    assert limiter.delay(tcp(user="alice"), 0.0) == 1.0
    limiter.succeeded(tcp(user="alice"), 1.0)
    assert limiter.delay(tcp(user="alice"), 1.0) == 1.0


def test_another_address_is_not_touched() -> None:
    limiter = LoginLimiter()
    guesses(limiter, tcp("192.0.2.7"), 12)
    assert limiter.delay(tcp("192.0.2.8"), 0.0) == 0.0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.7", "192.0.2.7", True),
        ("fe80::1%eth0", "fe80::2", True),
        ("not an address", "not an address", True),
        ("not an address", "another one", False),
    ],
)
def test_a_source_is_an_ipv4_address_or_an_ipv6_network(one: str, other: str, same: bool) -> None:
    assert (tcp(one).source_key == tcp(other).source_key) is same
    assert (tcp(one).user_key == tcp(other).user_key) is same


def test_unix_sockets_count_by_uid_whatever_the_name() -> None:
    limiter = LoginLimiter()
    for number in range(5):
        limiter.delay(unix(1000, user=f"name{number}"), 0.0)
    assert limiter.delay(unix(1000), 0.0) == 1.0
    assert limiter.delay(unix(1001), 0.0) == 0.0
    assert limiter.delay(unix(None), 0.0) == 0.0
    assert LoginSource.of(UNIX, "x").source_key is None


def test_a_name_takes_a_fixed_size() -> None:
    long = LoginSource.of(TCP, "x" * 100_000)
    assert sum(map(len, long.user_key)) < 100
    assert LoginSource.of(TCP, "\ud800") != LoginSource.of(TCP, "?")


def test_a_modules_own_failure_is_no_guess() -> None:
    limiter = LoginLimiter()
    for _ in range(20):
        assert limiter.delay(tcp(), 0.0) == 0.0
        limiter.undecided(tcp(), 0.0)
    assert len(limiter) == 0


def test_undecided_takes_back_one_of_several() -> None:
    limiter = LoginLimiter()
    for _ in range(6):
        limiter.delay(tcp(), 0.0)
    limiter.undecided(tcp(), 0.0)
    assert limiter.delay(tcp(), 0.0) == 1.0


def test_outcomes_of_unknown_sources_are_harmless() -> None:
    limiter = LoginLimiter()
    limiter.succeeded(tcp(), 0.0)
    limiter.undecided(unix(5), 0.0)
    assert len(limiter) == 0
    limiter.failed(tcp(), 0.0)
    assert len(limiter) == 2


def test_memory_is_bounded_and_the_busiest_guesser_is_remembered() -> None:
    limiter = LoginLimiter(max_sources=100)
    guesses(limiter, tcp("198.51.100.1", "root"), 12)
    for number in range(2000):
        limiter.delay(tcp(f"10.0.{number // 250}.{number % 250}", f"name{number}"), 200.0)
        assert len(limiter) <= 100
    assert limiter.delay(tcp("198.51.100.1", "root"), 200.0) > 0.0


def test_forgotten_counts_make_room_first() -> None:
    limiter = LoginLimiter(max_sources=10)
    for number in range(10):
        limiter.delay(unix(number), 0.0)
    limiter.delay(unix(99), 1e6)
    assert len(limiter) == 1


def test_a_clock_that_stands_still_or_goes_back_does_no_harm() -> None:
    limiter = LoginLimiter()
    for _ in range(6):
        limiter.delay(unix(1), 1000.0)
    assert limiter.delay(unix(1), 10.0) == 2.0


def test_at_most_ten_guesses_a_minute_one_after_the_other() -> None:
    limiter = LoginLimiter()
    now, times = 0.0, []
    for number in range(40):
        _, now = guess(limiter, tcp(user=f"name{number}"), now)
        times.append(now)
    later = times[5:]
    assert max(sum(start < time <= start + 60 for time in later) for start in later) <= 10


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["delay", "failed", "succeeded", "undecided"]),
            st.integers(0, 6),
            st.floats(0, 200, allow_nan=False),
        ),
        max_size=80,
    )
)
def test_any_history_gives_a_bounded_delay_and_bounded_memory(history: list[tuple[str, int, float]]) -> None:
    limiter = LoginLimiter(max_sources=6)
    sources = [*(tcp(f"192.0.2.{number}", str(number)) for number in range(4)), unix(0), unix(1), unix(None)]
    now = 0.0
    for action, number, passed in history:
        now += passed
        source = sources[number]
        match action:
            case "delay":
                assert 0.0 <= limiter.delay(source, now) <= MAX_DELAY_S
            case "failed":
                assert 0.0 <= limiter.failed(source, now) <= FAILURE_ANSWER_S
            case "succeeded":
                limiter.succeeded(source, now)
                if source.source_key is None:
                    assert limiter.delay(source, now) == 0.0
            case _:
                limiter.undecided(source, now)
        assert len(limiter) <= 6
