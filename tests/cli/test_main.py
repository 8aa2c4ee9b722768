import re
import runpy
import shlex
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import click
import pytest

from surefill.cli import main
from surefill.cli.app import app
from surefill.cli.console import console, progress
from surefill.cli.output_files import OutputFiles
from surefill.domain.errors import ConfigurationError
from tests.cli.files import FLAT, Inputs, run, signal


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name)


ALL = tuple(commands(app))


def test_no_verb_is_forgotten() -> None:
    """Every verb of the paper exchange can be called."""
    assert {" ".join(path) for path in ALL} >= {
        "audit explain",
        "audit summary",
        "audit verify",
        "balance",
        "cancel-all",
        "demo",
        "halt",
        "orders",
        "position",
        "reconcile",
        "replay",
        "resume",
    }


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_help_tells_exit_codes_and_ends_with_an_example(
    capsys: pytest.CaptureFixture[str], path: tuple[str, ...]
) -> None:
    """Whoever asks for help learns what a script may branch on, and finds a command line to copy at its end."""
    ran = run(capsys, *path, "--help")
    head, _, example = ran.out.rpartition("Example")

    assert ran.code == 0
    assert "Exit codes: 0 " in head
    assert example.partition("\n")[2].strip().startswith(f"surefill {' '.join(path)} ")


def test_examples_work(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After `surefill demo` every example of the help that builds on it runs as printed."""
    monkeypatch.chdir(tmp_path)
    assert main(["demo"]) == 0
    tried = set()
    for path in ALL:
        for example in re.findall(
            r"Example \(after `surefill demo`.*\):\n((?:.*\\\n)*.*)", run(capsys, *path, "--help").out
        ):
            arguments = shlex.split(example.replace("\\\n", " "))
            assert run(capsys, *arguments[1:]).code == 0, example
            tried.add(path)

    assert len(tried) >= 9


def test_the_top_tells_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    """`surefill --help` lists the verbs and what exit codes mean; --version says which one this is."""
    assert "Exit codes:" in run(capsys, "--help").out
    assert run(capsys, "--version").out.startswith("surefill, version 0.")


@pytest.mark.parametrize("missing", ["click", "rich"])
def test_without_its_extra_it_says_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    """The command line without its parts is one friendly line and exit code 2, not a traceback."""
    monkeypatch.setattr("surefill.cli.find_spec", lambda name: None if name == missing else find_spec(name))
    ran = run(capsys, "demo")

    assert (ran.code, ran.out) == (2, "")
    assert ran.err == f'surefill: {missing} missing; the command line needs: pip install "surefill[cli]"\n'


def test_unknown_verbs_and_options_are_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    """What the program does not know is exit code 2, with where to look."""
    assert run(capsys, "dance").code == 2
    assert "No such option" in run(capsys, "demo", "--fast").err


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (KeyboardInterrupt(), 130, "interrupted; no output file was written, and what had reached an exchange stands"),
        (click.Abort(), 130, "interrupted"),
        (ConfigurationError("no such thing"), 2, "surefill: no such thing"),
        (ZeroDivisionError("oops"), 3, "ZeroDivisionError: oops"),
    ],
)
def test_every_error_has_its_exit_code(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, words: str
) -> None:
    """Errors of ours are one line; a defect is a traceback and says that it is one."""

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("surefill.cli.app.app.main", fail)
    ran = run(capsys, "demo")

    assert (ran.code, ran.out) == (code, "")
    assert words in ran.err


def test_a_reader_that_stops_reading_is_no_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """When whoever reads our output goes away, the program ends quietly."""

    def fail(*_: object, **__: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr("surefill.cli.app.app.main", fail)
    with (tmp_path / "out").open("w", encoding="utf-8") as out:
        monkeypatch.setattr(sys, "stdout", out)
        assert main(["demo"]) == 0


def test_python_m_runs_it(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`python -m surefill` is the same program, and its exit code that of the process."""
    monkeypatch.setattr(sys, "argv", ["surefill", "--version"])
    with pytest.raises(SystemExit) as caught:
        runpy.run_module("surefill", run_name="__main__")

    assert caught.value.code == 0
    assert "version" in capsys.readouterr().out
    runpy.run_module("surefill.__main__", run_name="not main")


class Terminal:
    """A stream that a person watches."""

    def __init__(self) -> None:
        self.written: list[str] = []
        self.encoding = "utf-8"

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.written.append(text)
        return len(text)

    def flush(self) -> None:
        """Nothing is held back."""

    def fileno(self) -> int:
        return 99


def test_a_bar_is_shown_to_who_watches(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal a replay shows how far it is, on stderr; the result is the same."""
    inputs = Inputs.make(tmp_path, [FLAT] * 1_100, [signal("a", 1_099, stop="90")])
    quiet = run(capsys, "replay", *inputs.options, "--json")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm-256color")
    code = main(["replay", *inputs.options, "--json"])

    assert (code, capsys.readouterr().out) == (0, quiet.out)
    shown = "".join(terminal.written)
    assert "reading" in shown
    assert "replaying" in shown


def test_no_bar_without_a_person() -> None:
    """Where stderr is a file or a pipe there is nothing to tell."""
    with progress("working") as tell:
        assert tell is None


def test_a_terminal_gets_its_own_width(monkeypatch: pytest.MonkeyPatch) -> None:
    """Colours and the terminal's width are for terminals; a file gets neither."""
    assert console().no_color
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(isatty=lambda: True, write=len, flush=lambda: None))
    assert not console().no_color


def test_outputs_are_checked_before_they_are_made(tmp_path: Path) -> None:
    """A folder in the place of a file, a missing folder, one place named twice: each is refused by name."""
    (tmp_path / "b").mkdir()
    with pytest.raises(ConfigurationError, match="a folder of that name"):
        OutputFiles.check(tmp_path)
    with pytest.raises(ConfigurationError, match="missing or cannot be written"):
        OutputFiles.check(None, tmp_path / "no" / "file")
    with pytest.raises(ConfigurationError, match="to one file"):
        OutputFiles.check(tmp_path / "a", tmp_path / "b" / ".." / "a")
    OutputFiles.check(None, tmp_path / "a")


def test_outputs_appear_together(tmp_path: Path) -> None:
    """Until they are committed nothing is in its place; what is discarded leaves no trace."""

    def draw(path: Path) -> None:
        path.write_bytes(b"x")

    outputs = OutputFiles()
    outputs.lines(tmp_path / "a.txt", ["one", "two"])
    outputs.drawn(tmp_path / "b.png", draw)
    assert not (tmp_path / "a.txt").exists()
    outputs.commit()
    outputs.lines(tmp_path / "a.txt", ["three"])
    outputs.discard()

    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "b.png"]
    assert (tmp_path / "a.txt").read_bytes() == b"one\ntwo\n"
