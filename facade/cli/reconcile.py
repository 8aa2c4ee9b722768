"""``surefill reconcile``: bring what is to what should be, once, in place of the owner."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from surefill.application.duties import DutyKind
from surefill.cli.console import console, say_json, table
from surefill.cli.exchanges import Wanted, exchange_for, exchange_options
from surefill.cli.moments import iso
from surefill.cli.state_dir import StateDir, json_option, state_dir_option
from surefill.wiring import open_manager

_EPILOG: Final = """\b
It takes the journal's lock: the owner must not run.
Exit codes: 0 all is as it should be, or only has to be watched; 1 alarms were raised, or a position has no stop, an
outcome is unknown, an order could not be taken away: run it again; 2 the input cannot be used, or the journal has an
owner; 4 no exchange can be reached.

\b
Example (with BINANCE_API_KEY and BINANCE_API_SECRET set):
  surefill reconcile --state-dir var/surefill/testnet
"""

_URGENT: Final = (DutyKind.PROTECT, DutyKind.RESOLVE, DutyKind.CLEAR)
"""What nobody will do once the command has ended, and somebody must; the first alarm may be seconds away."""


@click.command(epilog=_EPILOG)
@state_dir_option
@exchange_options
@json_option
def reconcile(*, wanted: Wanted, state_dir: Path, as_json: bool) -> int:
    """Mend what is not as it should be.

    What the journal says is held against what the exchange shows.
    """
    StateDir(state_dir).check()
    deed = f"place, cancel and close orders until all is as {state_dir} has it"
    with (
        exchange_for(wanted, state_dir, deed) as reached,
        open_manager(reached.exchange, state_dir=state_dir, audit_dir=reached.settings.audit_dir) as manager,
    ):
        report = manager.reconcile()
    actions = [(symbol, type(action).__name__, getattr(action, "signal_id", None)) for symbol, action in report.actions]
    alarms = [(iso(alarm.at_ms), alarm.kind.name, alarm.text) for alarm in report.alarms]
    duties = [(duty.symbol, duty.signal_id, duty.kind.value) for duty in report.still_open]
    if as_json:
        say_json({"environment": reached.environment, "actions": actions, "alarms": alarms, "still_open": duties})
    else:
        console().print(table("done", ("symbol", "action", "signal"), actions))
        console().print(table("alarms", ("time", "kind", "text"), alarms))
        console().print(table("left to do", ("symbol", "signal", "why"), duties))
    return 1 if alarms or any(duty.kind in _URGENT for duty in report.still_open) else 0
