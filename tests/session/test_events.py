"""Events are values, and none shows a secret."""

from __future__ import annotations

import dataclasses
from typing import get_args

import pytest

from limpet.session.events import Event, KeyRequest, Terminated

KINDS = get_args(Event)


@pytest.mark.parametrize("kind", KINDS)
def test_every_event_is_a_frozen_value_with_named_fields(kind: type) -> None:
    assert dataclasses.is_dataclass(kind)
    with pytest.raises(dataclasses.FrozenInstanceError):
        object.__new__(kind).anything = 1
    assert all(field.kw_only for field in dataclasses.fields(kind))


def test_the_end_is_plain_unless_said_otherwise() -> None:
    end = Terminated(error=None, reason="done", by_peer=True)
    assert (end.retry_legacy, end.unanswered, end.text) == (False, False, "")
    assert end == Terminated(error=None, reason="done", by_peer=True)


def test_an_order_for_a_key_holds_none() -> None:
    assert {field.name for field in dataclasses.fields(KeyRequest)} == {"salt", "iterations", "key_hash", "key_size"}
