"""What follows the end of a connection."""

from __future__ import annotations

import pytest

from limpet.client.reconnect import GIVE_UP_S, Action, Ended, Progress, decide, is_lost_link
from limpet.errors import (
    AccessDenied,
    AuthenticationFailed,
    CipherError,
    ClearRecordError,
    ConfigError,
    ConnectionClosed,
    ConnectionFailed,
    EncryptionRequired,
    ExitCode,
    FramingError,
    HandshakeError,
    LimpetError,
    PasswordRequired,
    TlsError,
    VersionRefused,
)

PROVEN = Progress(proven=True)
LOST = ConnectionClosed("cut", ours=False, exit_code=ExitCode.TRUNCATED)

LOST_LINKS: dict[str, Ended] = {
    "cut": Ended(error=LOST),
    "closed without a word": Ended(error=ConnectionClosed("closed", ours=False)),
    "ping time-out": Ended(error=ConnectionClosed("silent", ours=True, exit_code=ExitCode.TIMEOUT)),
    "server not reachable": Ended(error=ConnectionFailed("refused")),
    "no answer": Ended(error=HandshakeError("closed without an answer"), unanswered=True),
    "slow answer": Ended(error=HandshakeError("does not answer", exit_code=ExitCode.TIMEOUT)),
    "TLS cut": Ended(error=TlsError("cut", exit_code=ExitCode.TRUNCATED)),
}

DECISIONS: dict[str, LimpetError] = {
    "disconnect with an error": ConnectionClosed("timeout", ours=False, reason="idle", exit_code=ExitCode.TIMEOUT),
    "wrong password": AuthenticationFailed("authentication failed"),
    "no password": PasswordRequired("asks"),
    "denied": AccessDenied("no"),
    "encryption": EncryptionRequired("in clear"),
    "wrong key": CipherError("does not decrypt"),
    "clear record": ClearRecordError("clear"),
    "damaged": FramingError("garbage"),
    "version": VersionRefused("old"),
    "unknown CA": TlsError("unknown CA", exit_code=ExitCode.TLS_UNKNOWN_CA),
    "expired": TlsError("expired", exit_code=ExitCode.TLS_EXPIRED),
    "certificate refused": TlsError("refused", exit_code=ExitCode.TLS_CLIENT_CERTIFICATE_REFUSED),
    "password file": ConfigError("unreadable"),
    "internal": LimpetError("bug", exit_code=ExitCode.INTERNAL_ERROR),
    "text or disconnect before login": HandshakeError("ended: session busy"),
}


@pytest.mark.parametrize("name", LOST_LINKS)
def test_a_lost_link_is_taken_up_again(name: str) -> None:
    decision, progress = decide(LOST_LINKS[name], PROVEN, 100.0, reconnect=True)
    assert (decision.action, decision.delay_s) == (Action.AGAIN, 1.0)
    assert (progress.lost_at, progress.attempts) == (100.0, 1)


@pytest.mark.parametrize("name", LOST_LINKS)
def test_not_when_the_user_does_not_want_it(name: str) -> None:
    assert decide(LOST_LINKS[name], PROVEN, 0.0, reconnect=False)[0].action is Action.STOP


@pytest.mark.parametrize("name", [name for name, ended in LOST_LINKS.items() if not ended.unanswered])
def test_a_first_connection_is_not_repeated(name: str) -> None:
    assert decide(LOST_LINKS[name], Progress(), 0.0, reconnect=True)[0].action is Action.STOP


@pytest.mark.parametrize("name", DECISIONS)
def test_a_decision_of_somebody_is_final(name: str) -> None:
    ended = Ended(error=DECISIONS[name], accepted=True)
    assert not is_lost_link(ended)
    assert decide(ended, PROVEN, 0.0, reconnect=True)[0].action is Action.STOP


def test_an_orderly_end_is_final() -> None:
    assert decide(Ended(error=None, reason="server shutdown", accepted=True), PROVEN, 0.0, reconnect=True)[
        0
    ].action is (Action.STOP)


def test_leaving_is_final() -> None:
    assert decide(Ended(error=LOST, by_user=True, accepted=True), PROVEN, 0.0, reconnect=True)[0].action is Action.STOP


def test_delays_double_up_to_30_seconds_and_end_after_five_minutes() -> None:
    now, progress, delays = 0.0, PROVEN, []
    while True:
        decision, progress = decide(Ended(error=LOST), progress, now, reconnect=True)
        if decision.action is Action.STOP:
            break
        delays.append(decision.delay_s)
        now += decision.delay_s
    assert delays[:7] == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    assert max(delays) == 30.0
    assert sum(delays) == pytest.approx(GIVE_UP_S)


def test_a_new_session_starts_the_count_again() -> None:
    tired = Progress(proven=True, lost_at=0.0, attempts=9)
    decision, progress = decide(Ended(error=LOST, accepted=True), tired, 299.0, reconnect=True)
    assert (decision.delay_s, progress.lost_at) == (1.0, 299.0)


def test_an_unanswered_hello_is_tried_once_in_the_other_spelling() -> None:
    ended = Ended(error=HandshakeError("text"), unanswered=True)
    first, progress = decide(ended, Progress(), 0.0, reconnect=False)
    second, _ = decide(ended, progress, 0.0, reconnect=False)
    assert (first.action, second.action) == (Action.OTHER_SPELLING, Action.STOP)


def test_a_spelling_that_worked_is_not_changed() -> None:
    ended = Ended(error=HandshakeError("text"), unanswered=True)
    assert decide(ended, PROVEN, 0.0, reconnect=True)[0].action is Action.AGAIN
