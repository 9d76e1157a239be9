"""What every module starts from."""

from __future__ import annotations

import asyncio

from limpet.auth.modules.base import AskingModule, BaseModule, NoOptions, PromptOptions
from tests.auth.support import TCP, FakeEnv


def test_a_module_asks_nothing_reveals_nothing_and_works_everywhere_until_it_says_otherwise() -> None:
    env = FakeEnv()
    module = BaseModule(NoOptions(), TCP, "alice", env)
    assert (module.proof, module.needs_challenge, module.needs_clear, module.reveals) == (True, False, False, False)
    assert (module.prompt, module.user) == ("password", "")
    assert (module.facts, module.username, module.env) == (TCP, "alice", env)
    assert asyncio.run(module.reveal_password()) is None
    module.check(NoOptions(), "tcp", env)
    assert module.warnings(NoOptions(), env) == ()


def test_an_asking_module_has_the_prompt_of_its_options() -> None:
    module = AskingModule(PromptOptions(prompt="the word"), TCP, "", FakeEnv())
    assert (module.needs_challenge, module.prompt) == (True, "the word")
