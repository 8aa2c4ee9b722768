"""The program: its verbs, and how every kind of error leaves it."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from typing import Final

import click

from surefill import __version__
from surefill.cli.audit import audit
from surefill.cli.balance import balance
from surefill.cli.cancel_all import cancel_all
from surefill.cli.demo import demo
from surefill.cli.doctor import doctor
from surefill.cli.execute import execute
from surefill.cli.halt import halt, resume
from surefill.cli.orders import orders
from surefill.cli.position import position
from surefill.cli.reconcile import reconcile
from surefill.cli.replay import replay
from surefill.cli.state_dir import NoExchangeError
from surefill.cli.venue import venue
from surefill.domain.errors import OrderExecutionError, OrderRejectedError, SurefillError
from surefill.wiring import FeedError

BAD_INPUT: Final = 2
DEFECT: Final = 3
NO_EXCHANGE: Final = 4
INTERRUPTED: Final = 130

_EXIT_CODES: Final = """\b
Exit codes:
  0    done
  1    done, and something is wrong: a broken promise, a damaged file
  2    the input cannot be used; the message says which file, line and why
  3    a defect of surefill
  4    the verb needs an exchange, and there is none here, or it does not answer
  130  interrupted

\b
Example:
  surefill demo
"""


@click.group(epilog=_EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(__version__, prog_name="surefill")
def app() -> None:
    """An order-execution core: a signal in, a protected, closed or loudly reported position out."""


for verb in (
    demo,
    replay,
    venue,
    doctor,
    execute,
    position,
    balance,
    orders,
    cancel_all,
    reconcile,
    halt,
    resume,
    audit,
):
    app.add_command(verb)


def run(arguments: Sequence[str] | None) -> int:
    """Run the program and return its exit code; errors become one line on stderr, and defects a traceback."""
    try:
        code: object = app.main(arguments if arguments is None else list(arguments), "surefill", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return _complain(
            "interrupted; no output file was written, and what had reached an exchange stands", INTERRUPTED
        )
    except NoExchangeError as error:
        return _complain(str(error), NO_EXCHANGE)
    except OrderExecutionError as error:
        return _complain(str(error), BAD_INPUT if isinstance(error, OrderRejectedError) else NO_EXCHANGE)
    except (FeedError, SurefillError) as error:
        return _complain(str(error), BAD_INPUT)
    except BrokenPipeError:
        # Whoever read our output has seen enough; the interpreter must not complain about it on the way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception:  # noqa: BLE001 - the last one who can say what happened
        traceback.print_exc()
        return _complain("this is a defect of surefill; please report it with the lines above", DEFECT)
    return code if isinstance(code, int) else 0


def _complain(text: str, code: int) -> int:
    sys.stderr.write(f"surefill: {text}\n")
    return code
