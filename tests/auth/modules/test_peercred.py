"""`peercred`: who may come in through a unix socket."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from limpet.auth.module import ModuleFailure, PeerFacts
from limpet.auth.modules.peercred import Options, PeercredModule
from limpet.errors import AuthenticationFailed, OptionError
from tests.auth.support import TCP, UNIX, FakeEnv

ENV = FakeEnv(
    users={"alice": 1000, "bob": 1001}, groups={"staff": 50}, members={1001: frozenset({1001, 50})}, own_uid=1000
)


def peer(uid: int | None, gid: int | None = 4000) -> PeerFacts:
    return replace(UNIX, uid=uid, gid=gid)


def verify(options: Options, facts: PeerFacts) -> None:
    asyncio.run(PeercredModule(options, facts, "ignored", ENV).verify(None))


@pytest.mark.parametrize(
    ("options", "facts"),
    [
        (Options(), peer(1000)),
        (Options(uid=("bob",)), peer(1001)),
        (Options(uid=("7", "1001")), peer(1001)),
        (Options(uid=("bob",)), peer(1000)),
        (Options(uid=("alice",), allow_owner=False), peer(1000)),
        (Options(gid=("staff",)), peer(1001)),
        (Options(gid=("50",), allow_owner=False), peer(9, 50)),
    ],
)
def test_the_owner_named_users_and_members_of_named_groups_come_in(options: Options, facts: PeerFacts) -> None:
    verify(options, facts)


@pytest.mark.parametrize(
    ("options", "facts"),
    [
        (Options(), peer(1001)),
        (Options(), peer(0)),
        (Options(uid=("bob",)), peer(1002)),
        (Options(uid=("bob",), allow_owner=False), peer(1000)),
        (Options(gid=("staff",)), peer(1002)),
        (Options(uid=("gone",), gid=("gone",)), peer(1001)),
    ],
)
def test_others_are_refused(options: Options, facts: PeerFacts) -> None:
    with pytest.raises(AuthenticationFailed, match=f"uid {facts.uid} ") as caught:
        verify(options, facts)
    assert not isinstance(caught.value, ModuleFailure)


@pytest.mark.parametrize("facts", [TCP, replace(TCP, uid=1000), peer(None)], ids=["tcp", "tcp-with-uid", "unknown"])
def test_without_the_kernels_word_nobody_comes_in(facts: PeerFacts) -> None:
    with pytest.raises(ModuleFailure, match="does not tell"):
        verify(Options(uid=("1000",)), facts)


@pytest.mark.parametrize("kind", ["tcp", "ssl"])
def test_other_listeners_stop_the_start_with_both_names(kind: str) -> None:
    with pytest.raises(OptionError, match=f"'peercred' cannot work on a '{kind}' listener"):
        PeercredModule.check(Options(), kind, ENV)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (Options(uid=("gone",)), "no user 'gone'"),
        (Options(gid=("gone",)), "no group 'gone'"),
        (Options(uid=("9" * 5000,)), "no user"),
        (Options(allow_owner=False), "lets nobody in"),
    ],
)
def test_what_could_let_nobody_in_stops_the_start(options: Options, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        PeercredModule.check(options, "unix", ENV)


def test_known_names_and_numbers_pass_the_start() -> None:
    PeercredModule.check(Options(uid=("bob", "7"), gid=("staff", "8"), allow_owner=False), "unix", ENV)
