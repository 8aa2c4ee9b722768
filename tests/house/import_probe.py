"""Imports the module named as argument and fails when that touches a file, the network, a thread or a setting.

Run as a program of its own: `python -I -B import_probe.py surefill`; a second argument is a folder to find the module
in. -I keeps the current folder and PYTHON* variables out, -B the interpreter's own bytecode. Reading code is what an
import is; anything else that changes or contacts something is an effect: a line for each, and exit status 1.
"""

import importlib
import os
import signal
import sys
import threading

_CODE = (".py", ".pyc", ".so", ".pyd", ".pth")
_WRITE_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC
_EFFECTS = (
    "socket.", "subprocess.", "shutil.", "sqlite3.", "tempfile.", "urllib.", "http.", "ftplib.", "smtplib.",
    "os.chmod", "os.exec", "os.fork", "os.kill", "os.link", "os.mkdir", "os.posix_spawn", "os.putenv",
    "os.remove", "os.rename", "os.rmdir", "os.symlink", "os.system", "os.truncate", "os.unsetenv", "os.utime",
)  # fmt: skip


def _is_effect(event: str, arguments: tuple[object, ...]) -> bool:
    if event != "open":
        return event.startswith(_EFFECTS)
    path, mode, flags = arguments
    writes = isinstance(mode, str) and bool(set(mode) & set("wax+"))
    writes = writes or (isinstance(flags, int) and bool(flags & _WRITE_FLAGS))
    return writes or not str(path).endswith(_CODE)


def main(name: str) -> int:
    """Import *name* under an audit hook; 0 when nothing but code was read."""
    effects: list[str] = []
    watching = True

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if watching and _is_effect(event, arguments):
            effects.append(f"{event} {arguments!r}")

    handlers = {number: signal.getsignal(number) for number in signal.valid_signals()}
    environment = dict(os.environ)
    sys.addaudithook(hook)
    importlib.import_module(name)
    watching = False
    if dict(os.environ) != environment:
        effects.append("os.environ was changed")
    if threading.active_count() > 1:
        effects.append("a thread was started")
    if {number: signal.getsignal(number) for number in signal.valid_signals()} != handlers:
        effects.append("a signal handler was installed")
    sys.stderr.writelines(f"importing {name}: {effect}\n" for effect in effects)
    return 1 if effects else 0


if __name__ == "__main__":
    sys.path.extend(sys.argv[2:])
    sys.exit(main(sys.argv[1]))
