"""What owners decide beforehand."""

from __future__ import annotations

import dataclasses

import pytest

from limpet.limits import HANDSHAKE
from limpet.session.policy import ClientPolicy, ServerPolicy


@pytest.mark.parametrize("policy", [ServerPolicy(aes=None, private=False), ClientPolicy(aes=None, legacy=False)])
def test_a_policy_has_the_usual_limits_and_does_not_change(policy: ServerPolicy | ClientPolicy) -> None:
    assert policy.limits == HANDSHAKE
    assert policy.ping_interval_s == 5.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        policy.aes = None  # type: ignore[misc]


def test_whether_aes_is_asked_for_must_be_said() -> None:
    with pytest.raises(TypeError):
        ServerPolicy(private=True)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        ClientPolicy(legacy=False)  # type: ignore[call-arg]
