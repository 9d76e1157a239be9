"""What all modules have in common: they keep what they are given, and have nothing to check or to reveal."""

from __future__ import annotations

from typing import ClassVar, Generic, Protocol, TypeVar

from limpet.auth.challenge import DEFAULT_PROMPT
from limpet.auth.module import ModuleEnv, PeerFacts
from limpet.auth.options import option
from limpet.records import dataclass
from limpet.values import Secret

OptionsT = TypeVar("OptionsT")


class HasPrompt(Protocol):
    """Options of a module that asks."""

    @property
    def prompt(self) -> str: ...


AskingT = TypeVar("AskingT", bound=HasPrompt)


@dataclass(frozen=True, slots=True)
class NoOptions:
    """Of a module without options."""


@dataclass(frozen=True, slots=True)
class PromptOptions:
    """Of a module that only asks."""

    prompt: str = option("what the client shows when it asks for the password", default=DEFAULT_PROMPT)


class BaseModule(Generic[OptionsT]):
    """A module that asks the client nothing, until a subclass says otherwise; see `Authenticator`, `ModuleClass`."""

    proof: ClassVar[bool] = True
    needs_challenge: ClassVar[bool] = False
    needs_clear: ClassVar[bool] = False
    reveals: ClassVar[bool] = False

    def __init__(self, options: OptionsT, facts: PeerFacts, username: str, env: ModuleEnv) -> None:
        self.options = options
        self.facts = facts
        self.username = username
        self.env = env

    @property
    def prompt(self) -> str:
        return DEFAULT_PROMPT

    @property
    def user(self) -> str:
        return ""

    async def reveal_password(self) -> Secret | None:
        return None

    @staticmethod
    def check(_options: OptionsT, _listener_kind: str, _env: ModuleEnv, /) -> None:
        """Works everywhere."""

    @staticmethod
    def warnings(_options: OptionsT, _env: ModuleEnv, /) -> tuple[str, ...]:
        return ()


class AskingModule(BaseModule[AskingT]):
    """A module that asks the client for a password."""

    needs_challenge: ClassVar[bool] = True

    @property
    def prompt(self) -> str:
        return self.options.prompt
