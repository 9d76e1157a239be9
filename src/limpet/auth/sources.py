"""Where a client's password comes from (docs/protocol: authentication, 5.10): URL, files, environment, prompt.

The sources are tried in their order, and one that has answered is used up: the second challenge of a login goes to the
next (5.7). All IO is injected.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from limpet.errors import ConfigError, ExitCode, PasswordRequired
from limpet.records import dataclass
from limpet.values import Secret

MAX_FILE = 64 * 1024
"""bytes of a password file"""

MAX_PROMPTS = 4
"""how often one login may ask the user"""

_MAX_PROMPT_TEXT = 80

FileReader = Callable[[str, int], Awaitable[bytes]]
"""path, most bytes -> content; raises OSError"""


@dataclass(frozen=True, slots=True)
class PasswordRequest:
    """What the user is asked, and by whom."""

    server: str
    """the target as the user knows it, without password"""
    username: str = ""
    prompt: str = "password"
    """the server's words; see `clean_prompt`"""
    number: int = 1
    """1 for the first challenge of the login"""

    @property
    def question(self) -> str:
        """One line for a terminal or a window."""
        words = clean_prompt(self.prompt)
        name = f" (user {clean_prompt(self.username)})" if self.username else ""
        return f"{clean_prompt(self.server)}{name} asks: {words or 'password'}: "


def clean_prompt(text: str) -> str:
    """Text of a stranger, made fit for a terminal: printable characters of one line, at most 80."""
    cleaned = "".join(char if char.isprintable() else " " for char in text[: 4 * _MAX_PROMPT_TEXT])
    return " ".join(cleaned.split())[:_MAX_PROMPT_TEXT].rstrip(": ")


@dataclass(frozen=True, slots=True)
class Password:
    """A password from a source; text is in UTF-8."""

    secret: Secret
    from_file: bool
    """the bytes of a file, which some peers take as they stand"""


class PasswordSource(Protocol):
    """One place that a password may come from."""

    @property
    def name(self) -> str:
        """For messages: `--password-file=FILE`."""
        ...

    @property
    def uses(self) -> int:
        """How many challenges of one login it can answer."""
        ...

    @property
    def ready(self) -> bool:
        """Whether it answers without asking the user."""
        ...

    @property
    def failure_hint(self) -> str:
        """What may be wrong if its password was refused; empty if nothing is known."""
        ...

    async def password(self, request: PasswordRequest, /) -> Password | None:
        """The password, None if there is none here. Raises ConfigError if there should be one."""
        ...


class GivenSource:
    """A password that is at hand: from the URL."""

    uses = 1
    failure_hint = ""

    def __init__(self, secret: Secret, *, name: str = "the URL") -> None:
        self._secret = secret
        self.name = name

    @property
    def ready(self) -> bool:
        return bool(self._secret)

    async def password(self, _request: PasswordRequest, /) -> Password | None:
        return Password(self._secret, from_file=False) if self._secret else None


class FileSource:
    """`--password-file`: the whole content as it stands, newline and all, as stock peers do (5.8)."""

    uses = 1
    ready = True

    def __init__(self, path: str, read: FileReader) -> None:
        self._path = path
        self._read = read
        self._newline = False
        self.name = f"--password-file={path}"

    @property
    def failure_hint(self) -> str:
        if not self._newline:
            return ""
        return (
            f"{self._path!r} ends in a newline, which is part of the password; if that is not meant, make the file "
            "with printf %s"
        )

    async def password(self, _request: PasswordRequest, /) -> Password | None:
        try:
            content = await self._read(self._path, MAX_FILE)
        except OSError as error:
            raise ConfigError(
                f"cannot read the password file {self._path!r}: {error.strerror or error}",
                hint="check the path given with --password-file",
                exit_code=ExitCode.PASSWORD_FILE_ERROR,
            ) from error
        if not content:
            raise ConfigError(
                f"the password file {self._path!r} is empty",
                hint="write the password into it, without a newline: printf %s",
                exit_code=ExitCode.PASSWORD_FILE_ERROR,
            )
        self._newline = content.endswith(b"\n")
        return Password(Secret(content), from_file=True)


class EnvironmentSource:
    """`LIMPET_PASSWORD`, else `XPRA_PASSWORD`; one that is empty counts as not set."""

    uses = 1
    failure_hint = ""

    def __init__(
        self, environ: Mapping[str, str], *, variables: Sequence[str] = ("LIMPET_PASSWORD", "XPRA_PASSWORD")
    ) -> None:
        self._value = ""
        self.name = f"the environment variable {variables[-1]}"
        for variable in variables:
            if environ.get(variable):
                self._value = environ[variable]
                self.name = f"the environment variable {variable}"
                break

    @property
    def ready(self) -> bool:
        return bool(self._value)

    async def password(self, _request: PasswordRequest, /) -> Password | None:
        return _password(self._value)


class PromptSource:
    """Asks the user, in a terminal without echo or in a window; no answer or an empty one means that there is none."""

    uses = MAX_PROMPTS
    ready = False
    failure_hint = ""

    def __init__(self, ask: Callable[[PasswordRequest], Awaitable[str | None]], *, name: str = "the prompt") -> None:
        self._ask = ask
        self.name = name

    async def password(self, request: PasswordRequest, /) -> Password | None:
        return _password(await self._ask(request) or "")


def _password(text: str) -> Password | None:
    return Password(Secret(text.encode("utf-8", "surrogateescape")), from_file=False) if text else None


class PasswordSources:
    """The sources of one login, in order. Made anew, or by `again`, for each connection."""

    def __init__(
        self, sources: Sequence[PasswordSource], *, answers: Mapping[tuple[int, int], Password] | None = None
    ) -> None:
        self._sources = tuple(sources)
        self._answers = dict(answers or {})
        self._index = 0
        self._used = 0
        self._last: PasswordSource | None = None

    @property
    def ready(self) -> bool:
        """Whether some source answers without asking the user: then the first hello says `challenge`."""
        return any(source.ready for source in self._sources)

    @property
    def failure_hint(self) -> str:
        """What may be wrong with the password that was given last."""
        return self._last.failure_hint if self._last is not None else ""

    def again(self) -> PasswordSources:
        """The same sources for a new connection, with what the user has typed: a reconnect asks nothing twice."""
        return PasswordSources(self._sources, answers=self._answers)

    async def take(self, request: PasswordRequest) -> Password:
        """The password for the next challenge; its source is used up, or one use of it.

        Raises PasswordRequired when no source has one left, ConfigError for one that cannot be used.
        """
        password = await self._current(request)
        self._last = self._sources[self._index]
        self._used += 1
        return password

    async def key(self, request: PasswordRequest) -> Secret:
        """The first password as an AES key, without CR and LF at both ends (docs/protocol: encryption, 4.2).

        Uses nothing up: the same password answers the first challenge. Raises as `take`.
        """
        password = await self._current(request)
        source = self._sources[self._index]
        key = password.secret.reveal().strip(b"\r\n")
        if not key:
            raise ConfigError(f"the password of {source.name} holds nothing but newlines, so it cannot be a key")
        return Secret(key)

    async def _current(self, request: PasswordRequest) -> Password:
        while self._index < len(self._sources):
            source = self._sources[self._index]
            if self._used < source.uses:
                place = (self._index, self._used)
                password = self._answers.get(place) or await source.password(request)
                if password is not None:
                    if b"\0" in password.secret.reveal():
                        raise ConfigError(f"the password of {source.name} holds a NUL byte, which no server accepts")
                    self._answers[place] = password
                    return password
            self._index += 1
            self._used = 0
        tried = ", ".join(source.name for source in self._sources)
        raise PasswordRequired(
            f"{clean_prompt(request.server)} asks for a password ({clean_prompt(request.prompt) or 'password'})"
            + (f", and none is left (tried {tried})" if tried else " and none is given"),
            hint="give it with --password-file=FILE, XPRA_PASSWORD, or in the URL",
        )
