from __future__ import annotations

import pytest

from limpet.x11.atoms import KNOWN, PREDEFINED, Atoms
from limpet.x11.testing import Application


def test_names_are_interned_in_one_batch_without_the_predefined() -> None:
    batches: list[tuple[str, ...]] = []

    def intern(names: tuple[str, ...]) -> tuple[int, ...]:
        batches.append(names)
        return tuple(range(500, 500 + len(names)))

    atoms = Atoms(intern, lambda atom: None)
    assert len(batches) == 1
    assert not set(batches[0]) & set(PREDEFINED)
    assert {atoms.known_name(atoms[name]) for name in KNOWN} == set(KNOWN)
    with pytest.raises(KeyError):
        atoms["NOT_LISTED"]


def test_foreign_names_are_asked_for_once_and_never_become_known() -> None:
    asked: list[int] = []

    def lookup(atom: int) -> str | None:
        asked.append(atom)
        return "_NET_WM_STATE_FOREIGN" if atom == 900 else None

    atoms = Atoms(lambda names: tuple(range(100, 100 + len(names))), lookup)
    assert [atoms.name(900), atoms.name(900), atoms.name(901), atoms.name(0), atoms.name(1 << 30)] == [
        "_NET_WM_STATE_FOREIGN", "_NET_WM_STATE_FOREIGN", None, None, None,
    ]  # fmt: skip
    assert asked == [900, 901]
    assert atoms.known_name(900) is None


def test_the_predefined_atoms_are_those_of_the_server(app: Application) -> None:
    for name, atom in PREDEFINED.items():
        assert app.atom(name) == atom
        assert app.connection.atoms.name(atom) == name
    assert app.connection.atoms.name(app.atom("_SOMETHING_NEW")) == "_SOMETHING_NEW"
    assert app.connection.atoms.name(12_345_678) is None
