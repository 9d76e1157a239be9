import subprocess
import sys
from pathlib import Path

SOURCES = Path(__file__).parents[3] / "src"

LOOKER = """
import sys
from limpet.client.ui.base import EventQueue
from limpet.client.ui.qt import QtUi

seen = []


class Looker:
    def find_spec(self, name, path=None, target=None):
        if name == "shiboken6":
            seen.append(sys.getswitchinterval())
        elif name == "limpet.client.ui.qt_app":
            seen.append(sys.getswitchinterval())
            raise ImportError("no further")


sys.setswitchinterval(0.0005)
sys.meta_path.insert(0, Looker())
try:
    QtUi(EventQueue(lambda: None)).run()
except Exception as error:
    print(type(error).__name__, *seen)
"""


def test_no_thread_is_let_in_while_shiboken_walks_through_the_modules() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOOKER],
        env={"PYTHONPATH": str(SOURCES)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == "MissingDependency 10.0 0.0005\n"
