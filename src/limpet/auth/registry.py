"""The authentication modules by name. One line adds one; its file is imported when it is configured."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from limpet.auth.module import Authenticator, ModuleClass, ModuleEnv, ModuleFailure, ModuleSpec, PeerFacts
from limpet.auth.options import option_names, parse_options
from limpet.errors import OptionError
from limpet.limits import HANDSHAKE

MODULES: Mapping[str, str] = MappingProxyType(
    {
        "allow": "limpet.auth.modules.allow:AllowModule",
        "env": "limpet.auth.modules.env:EnvModule",
        "exec": "limpet.auth.modules.exec_:ExecModule",
        "fail": "limpet.auth.modules.fail:FailModule",
        "file": "limpet.auth.modules.file:FileModule",
        "multifile": "limpet.auth.modules.multifile:MultifileModule",
        "none": "limpet.auth.modules.none:NoneModule",
        "password": "limpet.auth.modules.password:FixedPasswordModule",
        "peercred": "limpet.auth.modules.peercred:PeercredModule",
        "reject": "limpet.auth.modules.reject:RejectModule",
    }
)

_FILENAME = "filename"


def load(name: str) -> ModuleClass:
    """The class of the module `name`. Raises OptionError for an unknown name; the hint lists the known ones."""
    target = MODULES.get(name)
    if target is None:
        near = difflib.get_close_matches(name, MODULES, n=1)
        guess = f"did you mean {near[0]!r}? " if near else ""
        raise OptionError(
            f"limpet has no authentication module {name[:40]!r}", hint=f"{guess}it has: {', '.join(MODULES)}"
        )
    module, _, attribute = target.partition(":")
    loaded: ModuleClass = getattr(importlib.import_module(module), attribute)
    return loaded


def build(spec: ModuleSpec, facts: PeerFacts, username: str, env: ModuleEnv) -> Authenticator:
    """The module at work for one connection; `username` is the client's claim.

    Raises ModuleFailure when it cannot be set up, which refuses the login.
    """
    try:
        module = load(spec.name)
        options = parse_options(module.options_type, spec)
    except OptionError as error:
        # `check` stops the server for this before it listens; a way round `check` must not become a way in
        raise ModuleFailure(f"{error} ({error.hint})" if error.hint else str(error)) from error
    return module(options, facts, username, env)


def check(spec: ModuleSpec, listener_kind: str, private: bool, env: ModuleEnv) -> None:
    """Raise OptionError for what cannot work on this listener; to be called for each before the server listens.

    `private`: whatever passes the listener's own rules is encrypted, or it is a unix socket.
    Unknown modules, unknown, missing and wrong options, files and programs that are not there, modules that need what
    the listener does not have.
    """
    module = load(spec.name)
    options = parse_options(module.options_type, spec)
    if module.needs_clear and not private:
        raise OptionError(
            f"authentication module {spec.name!r} needs the clear password, and the {listener_kind!r} listener lets "
            "clients in without encryption",
            hint="give the listener TLS (--ssl=on, --ssl-cert=FILE) or AES (--tcp-encryption=AES)",
        )
    module.check(options, listener_kind, env)


def check_chain(specs: Sequence[ModuleSpec], listener_kind: str, private: bool, env: ModuleEnv) -> None:
    """`check` for each module of a listener, and for their number."""
    for spec in specs:
        check(spec, listener_kind, private, env)
    asking = sum(load(spec.name).needs_challenge for spec in specs)
    if asking > HANDSHAKE.max_challenges:
        raise OptionError(
            f"{asking} authentication modules ask for a password on one {listener_kind!r} listener, "
            f"at most {HANDSHAKE.max_challenges} can"
        )


def warnings(spec: ModuleSpec, env: ModuleEnv) -> tuple[str, ...]:
    """What to print at the start about a module that `check` has passed; one sentence each."""
    module = load(spec.name)
    return module.warnings(parse_options(module.options_type, spec), env)


def is_proof(spec: ModuleSpec) -> bool:
    """Whether passing the module proves something about the client, as a listener open to the network needs."""
    return load(spec.name).proof


def reveals_password(spec: ModuleSpec) -> bool:
    """Whether the module's password can stand in for an AES key."""
    return load(spec.name).reveals


def with_password_file(spec: ModuleSpec, filename: str) -> ModuleSpec:
    """`spec` with the global `--password-file` where the module takes a file and none is named."""
    if not filename or _FILENAME in spec.options or _FILENAME not in option_names(load(spec.name).options_type):
        return spec
    return ModuleSpec(spec.name, {**spec.options, _FILENAME: filename})
