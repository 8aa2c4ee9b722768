"""The command line; it needs the extra ``cli``. Importing it needs nothing."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    0: done. 1: done, and something is wrong with what was found. 2: the input cannot be used. 3: a defect of surefill.
    4: it needs an exchange, and there is none. 130: interrupted.

    Args:
        arguments: without the program's name; those of the process unless given.
    """
    missing = [name for name in ("click", "rich") if find_spec(name) is None]
    if missing:
        sys.stderr.write(
            f'surefill: {" and ".join(missing)} missing; the command line needs: pip install "surefill[cli]"\n'
        )
        return 2
    from surefill.cli.app import run  # noqa: PLC0415 - only now is it known that its parts are there

    return run(arguments)
