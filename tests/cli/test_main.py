"""The command line as a whole: exit status, errors, help, version."""

from __future__ import annotations

import subprocess
import sys

import pytest

from limpet import __version__
from limpet.cli import main as main_module
from limpet.cli.main import INTERRUPTED, main
from limpet.cli.registry import COMMANDS, Command, Invocation, find_command
from limpet.config.schema import Scope, commands_of
from limpet.errors import ExitCode, LimpetError, OptionError


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = main(words)
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_without_a_command_the_usage_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys)
    assert status == ExitCode.USAGE
    assert "usage: limpet COMMAND" in err
    assert not out


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "--version") == (0, f"limpet {__version__}\n", "")


@pytest.mark.parametrize("words", [("help",), ("--help",), ("-h",)])
def test_the_overview_lists_every_command(capsys: pytest.CaptureFixture[str], words: tuple[str, ...]) -> None:
    status, out, _ = run(capsys, *words)
    assert status == 0
    for command in COMMANDS.values():
        assert f"\n  {command.name} " in out
        assert command.summary in out


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("form", [("help", "NAME"), ("NAME", "--help"), ("NAME", "-h"), ("--help", "NAME")])
def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str], name: str, form: tuple[str, ...]) -> None:
    status, out, _ = run(capsys, *(name if word == "NAME" else word for word in form))
    assert status == 0
    assert out.startswith(f"usage: limpet {name}")


def test_the_help_of_a_command_has_its_options_only(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "help", "start")
    assert "--bind-tcp=[HOST]:PORT" in out
    assert "--reconnect" not in out
    _, out, _ = run(capsys, "help", "attach")
    assert "--reconnect" in out
    assert "--bind-tcp=" not in out


ERRORS = [
    (("atach",), "there is no command 'atach'", "did you mean 'limpet attach'?"),
    (("xyzzy",), "there is no command 'xyzzy'", "'limpet help' lists the commands"),
    (("tcp:user:topsecret@host:1",), "the first word is not a command", "limpet attach TARGET"),
    (("--daemon=no", "start"), "the command comes first", "limpet COMMAND [OPTIONS]"),
    (("help", "nosuch"), "there is no command 'nosuch'", ""),
    (("start", "--bind-tpc=:1"), "there is no option --bind-tpc", "did you mean --bind-tcp"),
    (("start", ":1", ":2"), "start: too many arguments", "usage: limpet start [:N] [OPTIONS]"),
    (("screenshot",), "screenshot: not enough arguments", "usage: limpet screenshot FILE"),
    (("list", "x"), "list: too many arguments", "usage: limpet list"),
    (("attach", "tcp:u:topsecret@host:port"), "the target: the port must be", ""),
    (("start", "--bind-tcp=0.0.0.0:1"), "can be reached from other machines", "limpet start"),
]


@pytest.mark.parametrize(("words", "error", "hint"), ERRORS)
def test_errors_have_one_line_and_a_way_out(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], error: str, hint: str
) -> None:
    status, out, err = run(capsys, *words)
    assert status in {ExitCode.USAGE, ExitCode.INSECURE_BIND}
    assert err.startswith("limpet: error: ")
    assert error in err
    assert hint in err
    assert "topsecret" not in out + err
    assert err.count("\n") <= 2


@pytest.mark.parametrize("name", ["shadow", "start-desktop", "control", "launcher"])
def test_commands_that_only_xpra_has_are_named_as_such(capsys: pytest.CaptureFixture[str], name: str) -> None:
    status, _, err = run(capsys, name)
    assert status == ExitCode.UNSUPPORTED
    assert f"limpet does not have xpra's command '{name}'" in err


def command(monkeypatch: pytest.MonkeyPatch, behaviour: object) -> None:
    """Let `limpet list` do as told."""

    def call(invocation: Invocation) -> int:
        if isinstance(behaviour, BaseException):
            raise behaviour
        assert isinstance(behaviour, int)
        return behaviour

    monkeypatch.setattr(Command, "load", lambda self: call)


def test_the_exit_status_is_the_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    command(monkeypatch, 7)
    assert main(["list"]) == 7


def test_an_error_of_a_command_is_printed_without_control_characters(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command(monkeypatch, LimpetError("bad \x1b[31mnews\n", hint="go\non", exit_code=ExitCode.TIMEOUT))
    assert main(["list"]) == ExitCode.TIMEOUT
    assert capsys.readouterr().err == "limpet: error: bad \\x1b[31mnews\\x0a\nlimpet: hint: go\\x0aon\n"


def test_ctrl_c_ends_quietly(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    command(monkeypatch, KeyboardInterrupt())
    assert main(["list"]) == INTERRUPTED
    assert capsys.readouterr().err == ""


def test_a_reader_that_goes_away_is_no_error() -> None:
    code = "import sys; from limpet.cli.main import main; sys.exit(main(['help', 'start']))"
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PYTHONPATH": ":".join(sys.path), "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    with process.stderr:
        assert process.stderr.read() == b""
    assert process.wait() in {0, main_module.BROKEN_PIPE}


def program(words: str) -> subprocess.CompletedProcess[str]:
    code = f"import sys; sys.argv[1:] = {words.split()!r}; from limpet.cli.main import run_program; run_program()"
    environment = {"PYTHONPATH": ":".join(sys.path)}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)


def test_the_program_says_everything_before_it_ends() -> None:
    done = program("help start")
    assert done.returncode == 0
    assert done.stdout.startswith("usage: limpet start")
    assert done.stdout.endswith("\n")
    failed = program("nonsense")
    assert failed.returncode == ExitCode.USAGE
    assert failed.stderr.startswith("limpet: error: ")


def test_an_unexpected_error_shows_where_it_happened() -> None:
    code = (
        "import limpet.cli.main as program\n"
        "def fail(words): print('before'); raise RuntimeError('unexpected')\n"
        "program._run = fail\n"
        "program.run_program()\n"
    )
    environment = {"PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 1
    assert done.stdout == "before\n"
    assert done.stderr.endswith("RuntimeError: unexpected\n")


def test_the_registry_fits_the_scopes_of_the_options() -> None:
    assert set(COMMANDS) == set(commands_of(Scope.ALL))
    for name, row in COMMANDS.items():
        assert name == row.name
        assert name in commands_of(row.scope)
        assert callable(row.load())


def test_every_module_of_a_command_is_found_by_name() -> None:
    assert find_command("attach").module == "limpet.cli.attach"
    with pytest.raises(OptionError):
        find_command("")
