#!/usr/bin/env python3
"""Write the parts of the documentation that follow from the code: tables of packets, capabilities, limits and the like.

Whole pages are made anew; in other pages the text between ``<!-- made: NAME -->`` and ``<!-- end -->`` is. With
``--check`` nothing is written, and what is not up to date is named. Needs limpet to be importable.
"""

from __future__ import annotations

import argparse
import ast
import dataclasses
import enum
import inspect
import re
import sys
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from limpet import errors, limits
from limpet.auth import limiter
from limpet.auth import registry as auth_modules
from limpet.auth.options import option_names
from limpet.packets import SUBJECTS, capgroups
from limpet.packets.capabilities import ClientHello, EncryptionCaps, ServerHello
from limpet.packets.capfields import Capabilities, keys_of
from limpet.packets.fields import Codec, Range
from limpet.packets.records import Record
from limpet.packets.registry import packets
from limpet.packets.requests import MODES
from limpet.packets.schema import Form, Packet, Phase
from limpet.values import Secret, Side, Size, WindowId, Wire

ROOT = Path(__file__).resolve().parent.parent
MADE = "Made by `tools/reference.py` from the code; do not edit."
BLOCK = re.compile(r"(<!-- made: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)

_RANGES = {
    (0, 2**8 - 1): "u8",
    (0, 2**16 - 1): "u16",
    (0, 2**32 - 1): "u32",
    (0, 2**64 - 1): "u64",
    (-(2**15), 2**15 - 1): "i16",
    (-(2**31), 2**31 - 1): "i32",
    (-(2**63), 2**63 - 1): "i64",
}
_SHAPES = {
    "load_size": "[w, h]",
    "load_rect": "[x, y, w, h]",
    "load_point": "[x, y]",
    "load_map": "dict",
    "load_any": "any",
    "load_buffer": "bytes",
}
_PLAIN = {
    str: "text",
    bytes: "bytes",
    bytearray: "bytes",
    memoryview: "bytes",
    bool: "bool",
    int: "i64",
    float: "number",
    Size: "[w, h]",
}


# -- texts of the code -------------------------------------------------------------------------------------------------


def described(cls: type[Any]) -> dict[str, str]:
    """Each name that the body of `cls` assigns or declares, with the text under it."""
    tree = ast.parse(inspect.getsource(cls).lstrip())
    body = tree.body[0]
    assert isinstance(body, ast.ClassDef)
    found: dict[str, str] = {}
    name = ""
    for node in body.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            found[name] = ""
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            name = node.target.id
            found[name] = ""
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and name:
            found[name] = " ".join(str(node.value.value).split())
    return found


def constants(module: types.ModuleType) -> dict[str, str]:
    """The capital names of a module with the text under them, where there is one."""
    found: dict[str, str] = {}
    name = ""
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and name.isupper():
            found[name] = " ".join(str(node.value.value).split())
            name = ""
        else:
            name = ""
    return found


def paragraphs(cls: type[Any]) -> str:
    """The docstring of `cls`, unindented."""
    return inspect.cleandoc(cls.__doc__ or "")


def cell(text: str) -> str:
    """`text` fit for a cell of a table."""
    return text.replace("|", "\\|")


def row(*cells: str) -> str:
    return "| " + " | ".join(map(cell, cells)) + " |"


def heading(*cells: str) -> list[str]:
    return [row(*cells), "|" + "---|" * len(cells)]


# -- packets -----------------------------------------------------------------------------------------------------------


def shape(hint: Any) -> str:
    """What the wire may carry for a field of this type, in a few words."""
    if hint == Wire:
        return "any"
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _annotated(args)
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(shape(arg) for arg in args if arg is not type(None)))
    if origin is tuple:
        if len(args) == 2 and args[1] is Ellipsis:
            return f"list of {shape(args[0])}"
        return f"[{', '.join(map(shape, args))}]"
    if origin is Mapping:
        return f"dict of {shape(args[0])} to {shape(args[1])}"
    if isinstance(hint, type):
        return _class_shape(hint)
    return "any"


def _annotated(args: tuple[Any, ...]) -> str:
    base, *marks = args
    for mark in marks:
        if isinstance(mark, Range):
            if base is WindowId:
                return "window id" if mark.lo > 0 else "window id, 0 or -1"
            return _RANGES.get((mark.lo, mark.hi), f"{mark.lo}..{mark.hi}")
        if isinstance(mark, Codec):
            known = _SHAPES.get(getattr(mark.load, "__name__", ""))
            return known or shape(base)
    return shape(base)


def _class_shape(hint: type[Any]) -> str:
    if hint in _PLAIN:
        return _PLAIN[hint]
    if issubclass(hint, enum.Enum):
        return "one of " + ", ".join(str(member.value) for member in hint)
    return f"dict (`{hint.__name__}`)" if issubclass(hint, (Record, Capabilities)) else "any"


def _default(field: dataclasses.Field[Any]) -> str:
    if field.default_factory is not dataclasses.MISSING:
        return "empty"
    if field.default is dataclasses.MISSING:
        return "required"
    if isinstance(field.default, enum.Enum):
        return str(field.default.value)
    if field.default in ("", (), b"") or isinstance(field.default, Record):
        return "empty"
    if field.default is None:
        return "absent"
    if isinstance(field.default, Size):
        return f"[{field.default.width}, {field.default.height}]"
    return str(list(field.default) if isinstance(field.default, tuple) else field.default)


def _shown(value: Any) -> str:
    return str(value.value if isinstance(value, enum.Enum) else value)


def _form_line(form: Form) -> str:
    arguments = f"[{', '.join(form.fields)}]" if form.fields else "no arguments"
    notes = []
    if form.unpack is not None:
        notes.append("a layout of its own that carries these")
    if form.implies:
        said = [f"{name} {_shown(value)}" for name, value in form.implies.items()]
        notes.append(f"the name itself means {', '.join(said)}")
    if form.needs:
        notes.append(f"sent to a peer that lists `{form.needs}` in `packet-types`")
    if form.receive:
        notes.append("read, never sent")
    if form.bulk:
        notes.append(f"{form.bulk} may travel as a raw chunk")
    return f"- `{form.name}` {arguments}" + (f" ({'; '.join(notes)})" if notes else "")


def handled(root: Path) -> dict[str, list[str]]:
    """Name of a packet class -> the modules that do something with it."""
    found: dict[str, list[str]] = {}
    for folder in ("server/features", "client/features"):
        for path in sorted((root / "src" / "limpet" / folder).glob("*.py")):
            for name in re.findall(r"\b(?:on_packet|handler)\((?:\w+\.)?([A-Z]\w+),", path.read_text()):
                found.setdefault(name, []).append(f"{folder}/{path.name}")
    for name in ("Hello", "Challenge", "Disconnect", "Ping", "PingEcho"):
        found.setdefault(name, []).insert(0, "session")
    found["Screenshot"] = ["client/command.py", *found.get("Screenshot", [])]
    return found


def packet_page(root: Path) -> Iterator[str]:
    by_subject: dict[str, list[type[Packet]]] = {subject: [] for subject in SUBJECTS}
    for cls in packets.classes():
        by_subject[cls.__module__.rpartition(".")[2]].append(cls)
    where = handled(root)
    yield "# Packets"
    yield ""
    yield MADE
    yield ""
    yield (
        "Every packet that limpet knows, by the module of `limpet.packets` that declares it. A packet on the wire is a "
        "list: the name, then the arguments in the order of its form. Trailing arguments that have a default may be "
        "missing. Of several forms the first that the peer understands is sent; all are read. The effect is what the "
        "server's permission check goes by. A packet that nothing handles is checked, then ignored. Shapes: u8 to u64 "
        "and i8 to i64 are integers of that range; text and bytes are read from each other where a peer mixes them "
        "(see [encoding.md](encoding.md#26-text-and-bytes)). What a field means where its name does not say: the text "
        "above it, and [session-packets.md](session-packets.md)."
    )
    for subject, classes in by_subject.items():
        yield ""
        yield f"## {subject}"
        for cls in classes:
            yield ""
            yield from _packet(cls, where.get(cls.__name__, []))


def _packet(cls: type[Packet], where: list[str]) -> Iterator[str]:
    yield f"### {cls.__name__}"
    yield ""
    yield paragraphs(cls)
    yield ""
    senders = " or ".join(side.value for side in cls.senders())
    phase = {Phase.ANY: "at any time", Phase.HELLO: "before login", Phase.SESSION: "after login"}[cls.phase]
    effect = f"; effect: {cls.effect.value}" if Side.CLIENT in cls.senders() else ""
    yield f"Sent by: {senders}, {phase}{effect}. Handled by: {', '.join(f'`{name}`' for name in where) or 'nothing'}."
    yield ""
    yield from (_form_line(form) for form in cls.forms)
    declared = dataclasses.fields(cls)  # type: ignore[arg-type]  # every packet is a dataclass
    if declared:
        yield ""
        yield from heading("field", "shape", "default")
        for field in declared:
            yield row(f"`{field.name}`", shape(field.type), _default(field))


def capability_page() -> Iterator[str]:
    yield "# Capabilities"
    yield ""
    yield MADE
    yield ""
    yield (
        "The keys of the two hellos that limpet reads and writes; it ignores all others. *Flat* is the spelling that "
        "goes to 3.1.3, *nested* the path for 6.x, with `/` between the levels (a path that ends in `/` is the empty "
        "key of that dict). Both are read from everybody, the nested one first. A key with an empty column is not sent "
        "to such peers. *Strict* keys are refused when their type is wrong; any other wrongly typed key counts as "
        "absent."
    )
    for title, cls in (("Client", ClientHello), ("Server", ServerHello)):
        yield ""
        yield f"## {title}"
        yield from _capability_table(cls)
        for name, group in keys_of(cls)[1]:
            if title == "Server" and group is not capgroups.NetworkCaps and name != "encryption":
                continue
            yield ""
            yield f"### {title}: {name}"
            if group is EncryptionCaps and title == "Server":
                yield ""
                yield "As the client's."
                continue
            yield from _capability_table(group)


def _capability_table(cls: type[Any]) -> Iterator[str]:
    texts = described(cls)
    yield ""
    yield from heading("flat", "nested", "shape", "notes")
    declared = {field.name: field for field in dataclasses.fields(cls)}
    for key in keys_of(cls)[0]:
        field = declared[key.field]
        nested = ", ".join(f"`{'/'.join(path)}`" for path in key.nested)
        notes = ["strict"] if key.strict else []
        notes += [texts[key.field]] if texts.get(key.field) else []
        yield row(", ".join(f"`{name}`" for name in key.flat), nested, shape(field.type), "; ".join(notes))


def request_table() -> Iterator[str]:
    yield from heading("`request`", "flag for 3.1.3", "further keys", "answered", "effect", "who closes")
    for mode in MODES.values():
        yield row(
            f"`{mode.name}`",
            f"`{mode.flag}`",
            ", ".join(f"`{name}`" for name in mode.extra),
            "before login" if mode.before_login else "after login",
            mode.effect.value,
            mode.closes.value if mode.closes else "nobody",
        )


# -- errors ------------------------------------------------------------------------------------------------------------


def exit_page() -> Iterator[str]:
    texts = described(errors.ExitCode)
    classes = _error_classes()
    yield "# Exit codes"
    yield ""
    yield MADE
    yield ""
    yield (
        "What `limpet` returns to the shell. Up to 63 the numbers mean what they mean for xpra; from 64 on they are "
        "limpet's own, for causes that the stock numbers do not tell apart. An error is printed as `limpet: error:`, "
        "followed by `limpet: hint:` where there is a way out. Besides these, 130 is Ctrl-C and 141 a reader of the "
        "output that went away; a client that is ended by a signal returns 128 and its number."
    )
    yield ""
    yield from heading("code", "name", "meaning", "errors")
    for code in errors.ExitCode:
        names = ", ".join(f"`{cls.__name__}`" for cls in classes if cls.__dict__.get("exit_code") is code)
        yield row(str(int(code)), f"`{code.name}`", texts[code.name], names)
    yield ""
    yield (
        "The last column names the errors that have the code unless the place where they are raised gives a finer one; "
        "the tree itself is in [architecture.md](architecture.md#6-errors)."
    )


def _error_classes() -> list[type[errors.LimpetError]]:
    return [cls for _, cls in inspect.getmembers(errors, inspect.isclass) if issubclass(cls, errors.LimpetError)]


def error_tree() -> Iterator[str]:
    yield "```"
    yield from _branch(errors.LimpetError, 0)
    yield "```"


def _branch(cls: type[errors.LimpetError], depth: int) -> Iterator[str]:
    name = "  " * depth + cls.__name__
    first = paragraphs(cls).splitlines()[0]
    yield f"{name:<28} {int(cls.exit_code):>2}  {first}"
    source = inspect.getsource(errors)
    children = [child for child in _error_classes() if child.__base__ is cls]
    for child in sorted(children, key=lambda child: source.index(f"class {child.__name__}(")):
        yield from _branch(child, depth + 1)


# -- limits ------------------------------------------------------------------------------------------------------------


_BYTES = ("record", "inflated", "packet", "buffer", "water", "unsent")


def _amount(name: str, value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if name.endswith("_s"):
        return f"{value:g} s"
    if isinstance(value, int) and value % limits.KIB == 0 and name.rsplit("_", maxsplit=1)[-1] in _BYTES:
        return f"{value // limits.MIB} MiB" if value % limits.MIB == 0 else f"{value // limits.KIB} KiB"
    return f"{value:,}" if isinstance(value, int) else str(value)


def limit_table() -> Iterator[str]:
    yield from heading("limit", "value", "of")
    known = (
        ("before login", limits.BEFORE_HELLO),
        ("after login", limits.AFTER_HELLO),
        ("one payload", limits.DecodeLimits()),
        ("handshake", limits.HANDSHAKE),
        ("stream", limits.STREAM),
        ("listener", limits.LISTENER),
        ("offloaded work", limits.OFFLOAD),
    )
    for where, value in known:
        texts = described(type(value))
        for field in dataclasses.fields(value):
            amount = getattr(value, field.name)
            if isinstance(amount, limits.DecodeLimits):
                continue
            yield row(f"{where}: `{field.name}`", _amount(field.name, amount), texts[field.name])
    yield row(
        "`ABSOLUTE_MAX_RECORD`", _amount("max_record", limits.ABSOLUTE_MAX_RECORD), "no limit of a client goes above it"
    )
    texts = constants(limiter)
    for name in ("FAILURE_ANSWER_S", "MAX_DELAY_S", "MAX_SOURCES"):
        value = getattr(limiter, name)
        amount = f"{value:g} s" if name.endswith("_S") else f"{value:,}"
        yield row(f"logins: `{name}`", amount, texts.get(name, ""))
    for name, allowance in (("PER_USER", limiter.PER_USER), ("PER_SOURCE", limiter.PER_SOURCE)):
        yield row(
            f"logins: `{name}`",
            f"{allowance.free} failures",
            f"cost nothing; one is forgotten every {allowance.forget_s:g} s",
        )


# -- authentication modules --------------------------------------------------------------------------------------------


def module_table() -> Iterator[str]:
    yield from heading("module", "asks for a password", "counts as proof", "its password can be the AES key", "options")
    for name in auth_modules.MODULES:
        cls = auth_modules.load(name)
        options = ", ".join(f"`{option}`" for option in option_names(cls.options_type)) or "none"
        yield row(f"`{name}`", *(("yes" if flag else "no") for flag in _flags(cls)), options)


def _flags(cls: Any) -> tuple[bool, bool, bool]:
    return cls.needs_challenge, cls.proof, cls.reveals


def module_options() -> Iterator[str]:
    yield from heading("module", "option", "value", "default", "meaning")
    for name in auth_modules.MODULES:
        of = auth_modules.load(name).options_type
        hints = get_type_hints(of)
        for field in dataclasses.fields(of):
            bounds = field.metadata["bounds"]
            kind = _VALUES[hints[field.name]] + (f", {bounds[0]:g} to {bounds[1]:g}" if bounds else "")
            yield row(
                f"`{name}`",
                f"`{field.name.replace('_', '-')}`",
                kind,
                _option_default(field.default),
                field.metadata["help"],
            )


_VALUES: dict[Any, str] = {
    str: "text",
    bool: "yes or no",
    int: "number",
    float: "number",
    Secret: "text",
    tuple[str, ...]: "list, separated by colons",
}


def _option_default(value: Any) -> str:
    if value is dataclasses.MISSING:
        return "required"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value in {"", ()} else f"{value:g}" if isinstance(value, float) else str(value)


# -- the package tree --------------------------------------------------------------------------------------------------


def module_tree(source: Path = ROOT / "src" / "limpet") -> Iterator[str]:
    """Each module with the first sentence of its text."""
    yield "```"
    yield "src/limpet/"
    yield from (_module(path, 1) for path in sorted(source.glob("*.py")) if path.name != "__init__.py")
    for folder in _packages(source):
        yield ""
        yield _package(folder, 1)
        yield from (_module(path, 2) for path in sorted(folder.glob("*.py")) if path.name != "__init__.py")
        for inner in _packages(folder):
            yield _package(inner, 2)
            yield from (_module(path, 3) for path in sorted(inner.glob("*.py")) if path.name != "__init__.py")
    yield "```"


def _packages(folder: Path) -> list[Path]:
    return sorted(inner.parent for inner in folder.glob("*/__init__.py"))


def _package(folder: Path, depth: int) -> str:
    return f"{'  ' * depth + folder.name + '/':<26} {_summary(folder / '__init__.py')}".rstrip()


def _module(path: Path, depth: int) -> str:
    return f"{'  ' * depth + path.name:<26} {_summary(path)}".rstrip()


def _summary(path: Path) -> str:
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    first = " ".join(text.partition("\n\n")[0].split())
    return re.split(r"(?<=\w\w\.)\s|(?<=[\w`]\)\.)\s", first)[0].rstrip(".")


# -- pages -------------------------------------------------------------------------------------------------------------

PAGES: Mapping[str, Callable[[Path], Iterator[str]]] = {
    "docs/exit-codes.md": lambda _: exit_page(),
    "docs/protocol/packets.md": packet_page,
    "docs/protocol/capabilities.md": lambda _: capability_page(),
}
BLOCKS: Mapping[str, Callable[[], Iterator[str]]] = {
    "limits": limit_table,
    "auth-modules": module_table,
    "auth-options": module_options,
    "errors": error_tree,
    "requests": request_table,
    "modules": module_tree,
}


def made(root: Path = ROOT) -> dict[Path, str]:
    """Every page that holds something made, as it should be."""
    found = {root / name: "\n".join(make(root)) + "\n" for name, make in PAGES.items()}
    for path in sorted((root / "docs").glob("**/*.md")):
        text = path.read_text(encoding="utf-8") if path not in found else ""
        if BLOCK.search(text):
            found[path] = BLOCK.sub(lambda match: match[1] + "\n".join(BLOCKS[match[2]]()) + "\n" + match[3], text)
    return found


def stale(root: Path = ROOT) -> dict[Path, str]:
    """The pages that are not up to date, as they should be."""
    return {
        path: text for path, text in made(root).items() if not path.exists() or path.read_text(encoding="utf-8") != text
    }


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="write the parts of the documentation that follow from the code")
    parser.add_argument("--check", action="store_true", help="write nothing, name what is not up to date")
    check = parser.parse_args(arguments).check
    old = stale()
    for path, text in old.items():
        print(f"{path.relative_to(ROOT)}: {'not up to date: run tools/reference.py' if check else 'written'}")
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return 1 if check and old else 0


if __name__ == "__main__":
    sys.exit(main())
