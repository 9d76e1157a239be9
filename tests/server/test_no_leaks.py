"""At `-d all`, in every repr and in every message: no key, password, derived key or proof (issue: AES, sessions)."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from limpet.auth import digest
from limpet.cli.logs import debug_loggers
from limpet.config.credentials import Environment
from limpet.config.parser import parse_words
from limpet.config.schema import Scope
from limpet.errors import LimpetError
from limpet.net.endpoint import parse_bind, parse_target
from limpet.session.encryption import AesPolicy
from limpet.session.policy import ClientPolicy, ServerPolicy
from limpet.values import Secret
from limpet.wire import cipher
from tests.server.conftest import SECRETS
from tests.server.house import House, client_plan, house, visit
from tests.server.test_login_matrix import FORMS, RECIPES, RIGHT, WRONG, Form, client_words, plannable

KEYDATA = "keydata-of-the-house-0123456789a"
FIXED = {
    name: content.strip()
    for name, content in {
        **SECRETS,
        "users.txt": b"the-password-of-bob",
        "URL": b"password-in-the-url",
        "key password": b"password-of-the-ssl-key",
        "key data": KEYDATA.encode(),
    }.items()
}


def spellings(secret: bytes) -> set[str]:
    """As a careless line would show it."""
    shown = {
        secret.hex(),
        secret.hex().upper(),
        secret.hex(":"),
        base64.b64encode(secret).decode().rstrip("="),
        base64.urlsafe_b64encode(secret).decode().rstrip("="),
        repr(secret)[2:-1],
        repr(bytearray(secret))[12:-2],
        str(list(secret))[1:-1],
    }
    return shown | ({secret.decode()} if secret.isascii() else set())


def check_clean(text: str, secrets: dict[str, bytes], where: str) -> None:
    for name, secret in secrets.items():
        assert len(secret) >= 8, "too short to look for"
        for spelling in spellings(secret):
            assert spelling not in text, f"{name} is in {where}"


class Spy:
    """Knows what was derived and proved on the way."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.found: dict[str, bytes] = {}
        self._derive = cipher.derive_key
        self._gendigest = digest.gendigest
        for module in ("limpet.wire.cipher", "limpet.session.encryption"):
            monkeypatch.setattr(f"{module}.derive_key", self.derive_key)
        for module in ("limpet.auth.digest", "limpet.auth.answer"):
            monkeypatch.setattr(f"{module}.gendigest", self.gendigest)

    def derive_key(self, *args: Any, **kwargs: Any) -> Secret:
        key = self._derive(*args, **kwargs)
        self.found[f"derived key {len(self.found)}"] = key.reveal()
        return key

    def gendigest(self, kind: str, secret: bytes, salt: bytes) -> bytes:
        proof = self._gendigest(kind, secret, salt)
        self.found[f"proof {len(self.found)}"] = proof
        with contextlib.suppress(ValueError):
            self.found[f"proof {len(self.found)} as bytes"] = bytes.fromhex(proof.decode())
        return proof


@contextlib.contextmanager
def everything_logged() -> Iterator[io.StringIO]:
    """All that the program says at `-d all`, before the redactor, which is a second belt only."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
    loggers = [logging.getLogger(name) for name in (*debug_loggers(["all"]), "asyncio")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
    try:
        yield text
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.removeHandler(handler)
            logger.setLevel(level)


MODULES = ("file", "multifile", "password", "env", "allow", "exec")


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize(
    "form",
    [FORMS[name] for name in ("tcp", "tcp+AES-CBC", "unix+AES-CTR", "ssl", "tcp+AES by password")],
    ids=lambda form: form.name,
)
def test_a_full_log_of_logins_holds_no_secret(
    material: Path, form: Form, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not plannable(form, name):
        with everything_logged() as log, pytest.raises(LimpetError) as caught:
            House(material, form.server_words(material, RECIPES[name].text(name, RIGHT, material)))
        check_clean(f"{log.getvalue()}{caught.value!r}{caught.value.hint}", FIXED, "the refusal")
        return
    spy = Spy(monkeypatch)

    async def scene() -> None:
        words = form.server_words(material, RECIPES[name].text(name, RIGHT, material))
        async with house(material, words, HOUSE_PASSWORD="the-right-password") as opened:
            for key in form.keys:
                for credential in (WRONG, RIGHT):
                    typed = [*form.words_of_client(opened.address(), key), *client_words((name, credential))]
                    visited = await visit(material, *typed)
                    print(visited, visited.error, getattr(visited.error, "hint", ""))  # what the user sees
                    await opened.quiet()
            assert opened.host.joined

    with everything_logged() as log, contextlib.redirect_stdout(log):
        asyncio.run(scene())
    assert "limpet" in log.getvalue()
    if "AES" in form.name:
        assert any("derived" in what for what in spy.found)
    if name in {"file", "multifile", "password", "env"}:
        assert any("proof" in what for what in spy.found)
    check_clean(log.getvalue(), {**FIXED, **spy.found}, "the log")


SERVER_LINES = [
    "--bind=auto,encryption=AES,keyfile=key.txt --auth=file:filename=password.txt",
    f"--bind-tcp=127.0.0.1:1,encryption=AES,keydata=0x{KEYDATA.encode().hex()},auth=password(value=the-right-password)",
    "--bind-tcp=127.0.0.1:1 --tcp-auth=password:value=the-right-password --tcp-encryption=AES",
    "--bind-ssl=127.0.0.1:1,ssl-key-password=password-of-the-ssl-key --ssl-cert=server.pem",
    "--bind-ssl=127.0.0.1:1 --ssl-cert=server.pem --ssl-key-password=password-of-the-ssl-key",
]
CLIENT_LINES = [
    "tcp://alice:password-in-the-url@127.0.0.1:1/?encryption=AES&keydata=0x" + KEYDATA.encode().hex(),
    "ssl://alice:password-in-the-url@127.0.0.1:1/?ssl-key-password=password-of-the-ssl-key",
    "tcp://127.0.0.1:1/ --encryption=AES --encryption-keyfile=key.txt --password-file=password.txt",
]


def _texts(thing: object) -> str:
    return f"{thing!r} {thing} {thing:}"


@pytest.mark.parametrize("line", SERVER_LINES)
def test_what_a_server_plans_shows_no_secret(material: Path, line: str) -> None:
    options = parse_words(line.split(), "start", Scope.START)
    opened = House(material, line)
    things: list[object] = [options, options.options, opened.plan, opened.environment, *opened.setups]
    for setup in opened.setups:
        things += [setup.plan, setup.plan.bind, setup.plan.aes, setup.plan.tls, setup.policy, setup.protection]
        things += [*setup.plan.auth, setup.protection.auth, setup.protection.aes, setup.protection.name]
    for thing in things:
        check_clean(_texts(thing), FIXED, type(thing).__name__)


@pytest.mark.parametrize("line", CLIENT_LINES)
def test_what_a_client_plans_shows_no_secret(material: Path, line: str) -> None:
    words = line.split()
    plan = client_plan(material, words)
    things = [parse_words(words, "attach", Scope.ATTACH), parse_target(words[0]), plan, plan.target, plan.aes]
    for thing in (*things, plan.tls, plan.passwords):
        check_clean(_texts(thing), FIXED, type(thing).__name__)


def test_small_values_with_secrets_show_none() -> None:
    secret = Secret(b"password-in-the-url")
    params = cipher.CipherParams(
        mode="CBC", key=Secret(SECRETS["key.txt"] + b"x"), iv=b"0" * 16, padding="PKCS#7", block=16, stream=True
    )
    things: list[object] = [
        secret,
        Environment(password=secret, encryption_key=Secret(SECRETS["key.txt"]), ssl_key_password=secret),
        parse_bind("tcp", f":1,keydata=0x{KEYDATA.encode().hex()},auth=password(value=the-right-password)"),
        params,
        cipher.AesEncryptor(params),
        cipher.AesDecryptor(params),
        cipher.ProbingDecryptor(params),
        AesPolicy("CBC", required=True),
        ServerPolicy(aes=None, private=False),
        ClientPolicy(aes=None, legacy=False),
    ]
    for thing in things:
        check_clean(repr(thing) + str(thing), FIXED, type(thing).__name__)


WRONG_LINES = [
    "--bind-tcp=127.0.0.1:1,keydata=the-right-password",
    "--bind-tcp=127.0.0.1:1,auth=password(value=the-right-password,the-right-password)",
    "--bind-tcp=127.0.0.1:1 --tcp-auth=password:valeu=the-right-password",
    "--bind-tcp=127.0.0.1:1,auth=file(filename=password.txt,the-right-password)",
    "--bind-tcp=*:1 --tcp-auth=password:value=the-right-password",
    "--bind-tcp=*:1,encryption=AES,auth=password(value=the-right-password)",
    "--bind-tcp=127.0.0.1:1,ssl-key-password=password-of-the-ssl-key",
    "--bind-tcp=127.0.0.1:1,keydata=the-right-password,keyfile=key.txt",
    "--bind=auto,ssl-key-password=password-of-the-ssl-key",
]


@pytest.mark.parametrize("line", WRONG_LINES)
def test_the_refusal_of_a_command_line_shows_no_secret(material: Path, line: str) -> None:
    with pytest.raises(LimpetError) as caught:
        House(material, line)
    text = "".join(f"{error!r} {error} {error.hint}" for error in [caught.value])
    check_clean(text, FIXED, "the message")
