"""``surefill demo``: seven scenes on a simulated exchange, each of which has to end as it says."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Final

import attrs
import click
from rich.console import Console

from surefill.cli.console import console, say_json, table
from surefill.cli.demo_account import SignalRow, signal_rows, violations_of
from surefill.cli.demo_folder import DemoFolder
from surefill.cli.demo_market import Stage
from surefill.cli.demo_sample import write_sample
from surefill.cli.demo_scenes import SCENES, Claim, Scene
from surefill.cli.option_types import FOLDER
from surefill.cli.paper_file import PaperFile
from surefill.cli.result import violation_json
from surefill.domain.alarm import Alarm
from surefill.domain.numbers import plain
from surefill.testing.invariants import Violation
from surefill.wiring import audit_folder, demo_exchange_info, journal_path, open_manager, paper_exchange

START_MS: Final = 1_795_300_000_000
BALANCE: Final = Decimal(10_000)
_TICKS: Final = {"AAAUSDT": Decimal("0.10"), "BBBUSDT": Decimal("0.05"), "测试USDT": Decimal("0.00001")}

_EPILOG: Final = """\b
Exit codes: 0 every scene ended as told, 1 one did not, 2 the folder cannot be used.

\b
Example:
  surefill demo --seed 7
"""


@attrs.frozen
class Played:
    """A scene that was played, and what it claimed."""

    scene: Scene
    claims: tuple[Claim, ...]

    @property
    def ended_as_told(self) -> bool:
        """Whether every claim held."""
        return all(claim.holds for claim in self.claims)


@attrs.frozen(kw_only=True)
class Demonstration:
    """A finished demonstration.

    Attributes:
        played: every scene.
        rows: every signal.
        violations: promises that were broken.
        balance: the wallet at the end.
    """

    played: tuple[Played, ...]
    rows: tuple[SignalRow, ...]
    violations: tuple[Violation, ...]
    balance: Decimal

    @property
    def is_true(self) -> bool:
        """Whether everything ended as told and no promise was broken."""
        return all(played.ended_as_told for played in self.played) and not self.violations


@click.command(epilog=_EPILOG)
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed, other prices.")
@click.option("--state-dir", type=FOLDER, help="Where it is left; var/surefill-demo-SEED unless given.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of the story.")
def demo(*, seed: int, state_dir: Path | None, as_json: bool) -> int:
    """Watch signals become bracketed positions.

    Seven scenes on a simulated Binance: a stop-out, a target, a refused entry, a partial fill, a close, a flip and a
    lost reply. Each has to end as it says.
    """
    folder = Path("var") / f"surefill-demo-{seed}" if state_dir is None else state_dir
    DemoFolder(folder).prepare(seed)
    shown = demonstrate(folder, seed)
    write_sample(folder / "sample", start_ms=START_MS, random=Random(seed))
    if as_json:
        say_json(_json(shown, folder, seed))
    else:
        _say(console(), shown, folder)
    return 0 if shown.is_true else 1


def demonstrate(state_dir: Path, seed: int, scenes: Sequence[Scene] = SCENES) -> Demonstration:
    """Play *scenes* one after the other on one account, keeping journal and audit log in *state_dir*."""
    exchange = paper_exchange(demo_exchange_info(), balances={"USDT": BALANCE}, start_ms=START_MS, seed=seed)
    alarms: list[Alarm] = []

    def hear(alarm: Alarm) -> None:
        alarms.append(alarm)

    with open_manager(exchange, state_dir=state_dir, alerts=hear) as manager:
        stage = Stage(exchange, manager, Random(seed), _TICKS)
        played = tuple(Played(scene, tuple(scene.play(stage))) for scene in scenes)
        balance = manager.get_account_balance().wallet
        rows = signal_rows(stage)
    violations = violations_of(stage, state_dir, alarms)
    PaperFile(state_dir).write_balances({"USDT": (plain(BALANCE), plain(balance))}, exchange.clock.now_ms())
    return Demonstration(played=played, rows=rows, violations=violations, balance=balance)


def _say(console: Console, shown: Demonstration, folder: Path) -> None:
    for number, played in enumerate(shown.played, start=1):
        console.print(f"[bold]{number}  {played.scene.title}[/bold]  {played.scene.story}")
        for claim in played.claims:
            verdict = "" if claim.holds else f"   BUT IT SHOULD BE {claim.told}"
            console.print(f"     {claim.what}: {claim.found}{verdict}", markup=False)
        console.print()
    columns = ("signal", "asked", "happened", "entry", "exit", "realised", "fees", "naked s")
    rows = [tuple(attrs.astuple(row)) for row in shown.rows]
    console.print(table(None, columns, rows, numbers=columns[3:]))
    console.print()
    console.print(f"wallet: {plain(BALANCE)} before, {plain(shown.balance)} after", markup=False)
    for violation in shown.violations:
        console.print(f"BROKEN PROMISE {violation.invariant}: {violation.text}", markup=False)
    failed = [number for number, played in enumerate(shown.played, start=1) if not played.ended_as_told]
    told = "every scene ended as told" if not failed else f"NOT as told: scene {', '.join(map(str, failed))}"
    console.print(f"{told}; broken promises: {len(shown.violations) or 'none'}", markup=False)
    _say_where(console, folder)


def _say_where(console: Console, folder: Path) -> None:
    sample = folder / "sample"
    console.print(
        f"""
The journal, which alone is the truth, is {journal_path(folder)}
The audit log, for people, is in          {audit_folder(folder)}

Look closer:
  surefill audit explain demo-7-lost-reply --state-dir {folder}
  surefill audit summary --state-dir {folder}
  surefill audit verify --state-dir {folder}
  surefill position --state-dir {folder}

Replay signals of your own; these files are a beginning:
  surefill replay --exchange-info {sample / "exchangeInfo.json"} --symbol AAAUSDT \\
    --candles {sample / "candles.csv"} --signals {sample / "signals.csv"}""",
        markup=False,
        soft_wrap=True,
    )


def _json(shown: Demonstration, folder: Path, seed: int) -> dict[str, object]:
    return {
        "seed": str(seed),
        "ended_as_told": shown.is_true,
        "scenes": [
            {
                "title": played.scene.title,
                "story": played.scene.story,
                "ended_as_told": played.ended_as_told,
                "claims": [attrs.asdict(claim) for claim in played.claims],
            }
            for played in shown.played
        ],
        "signals": [attrs.asdict(row) for row in shown.rows],
        "balance": {"start": plain(BALANCE), "end": plain(shown.balance)},
        "violations": [violation_json(violation) for violation in shown.violations],
        "journal": str(journal_path(folder)),
        "audit": str(audit_folder(folder)),
    }
