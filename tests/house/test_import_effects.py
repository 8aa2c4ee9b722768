"""Importing the package does nothing but define names."""

import pathlib
import subprocess
import sys

import pytest

_PROBE = pathlib.Path(__file__).with_name("import_probe.py")


def _probe(name: str, folder: pathlib.Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-I", "-B", str(_PROBE), name, str(folder)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)


def test_importing_surefill_has_no_effect(tmp_path: pathlib.Path) -> None:
    """`import surefill` writes nothing, opens no socket, starts no thread and prints no word."""
    result = _probe("surefill", tmp_path)

    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("effect", "seen_as"),
    [
        ("open('left-behind.txt', 'w').close()", "open"),
        ("open('/etc/hosts').close()", "open"),
        ("import socket; socket.socket().close()", "socket."),
        ("import threading; threading.Thread(target=threading.Event().wait, daemon=True).start()", "a thread was"),
        ("import os; os.environ['SUREFILL_X'] = '1'", "os.environ was changed"),
        ("import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)", "a signal handler was installed"),
    ],
)
def test_the_probe_sees_effects(tmp_path: pathlib.Path, effect: str, seen_as: str) -> None:
    """The probe is no rubber stamp: a module that does something on import is reported."""
    (tmp_path / "noisy.py").write_text(effect + "\n", encoding="utf-8")

    result = _probe("noisy", tmp_path)

    assert result.returncode == 1
    assert seen_as in result.stderr
