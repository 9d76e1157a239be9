"""Who may look at a session together."""

from __future__ import annotations

from typing import Any

import pytest

from limpet.packets.capabilities import ClientHello
from limpet.packets.capgroups import EncodingCaps
from limpet.server.sharing import Admission, admit

VIEWER = EncodingCaps(options=("png",), core=("png",))


def viewer(uuid: str = "", **changes: Any) -> ClientHello:
    return ClientHello(uuid=uuid, encoding=VIEWER, **changes)


COMMAND = ClientHello(ui_client=False)


def test_the_first_is_admitted() -> None:
    assert admit(viewer(), []) == Admission(admitted=True)


def test_a_newcomer_takes_over() -> None:
    assert admit(viewer("b"), [("a", viewer("a")), ("c", viewer("c"))]) == Admission(admitted=True, dropped=("a", "c"))


def test_all_stay_where_all_share() -> None:
    present = [("a", viewer("a", share=True)), ("c", viewer("c", share=True))]
    assert admit(viewer("b", share=True), present) == Admission(admitted=True)


@pytest.mark.parametrize(("ours", "theirs"), [(True, False), (False, True)])
def test_one_who_does_not_share_is_enough(ours: bool, theirs: bool) -> None:
    present = [("a", viewer("a", share=True)), ("c", viewer("c", share=theirs))]
    assert admit(viewer("b", share=ours), present) == Admission(admitted=True, dropped=("a", "c"))


def test_a_lock_keeps_newcomers_out_who_do_not_share() -> None:
    assert not admit(viewer("b"), [("a", viewer("a", lock=True))]).admitted
    assert admit(viewer("b", share=True), [("a", viewer("a", lock=True, share=True))]).admitted


def test_who_does_not_steal_is_refused_where_somebody_is() -> None:
    assert admit(viewer("b", steal=False), []).admitted
    assert not admit(viewer("b", steal=False), [("a", viewer("a"))]).admitted


def test_the_same_client_takes_its_own_place_even_under_a_lock() -> None:
    assert admit(viewer("a"), [("a", viewer("a", lock=True))]) == Admission(admitted=True, replaced=("a",))
    assert admit(viewer("a", steal=False), [("a", viewer("a"))]) == Admission(admitted=True, replaced=("a",))


def test_a_refused_newcomer_has_still_replaced_itself() -> None:
    present = [("old", viewer("b")), ("a", viewer("a", lock=True))]
    assert admit(viewer("b"), present) == Admission(admitted=False, replaced=("old",))


def test_clients_without_an_id_are_not_the_same() -> None:
    assert admit(viewer(""), [("a", viewer(""))]) == Admission(admitted=True, dropped=("a",))


def test_clients_without_windows_are_in_nobodys_way() -> None:
    assert admit(COMMAND, [("a", viewer("a", lock=True))]) == Admission(admitted=True)
    assert admit(viewer("b"), [("a", COMMAND)]) == Admission(admitted=True)
