"""What follows the end of a connection: an end for good, the other spelling, or a new attempt. Pure.

A link that is lost is taken up again, with the same security. What somebody decided is not: a `disconnect`, a refused
login, a certificate, encryption that the other side does not do (issue: the client).
"""

from __future__ import annotations

import enum
from dataclasses import replace

from limpet.errors import ConnectionClosed, ConnectionFailed, ExitCode, HandshakeError, LimpetError, TlsError
from limpet.records import dataclass

FIRST_DELAY_S = 1.0
LONGEST_DELAY_S = 30.0
GIVE_UP_S = 300.0
"""how long a lost link is tried for in all"""

_LOST = frozenset({ExitCode.CONNECTION_LOST, ExitCode.TIMEOUT, ExitCode.TRUNCATED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How one attempt ended. `error` is None for an orderly end, whose cause is `reason` (text for people)."""

    error: LimpetError | None
    reason: str = ""
    text: str = ""
    """what the server's `disconnect` said beside its reason"""
    accepted: bool = False
    """the session was on"""
    unanswered: bool = False
    """the server did not answer our hello with a record"""
    by_user: bool = False
    """we left"""


class Action(enum.Enum):
    """What to do next."""

    STOP = "stop"
    OTHER_SPELLING = "other spelling"
    """at once, with the other of rencodeplus and legacy rencode"""
    AGAIN = "again"
    """after `delay_s`"""


@dataclass(frozen=True, slots=True)
class Decision:
    """An action, and the seconds to wait before it."""

    action: Action
    delay_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What is known of the attempts so far; times are of one monotonic clock."""

    proven: bool = False
    """a session was on: the target, its spelling and our credentials are right"""
    switched: bool = False
    """the other spelling has been tried"""
    lost_at: float | None = None
    attempts: int = 0
    """since the link was lost"""


def decide(ended: Ended, progress: Progress, now: float, *, reconnect: bool) -> tuple[Decision, Progress]:
    """`reconnect`: the user wants lost links to be taken up again."""
    stop = Decision(Action.STOP)
    if ended.accepted:
        progress = Progress(proven=True, switched=progress.switched)
    if ended.by_user or ended.error is None:
        return stop, progress
    if ended.unanswered and not progress.proven and not progress.switched:
        return Decision(Action.OTHER_SPELLING), replace(progress, switched=True)
    if not (reconnect and progress.proven and is_lost_link(ended)):
        return stop, progress
    lost_at = now if progress.lost_at is None else progress.lost_at
    left = lost_at + GIVE_UP_S - now
    if left <= 0:
        return stop, progress
    delay = min(FIRST_DELAY_S * 2.0**progress.attempts, LONGEST_DELAY_S, left)
    return Decision(Action.AGAIN, delay), replace(progress, lost_at=lost_at, attempts=progress.attempts + 1)


def is_lost_link(ended: Ended) -> bool:
    """Whether the network, and nobody's decision, ended the connection (or kept it from being made)."""
    error = ended.error
    if isinstance(error, ConnectionFailed):
        return True
    if isinstance(error, ConnectionClosed):
        # with a reason it was a `disconnect`
        return not error.reason and error.exit_code in _LOST
    if isinstance(error, TlsError):
        return error.exit_code in _LOST
    if isinstance(error, HandshakeError):
        return ended.unanswered or error.exit_code is ExitCode.TIMEOUT
    return False
