"""The registry, the suite that every module passes, and the table of listener x module x credential."""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

import limpet.auth.modules
from limpet.auth import registry
from limpet.auth.challenge import Accepted, ChallengeChain, Check, Offer
from limpet.auth.digest import CLIENT_DIGESTS
from limpet.auth.module import Authenticator, ModuleFailure, ModuleSpec, PeerFacts, parse_module
from limpet.auth.options import option_names
from limpet.errors import AuthenticationFailed, OptionError
from tests.auth.support import ALL_FACTS, CLIENT_SALT, TCP, UNIX, FakeEnv, attempt, entropy, respond

RIGHT = b"pa55word"
WRONG = b"other"
USER = "alice"


@dataclass(frozen=True)
class Case:
    """How a module is configured here, and who may pass it."""

    text: str
    passes: Mapping[str, frozenset[str]]
    """listener -> credentials let in"""
    refused: frozenset[str] = frozenset()
    """listeners on which it stops the start"""
    env: Callable[[], FakeEnv] = field(default=FakeEnv)


KINDS = tuple(ALL_FACTS)
CREDENTIALS = ("none", "wrong", "right")


def everywhere(*credentials: str) -> dict[str, frozenset[str]]:
    return dict.fromkeys(KINDS, frozenset(credentials))


def password_env() -> FakeEnv:
    return FakeEnv(
        variables={"XPRA_PASSWORD": RIGHT.decode()},
        files={"/pw": RIGHT, "/users": b"# users\nbob|second|1|1|||\nalice|pa55word|1000|1000|||\n"},
        programs={"/bin/check": 0},
    )


CASES = {
    "none": Case("none", everywhere(*CREDENTIALS)),
    "allow": Case("allow", everywhere("wrong", "right")),
    "reject": Case("reject", everywhere()),
    "fail": Case("fail", everywhere()),
    "env": Case("env", everywhere("right"), env=password_env),
    "password": Case("password:value=pa55word", everywhere("right")),
    "file": Case("file:filename=/pw", everywhere("right"), env=password_env),
    "multifile": Case("multifile:filename=/users", everywhere("right"), env=password_env),
    "peercred": Case(
        "peercred",
        {**everywhere(), "unix": frozenset(CREDENTIALS)},
        refused=frozenset({"tcp", "ssl", "tcp+aes"}),
    ),
    "exec": Case("exec:command=/bin/check", everywhere(*CREDENTIALS), env=password_env),
}


def log_in(authenticator: Authenticator, facts: PeerFacts, credential: str) -> bool:
    """Drive a whole login with one module; whether it ends in Accepted."""
    draw = entropy()
    chain = ChallengeChain(
        [authenticator],
        client_digests=CLIENT_DIGESTS,
        client_salt_digests=CLIENT_DIGESTS,
        private=facts.private,
        wants_challenge=credential != "none",
    )

    async def drive() -> bool:
        while True:
            match chain.next_step(draw(64)):
                case Offer() if credential == "none":
                    chain.respond(b"", b"", USER)
                case Offer() as offer:
                    password = RIGHT if credential == "right" else WRONG
                    chain.respond(respond(offer, password), CLIENT_SALT, USER)
                case Check(module, made):
                    await module.verify(made)
                    chain.passed()
                case Accepted():
                    return True

    try:
        return asyncio.run(drive())
    except AuthenticationFailed:
        chain.failed()
        return False


def build(name: str, facts: PeerFacts = TCP, env: FakeEnv | None = None) -> Authenticator:
    case = CASES[name]
    return registry.build(parse_module(case.text), facts, USER, env or case.env())


def test_every_module_is_in_the_table_of_cases() -> None:
    assert set(CASES) == set(registry.MODULES)


def test_every_module_file_is_registered() -> None:
    shared = {"__init__", "base", "passwords", "system"}
    files = {path.stem for path in Path(inspect.getfile(limpet.auth.modules)).parent.glob("*.py")} - shared
    registered = {re.sub(r":.*", "", target).rpartition(".")[2] for target in registry.MODULES.values()}
    assert files == registered


@pytest.mark.parametrize("listener", KINDS)
@pytest.mark.parametrize("name", registry.MODULES)
@pytest.mark.parametrize("credential", CREDENTIALS)
def test_listener_by_module_by_credential(listener: str, name: str, credential: str) -> None:
    case, facts = CASES[name], ALL_FACTS[listener]
    spec, env = parse_module(case.text), case.env()
    if listener in case.refused:
        with pytest.raises(OptionError, match=rf"{name!r}.*{facts.kind!r}"):
            registry.check(spec, facts.kind, facts.private, env)
    else:
        registry.check(spec, facts.kind, facts.private, env)
    try:
        authenticator = registry.build(spec, facts, USER, env)
    except ModuleFailure:
        assert not case.passes[listener]
        return
    assert log_in(authenticator, facts, credential) is (credential in case.passes[listener])


@pytest.mark.parametrize("name", [name for name in registry.MODULES if registry.load(name).needs_challenge])
class TestEveryModuleWithAChallenge:
    def test_refuses_without_a_response(self, name: str) -> None:
        with pytest.raises(AuthenticationFailed):
            asyncio.run(build(name).verify(None))

    def test_refuses_a_replayed_response(self, name: str) -> None:
        made = attempt(RIGHT, username=USER)
        replayed = replace(made, server_salt=bytes(64))
        if name == "allow":  # takes any answer, and is no proof for that reason
            assert not build(name).proof
            asyncio.run(build(name).verify(replayed))
            return
        with pytest.raises(AuthenticationFailed):
            asyncio.run(build(name).verify(replayed))

    def test_tells_an_unknown_user_what_it_tells_for_a_wrong_password(self, name: str) -> None:
        def refusal(username: str) -> tuple[type[BaseException], str, str]:
            built = registry.build(parse_module(CASES[name].text), TCP, username, CASES[name].env())
            with pytest.raises(AuthenticationFailed) as caught:
                asyncio.run(built.verify(None if name == "allow" else attempt(WRONG, username=username)))
            return type(caught.value), str(caught.value), caught.value.hint

        assert refusal(USER) == refusal("nobody") == refusal("")

    def test_has_a_prompt(self, name: str) -> None:
        assert build(name).prompt == "password"
        text = CASES[name].text
        spec = parse_module(text)
        named = ModuleSpec(spec.name, {**spec.options, "prompt": "the word"})
        assert registry.build(named, TCP, USER, CASES[name].env()).prompt == "the word"


@pytest.mark.parametrize("name", registry.MODULES)
class TestEveryModule:
    def test_names_its_options_when_one_is_unknown(self, name: str) -> None:
        spec = ModuleSpec(name, {"colour": "red"})
        with pytest.raises(OptionError, match=f"{name!r} has no option 'colour'") as caught:
            registry.check(spec, "unix", True, FakeEnv())
        for known in option_names(registry.load(name).options_type):
            assert known in caught.value.hint

    def test_a_wrong_configuration_refuses_the_login_even_if_nobody_checked_it(self, name: str) -> None:
        with pytest.raises(ModuleFailure):
            registry.build(ModuleSpec(name, {"colour": "red"}), TCP, USER, FakeEnv())

    def test_says_what_it_is_before_it_is_built(self, name: str) -> None:
        module = registry.load(name)
        if name == "fail":
            return
        built = build(name, UNIX)
        assert (built.proof, built.needs_challenge, built.needs_clear) == (
            module.proof,
            module.needs_challenge,
            module.needs_clear,
        )

    def test_reveals_a_password_if_it_says_so_and_else_none(self, name: str) -> None:
        if name == "fail":
            assert not registry.reveals_password(ModuleSpec(name))
            return
        secret = asyncio.run(build(name).reveal_password())
        assert (secret is not None) is registry.reveals_password(parse_module(CASES[name].text))
        if secret is not None:
            assert secret.reveal() == RIGHT

    def test_shows_no_password_in_any_text(self, name: str) -> None:
        if name == "fail":
            return
        built = build(name)
        # `env` is a double here; the real one is asked in tests/auth/modules/test_system.py
        shown = {key: value for key, value in vars(built).items() if key != "env"}
        assert RIGHT.decode() not in f"{built!r} {shown}"


def test_only_none_allow_and_exec_prove_nothing() -> None:
    assert {name for name in registry.MODULES if not registry.is_proof(ModuleSpec(name))} == {"none", "allow", "exec"}


@pytest.mark.parametrize(("name", "hint"), [("fille", "'file'"), ("pam", "it has: allow, env"), ("x" * 500, "it has")])
def test_an_unknown_module_lists_the_known_ones(name: str, hint: str) -> None:
    with pytest.raises(OptionError, match="has no authentication module") as caught:
        registry.check(ModuleSpec(name), "tcp", False, FakeEnv())
    assert hint in caught.value.hint
    assert len(str(caught.value)) < 120


def test_a_module_that_needs_the_clear_password_does_not_start_on_a_clear_listener(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(registry.load("allow"), "needs_clear", True)
    registry.check(ModuleSpec("allow"), "ssl", True, FakeEnv())
    with pytest.raises(OptionError, match="'allow' needs the clear password, and the 'tcp' listener"):
        registry.check(ModuleSpec("allow"), "tcp", False, FakeEnv())


def test_a_chain_is_checked_module_by_module_and_as_a_whole() -> None:
    registry.check_chain([ModuleSpec("allow")] * 8 + [ModuleSpec("none")] * 3, "tcp", False, FakeEnv())
    with pytest.raises(OptionError, match="at most 8"):
        registry.check_chain([ModuleSpec("allow")] * 9, "tcp", False, FakeEnv())
    with pytest.raises(OptionError, match="peercred"):
        registry.check_chain([ModuleSpec("none"), ModuleSpec("peercred")], "tcp", False, FakeEnv())


def test_the_global_password_file_stands_in_for_a_missing_file_name() -> None:
    assert registry.with_password_file(ModuleSpec("file"), "/pw").options == {"filename": "/pw"}
    named = ModuleSpec("multifile", {"filename": "/users"})
    assert registry.with_password_file(named, "/pw") is named
    for untouched in (ModuleSpec("env"), ModuleSpec("none")):
        assert registry.with_password_file(untouched, "/pw") is untouched
    assert registry.with_password_file(ModuleSpec("file"), "").options == {}


def test_warnings_come_from_the_module() -> None:
    assert registry.warnings(ModuleSpec("none"), FakeEnv()) == ()
    assert "process list" in registry.warnings(ModuleSpec("password", {"value": "x"}), FakeEnv())[0]


def test_a_chain_of_two_modules_needs_both_passwords() -> None:
    env = FakeEnv(files={"/pw": RIGHT}, variables={"XPRA_PASSWORD": "second"})
    specs = [parse_module("file:filename=/pw"), parse_module("env")]

    def login(*passwords: bytes) -> bool:
        draw = entropy()
        chain = ChallengeChain(
            [registry.build(spec, TCP, USER, env) for spec in specs],
            client_digests=CLIENT_DIGESTS,
            client_salt_digests=CLIENT_DIGESTS,
            private=False,
            wants_challenge=True,
        )
        left = list(passwords)

        async def drive() -> bool:
            while True:
                match chain.next_step(draw(64)):
                    case Offer() as offer:
                        chain.respond(respond(offer, left.pop(0)), CLIENT_SALT, USER)
                    case Check(module, made):
                        await module.verify(made)
                        chain.passed()
                    case Accepted():
                        return True

        try:
            return asyncio.run(drive())
        except AuthenticationFailed:
            return False

    assert login(RIGHT, b"second")
    assert not login(RIGHT, RIGHT)
    assert not login(b"second", RIGHT)
    assert not login(b"second", b"second")
