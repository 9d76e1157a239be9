"""Write src/limpet/x11/keysyms.py from the headers of x11proto (apt install x11proto-dev): names and values only.

    python tools/generate_keysyms.py [/usr/include/X11]
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

HEAD = '''"""Names and values of X keysyms. Written by tools/generate_keysyms.py from the X.Org headers; do not edit.

Each word is `name:value`, the value in hexadecimal; a name without value has the value after the one before.
"""

from __future__ import annotations

'''
WIDTH = 116
EVDEV_BASE = 0x10081000


def read(folder: Path) -> dict[str, int]:
    """Names as `keysymdef.h` gives them without XK_, those of `XF86keysym.h` with XF86."""
    found: dict[str, int] = {}
    for header, prefix in (("keysymdef.h", ""), ("XF86keysym.h", "XF86")):
        text = (folder / header).read_text(encoding="utf-8")
        pattern = r"^#define\s+(?:XK_|XF86XK_)(\w+)\s+(0x[0-9a-fA-F]+|_EVDEVK\((0x[0-9a-fA-F]+)\))"
        for name, value, evdev in re.findall(pattern, text, re.MULTILINE):
            found.setdefault(prefix + name, EVDEV_BASE + int(evdev, 16) if evdev else int(value, 16))
    return found


def words(found: dict[str, int]) -> list[str]:
    result = []
    previous = -2
    for name, value in found.items():
        result.append(name if value == previous + 1 else f"{name}:{value:x}")
        previous = value
    return result


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "/usr/include/X11")
    found = read(folder)
    lines, line = [], ""
    for word in words(found):
        if line and len(line) + 1 + len(word) > WIDTH:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    lines.append(line)
    target = Path(__file__).parent.parent / "src/limpet/x11/keysyms.py"
    target.write_text(HEAD + 'TABLE = """\n' + "\n".join(lines) + '\n"""\n', encoding="utf-8")
    print(f"{target}: {len(found)} names, {len(lines)} lines")


if __name__ == "__main__":
    main()
