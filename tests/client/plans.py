"""Plans of connections, from the words of a command line as users write them."""

from __future__ import annotations

from pathlib import Path

from limpet.client.plan import ConnectPlan, plan_connection
from limpet.config.credentials import Environment
from limpet.config.parser import parse_words
from limpet.config.schema import Scope
from limpet.net.endpoint import parse_target


def plan(*words: str, base: Path = Path("/nonexistent"), environment: Environment | None = None) -> ConnectPlan:
    parsed = parse_words(list(words), "attach", Scope.ATTACH)
    target = parse_target(parsed.arguments[0])
    return plan_connection(parsed.options, target, environment or Environment(), base=base)
