"""Every bind type, every module, no credential, a wrong one, the right one: who gets in (issue: authentication).

The rows come from the registries. A new module or transport joins by itself; without a recipe here its tests fail and
say what to add.
"""

from __future__ import annotations

import asyncio
import enum
import grp
import itertools
import os
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from limpet.auth.limiter import FAILURE_ANSWER_S
from limpet.auth.registry import MODULES, load
from limpet.errors import ConfigError, ExitCode, OptionError
from limpet.net.registry import TRANSPORTS
from limpet.packets.requests import MODES, request_caps
from limpet.packets.schema import Effect
from tests.server.house import House, Visit, house, visit

PASSWORD_VARIABLE = "HOUSE_PASSWORD"
VARIABLES = {PASSWORD_VARIABLE: "the-right-password"}


class Credential(enum.Enum):
    NONE = "no credential"
    WRONG = "a wrong credential"
    RIGHT = "the right credential"


NONE, WRONG, RIGHT = Credential


# -- modules ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a module is configured, and who gets past it.

    `options`: as typed, `{folder}` is the tests' folder. `peers`: where the credential is no password but who the peer
    is, the options under which the peer is without, wrong or right. `user`: the client's name by credential.
    """

    options: str = ""
    lets_in: frozenset[Credential] = frozenset({RIGHT})
    peers: Mapping[Credential, str] = field(default_factory=dict)
    users: Mapping[Credential, str] = field(default_factory=dict)
    only_on: frozenset[str] | None = None
    """kinds of listeners that it works on, None: all"""

    def text(self, name: str, credential: Credential, folder: Path) -> str:
        """For a bind line: the options in parentheses, since they may hold commas."""
        options = self.peers.get(credential, self.options).format(folder=folder)
        return f"{name}({options})" if options else name


NOBODY: frozenset[Credential] = frozenset()
OTHER_UID = os.geteuid() + 1
OTHER_GID = max(group.gr_gid for group in grp.getgrall()) + 1
ALICE = MappingProxyType({NONE: "", WRONG: "mallory", RIGHT: "alice"})

RECIPES: Mapping[str, Recipe] = {
    "allow": Recipe(lets_in=frozenset({WRONG, RIGHT})),
    "env": Recipe(options=f"name={PASSWORD_VARIABLE}"),
    "exec": Recipe(options="command={folder}/alice-only", users=ALICE),
    "fail": Recipe(lets_in=NOBODY),
    "file": Recipe(options="filename=password.txt"),
    "multifile": Recipe(options="filename=users.txt"),
    "none": Recipe(lets_in=frozenset(Credential)),
    "password": Recipe(options="value=the-right-password"),
    "peercred": Recipe(
        peers={NONE: f"allow-owner=no,gid={OTHER_GID}", WRONG: f"allow-owner=no,uid={OTHER_UID}", RIGHT: ""},
        only_on=frozenset({"unix"}),
    ),
    "reject": Recipe(lets_in=NOBODY),
}


def recipe(name: str) -> Recipe:
    if name not in RECIPES:
        pytest.fail(
            f"the authentication module {name!r} is in the registry and has no recipe in {Path(__file__).name}: add to "
            "RECIPES how it is configured and whom it lets in"
        )
    return RECIPES[name]


def passwords(*credentials: Credential) -> list[str]:
    """The client's options, for as many modules as ask."""
    files = {WRONG: "wrong-password.txt", RIGHT: "password.txt"}
    return [f"--password-file={files[credential]}" for credential in credentials if credential in files]


def client_words(*steps: tuple[str, Credential]) -> list[str]:
    """What a client types who has `credential` for each module."""
    words = passwords(*(credential for name, credential in steps if load(name).needs_challenge))
    users = [recipe(name).users[credential] for name, credential in steps if recipe(name).users]
    wrong = [user for user in users if user != "alice"]
    user = wrong[0] if wrong else "alice"
    return [*words, *([f"--username={user}"] if user else [])]


# -- bind types ------------------------------------------------------------------------------------------------------

BINDS: Mapping[str, str] = {
    "tcp": "--bind-tcp=127.0.0.1:0",
    "ssl": "--bind-ssl=127.0.0.1:0",
    "unix": "--bind={folder}/s",
}
TARGETS: Mapping[str, str] = {"tcp": "tcp://{address}/", "ssl": "ssl://{address}/", "unix": "{address}"}
CERTIFICATE = "--ssl-cert={folder}/server.pem"
TRUST = "--ssl-ca-certs=ca.crt"
ALWAYS: Mapping[Credential, tuple[str, ...]] = {RIGHT: ()}


@dataclass(frozen=True, kw_only=True)
class Form:
    """A bind type as a client meets it: the transport, and what it is upgraded to.

    `keys`: what the client types by what it has of the transport's own credential (AES key, certificate).
    """

    name: str
    kind: str
    target: str
    line: str = ""
    """what the bind line adds"""
    words: tuple[str, ...] = ()
    """what the server's command line adds"""
    client: tuple[str, ...] = ()
    keys: Mapping[Credential, tuple[str, ...]] = field(default_factory=lambda: ALWAYS)
    private: bool = True
    """whatever comes in is encrypted, or a unix socket"""
    password_is_key: bool = False

    def server_words(self, folder: Path, *modules: str) -> list[str]:
        auth = "".join(f",auth={text}" for text in modules)
        bind = f"{BINDS[self.kind]}{self.line}{auth}"
        only = [] if self.kind == "unix" else ["--bind=none"]
        return [word.format(folder=folder) for word in (bind, *only, *self.words)]

    def words_of_client(self, address: str, credential: Credential) -> list[str]:
        return [TARGETS[self.target].format(address=address), *self.client, *self.keys[credential]]


def aes_keys(mode: str) -> Mapping[Credential, tuple[str, ...]]:
    return {
        NONE: (),
        WRONG: (f"--encryption={mode}", "--encryption-keyfile=wrong-key.txt"),
        RIGHT: (f"--encryption={mode}", "--encryption-keyfile=key.txt"),
    }


CERTIFICATES: Mapping[Credential, tuple[str, ...]] = {
    NONE: (),
    WRONG: ("--ssl-cert=foreign.pem",),
    RIGHT: ("--ssl-cert=alice.pem",),
}


def forms_of(kind: str) -> Iterator[Form]:
    """Everything that a listener of this kind can be."""
    transport = TRANSPORTS[kind]
    if kind not in BINDS or kind not in TARGETS:
        yield Form(name=kind, kind=kind, target=kind)  # fails, and says why: see `_known`
        return
    words = (CERTIFICATE,) if transport.tls else ()
    trust = (TRUST,) if transport.tls else ()
    private = transport.tls or kind == "unix"
    yield Form(name=kind, kind=kind, target=kind, words=words, client=trust, private=private)
    for mode in ("AES-CBC", "AES-CTR"):
        key = f",encryption={mode},keyfile=key.txt"
        keys = aes_keys(mode)
        if transport.tls:  # TLS alone satisfies the demand
            keys = {RIGHT: keys[RIGHT]}
        yield Form(name=f"{kind}+{mode}", kind=kind, target=kind, line=key, words=words, client=trust, keys=keys)
    yield Form(
        name=f"{kind}+AES by password",
        kind=kind,
        target=kind,
        line=",encryption=AES",
        words=words,
        client=(*trust, "--encryption=AES"),
        password_is_key=True,
    )
    if not transport.can_tls:
        return
    aes = ",encryption=AES,keyfile=key.txt"
    wants = (CERTIFICATE, "--ssl-ca-certs={folder}/ca.crt", "--ssl-client-verify-mode=required")
    if transport.tls:
        yield Form(name=f"{kind}+certificate", kind=kind, target=kind, words=wants, client=trust, keys=CERTIFICATES)
        return
    # the same port, upgraded
    ssl: dict[str, Any] = {"kind": kind, "target": "ssl", "client": (TRUST,)}
    yield Form(name=f"{kind}>ssl", words=(CERTIFICATE,), private=False, **ssl)
    yield Form(name=f"{kind}+AES>ssl", line=aes, words=(CERTIFICATE,), **ssl)
    yield Form(
        name=f"{kind}+AES>ssl+AES", line=aes, words=(CERTIFICATE,), keys={RIGHT: aes_keys("AES-CBC")[RIGHT]}, **ssl
    )
    yield Form(name=f"{kind}>certificate", line=",ssl-required=yes", words=wants, keys=CERTIFICATES, **ssl)


FORMS = {form.name: form for kind in TRANSPORTS for form in forms_of(kind)}


def _known(form: Form) -> None:
    if form.kind not in BINDS or form.kind not in TARGETS:
        pytest.fail(
            f"the transport {form.kind!r} is in the registry and unknown to {Path(__file__).name}: add its bind line "
            "to BINDS, its target to TARGETS, and what it can be upgraded to to forms_of"
        )


# -- cells -----------------------------------------------------------------------------------------------------------


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def works_on(name: str, form: Form) -> bool:
    """Whether a listener of this form may have the module."""
    only_on = recipe(name).only_on
    if only_on is not None and form.kind not in only_on:
        return False
    return form.private or not load(name).needs_clear


def plannable(form: Form, *names: str) -> bool:
    """Whether the start must go on with these modules."""
    reveals = any(load(name).reveals for name in names)
    return all(works_on(name, form) for name in names) and (reveals or not form.password_is_key)


def check_refused_at_the_start(form: Form, folder: Path, *texts: str) -> None:
    with pytest.raises(ConfigError) as caught:
        House(folder, form.server_words(folder, *texts), VARIABLES)
    assert form.kind in str(caught.value) or BINDS[form.kind].split("=")[0] in str(caught.value)
    assert caught.value.hint


async def check_cell(
    opened: House, form: Form, key: Credential, steps: tuple[tuple[str, Credential], ...], *, expected: bool
) -> Visit:
    """One client, one outcome, on both sides."""
    before = opened.host.happened
    words = [*form.words_of_client(opened.address(), key), *client_words(*steps)]
    slept = opened.time.slept
    visited = await visit(opened.folder, *words)
    await opened.quiet()
    cell = f"{form.name} ({key.value}), {', '.join(f'{name} with {what.value}' for name, what in steps)}"
    assert visited.inside is expected, f"{cell}: {visited}"
    assert (opened.host.happened - before == 1) is expected, f"{cell}: {opened.host}"
    if not expected:
        assert not visited.delivered, cell
        assert visited.error is not None, cell
    if visited.ended.error is not None and visited.ended.error.exit_code is ExitCode.AUTHENTICATION_FAILED:
        tried = any(load(name).needs_challenge and what is not NONE for name, what in steps)
        if tried and all(name != "fail" for name, _ in steps):
            assert opened.time.slept - slept >= FAILURE_ANSWER_S, cell
    return visited


def lets_in(name: str, credential: Credential) -> bool:
    return credential in recipe(name).lets_in


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_bind_type_and_module_lets_in_whom_it_should_and_nobody_else(
    material: Path, form: Form, name: str
) -> None:
    _known(form)
    texts = dict.fromkeys(recipe(name).text(name, credential, material) for credential in Credential)

    async def cells() -> None:
        for text in texts:
            async with house(material, form.server_words(material, text), **VARIABLES) as opened:
                for credential in Credential:
                    if recipe(name).text(name, credential, material) != text:
                        continue
                    if form.password_is_key and credential is NONE:
                        continue  # no password, no key: the client does not even say hello, see below
                    for key in form.keys:
                        expected = key is RIGHT and lets_in(name, credential)
                        if form.password_is_key:
                            expected = credential is RIGHT and lets_in(name, credential)
                        await check_cell(opened, form, key, ((name, credential),), expected=expected)

    if plannable(form, name):
        run(cells())
    else:
        for text in texts:
            check_refused_at_the_start(form, material, text)


@pytest.mark.parametrize("form", [form for form in FORMS.values() if len(form.keys) > 1], ids=lambda form: form.name)
def test_the_key_alone_decides_where_no_module_does(material: Path, form: Form) -> None:
    async def cells() -> None:
        async with house(material, form.server_words(material)) as opened:
            for key in form.keys:
                await check_cell(opened, form, key, (), expected=key is RIGHT)

    run(cells())


@pytest.mark.parametrize("request_name", MODES)
@pytest.mark.parametrize("form", [form for form in FORMS.values() if len(form.keys) > 1], ids=lambda form: form.name)
def test_a_request_is_served_to_clients_with_the_key_only(material: Path, form: Form, request_name: str) -> None:
    """A `stop` of somebody who only knows that there is a key would end the session."""
    effect = MODES[request_name].effect
    aes = "AES" in form.name

    async def cells() -> None:
        async with house(material, form.server_words(material)) as opened:
            for key in (NONE, WRONG):
                words = form.words_of_client(opened.address(), key)
                visited = await visit(material, *words, request=request_caps(request_name))
                await opened.quiet()
                assert not visited.accepted and not opened.host.joined
                # what changes nothing may be answered: in an answer that needs the key
                assert effect in {Effect.NONE, Effect.INFO} or not opened.host.answered
                assert key is WRONG or not opened.host.answered
            opened.host.answered.clear()
            await visit(material, *form.words_of_client(opened.address(), RIGHT), request=request_caps(request_name))
            await opened.quiet()
            # the answer to `command` is a hello, and the key is shown only after ours
            assert opened.host.answered == ([] if aes and request_name == "command" else [request_name])

    run(cells())


# -- chains ----------------------------------------------------------------------------------------------------------

CHAIN_FORMS = [FORMS[name] for name in ("unix", "tcp+AES-CTR", "ssl")]


@pytest.mark.parametrize("first", MODULES)
@pytest.mark.parametrize("form", CHAIN_FORMS, ids=lambda form: form.name)
def test_a_chain_of_two_lets_in_who_passes_both(material: Path, form: Form, first: str) -> None:
    pairs = [(NONE, NONE), (RIGHT, WRONG), (WRONG, RIGHT), (RIGHT, RIGHT)]
    # every pair on unix sockets, where all modules work; elsewhere one that asks
    seconds = list(MODULES) if form.kind == "unix" else ["file"]

    async def cells() -> None:
        for second, (one, two) in itertools.product(seconds, pairs):
            steps = ((first, one), (second, two))
            texts = [recipe(name).text(name, credential, material) for name, credential in steps]
            expected = all(itertools.starmap(lets_in, steps))
            if any(recipe(name).users and credential is not RIGHT for name, credential in steps):
                # who comes under a wrong name is wrong for each module that goes by names
                expected = expected and all(name != "multifile" for name, _ in steps)
            async with house(material, form.server_words(material, *texts), **VARIABLES) as opened:
                await check_cell(opened, form, RIGHT, steps, expected=expected)

    for second in seconds:
        if not plannable(form, first, second):
            texts = [recipe(name).text(name, RIGHT, material) for name in (first, second)]
            check_refused_at_the_start(form, material, *texts)
            return
    run(cells())


# -- where the option stands -----------------------------------------------------------------------------------------

ALL_LISTENERS = ("--bind={folder}/s", "--bind-tcp=127.0.0.1:0", "--bind-ssl=127.0.0.1:0", CERTIFICATE)


def _all_listeners(folder: Path, *words: str) -> list[str]:
    return [word.format(folder=folder) for word in (*ALL_LISTENERS, *words)]


def colon_syntax(name: str, folder: Path) -> str:
    options = recipe(name).options.format(folder=folder)
    return f"{name}:{options}" if options else name


async def check_kind(opened: House, kind: str, name: str, credential: Credential, *, expected: bool) -> None:
    trust = [TRUST] if kind == "ssl" else []
    target = TARGETS[kind].format(address=opened.address_of(kind))
    before = opened.host.joined
    visited = await visit(opened.folder, target, *trust, *client_words((name, credential)))
    await opened.quiet()
    assert visited.inside is expected, f"{kind}, {name} with {credential.value}: {visited}"
    assert (opened.host.joined > before) is expected


@pytest.mark.parametrize("name", [name for name in MODULES if RECIPES.get(name, Recipe()).only_on is None])
def test_a_global_module_guards_every_listener(material: Path, name: str) -> None:
    async def cells() -> None:
        words = _all_listeners(material, f"--auth={colon_syntax(name, material)}")
        async with house(material, words, **VARIABLES) as opened:
            for kind, credential in itertools.product(TRANSPORTS, Credential):
                await check_kind(opened, kind, name, credential, expected=lets_in(name, credential))

    run(cells())


@pytest.mark.parametrize(
    ("words", "doors"),
    [
        pytest.param(
            ["--auth=reject", "--tcp-auth=file:filename=password.txt", "--ssl-auth=none"],
            {"unix": "reject", "tcp": "file", "ssl": "none"},
            id="the options of a kind win over the global one",
        ),
        pytest.param(
            ["--auth=file:filename=password.txt", "--ssl-auth=reject"],
            {"unix": "file", "tcp": "file", "ssl": "reject"},
            id="a kind without an option of its own has the global one",
        ),
    ],
)
def test_the_more_specific_option_counts(material: Path, words: list[str], doors: Mapping[str, str]) -> None:
    async def cells() -> None:
        async with house(material, _all_listeners(material, *words)) as opened:
            for (kind, name), credential in itertools.product(doors.items(), Credential):
                await check_kind(opened, kind, name, credential, expected=lets_in(name, credential))

    run(cells())


@pytest.mark.parametrize("kind", TRANSPORTS)
def test_the_bind_line_wins_over_everything(material: Path, kind: str) -> None:
    """The line's own module guards its listener; the global `none` must not open it."""
    lines = [
        word.format(folder=material) + (",auth=file(filename=password.txt)" if word.startswith(option) else "")
        for option in [f"{BINDS[kind].partition('=')[0]}="]
        for word in ALL_LISTENERS
    ]

    async def cells() -> None:
        async with house(material, [*lines, "--auth=none"]) as opened:
            for other, credential in itertools.product(TRANSPORTS, Credential):
                expected = other != kind or credential is RIGHT
                await check_kind(opened, other, "file", credential, expected=expected)

    run(cells())


def test_a_global_module_that_works_on_some_listeners_only_stops_the_start(material: Path) -> None:
    with pytest.raises(OptionError, match="peercred"):
        House(material, _all_listeners(material, "--auth=peercred"))


def test_without_a_password_that_is_the_key_the_client_says_nothing(material: Path) -> None:
    async def scene() -> None:
        form = FORMS["tcp+AES by password"]
        async with house(material, form.server_words(material, "file(filename=password.txt)")) as opened:
            visited = await visit(material, *form.words_of_client(opened.address(), RIGHT))
            assert visited.ended.error is not None
            assert visited.ended.error.exit_code is ExitCode.PASSWORD_REQUIRED
            assert opened.connections == 0 and not opened.env.asked

    run(scene())


# -- the net itself --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "use",
    [
        pytest.param(lambda: recipe("no-such-module"), id="module"),
        pytest.param(lambda: _known(Form(name="x", kind="no-such-transport", target="x")), id="transport"),
    ],
)
def test_what_is_registered_and_unknown_here_fails_and_says_what_to_add(use: Callable[[], object]) -> None:
    with pytest.raises(pytest.fail.Exception, match=r"no-such-(module|transport).*add"):
        use()
