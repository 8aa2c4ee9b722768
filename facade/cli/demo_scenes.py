"""The scenes of the demonstration: each tells how it will end, and then has to end so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import attrs

from surefill.cli.demo_market import Stage
from surefill.domain.numbers import plain
from surefill.domain.report import ExecutionReport
from surefill.domain.side import SignalType
from surefill.wiring import Fault

A: Final = "AAAUSDT"
B: Final = "BBBUSDT"
C: Final = "测试USDT"
LONG, SHORT, CLOSE_LONG = SignalType.LONG_ENTRY, SignalType.SHORT_ENTRY, SignalType.CLOSE_LONG


@attrs.frozen
class Claim:
    """One thing that a scene says will be so, and what was found."""

    what: str
    told: str
    found: str

    @property
    def holds(self) -> bool:
        """Whether it was so."""
        return self.told == self.found


@attrs.frozen
class Scene:
    """One scene: its title, its story, and the play, which yields what must be so."""

    title: str
    story: str
    play: Callable[[Stage], Iterator[Claim]]


def _outcome(report: ExecutionReport) -> str:
    return report.outcome.value + (f" {report.reason.name}" if report.reason is not None else "")


def _ended(stage: Stage, name: str) -> str:
    report = stage.report(name)
    return _outcome(report) + ("" if report.closed_by is None else f" {report.closed_by.value}")


def _rest(stage: Stage, symbol: str) -> Claim:
    return Claim("orders left at the exchange", "0", str(len(stage.manager.open_orders(symbol))))


def _stop_out(stage: Stage) -> Iterator[Claim]:
    stage.open_market(A, 600_000)
    report = stage.signal("demo-1-stop-out", A, LONG, "0.050", stop_ticks=-4_000, target_ticks=8_000)
    yield Claim("at once", "PROTECTED", _outcome(report))
    stage.walk(A, -4_200)
    yield Claim("in the end", "CLOSED STOP_LOSS", _ended(stage, "demo-1-stop-out"))
    yield _rest(stage, A)


def _target(stage: Stage) -> Iterator[Claim]:
    stage.open_market(B, 2_000)
    report = stage.signal("demo-2-target", B, SHORT, "20", stop_ticks=60, target_ticks=-80)
    yield Claim("at once", "PROTECTED", _outcome(report))
    stage.walk(B, -90)
    yield Claim("in the end", "CLOSED TAKE_PROFIT", _ended(stage, "demo-2-target"))
    yield _rest(stage, B)


def _refused(stage: Stage) -> Iterator[Claim]:
    wrong_side = stage.signal("demo-3-wrong-side", A, LONG, "0.050", stop_ticks=2_000, target_ticks=4_000)
    yield Claim("a long's stop above the price", "REFUSED STOP_CROSSED", _outcome(wrong_side))
    too_large = stage.signal("demo-3-too-large", A, LONG, "50", stop_ticks=-2_000)
    yield Claim("more than the margin carries", "REJECTED MARGIN", _outcome(too_large))
    yield Claim("position", "none", "none" if stage.manager.get_position(A) is None else "open")


def _partial(stage: Stage) -> Iterator[Claim]:
    stage.move(A, stage.prices[A], size=stage.ticks[A].copy_abs())  # one tenth of a coin on either side
    report = stage.signal("demo-4-partial", A, LONG, "0.250", stop_ticks=-4_000, target_ticks=8_000)
    yield Claim("at once", "PROTECTED", _outcome(report))
    yield Claim("filled, of 0.25", "0.1", plain(report.filled_quantity))
    stop = report.stop_loss
    yield Claim("the stop's size", "0.1", "no stop" if stop is None else plain(stop.quantity))


def _close(stage: Stage) -> Iterator[Claim]:
    stage.walk(A, 1_600)
    report = stage.signal("demo-5-close", A, CLOSE_LONG, None)
    yield Claim("at once", "CLOSED", _outcome(report))
    yield Claim("the entry of scene 4", "CLOSED EXIT", _ended(stage, "demo-4-partial"))
    yield _rest(stage, A)


def _flip(stage: Stage) -> Iterator[Claim]:
    first = stage.signal("demo-6-long", B, LONG, "10", stop_ticks=-60, target_ticks=160)
    yield Claim("the long", "PROTECTED", _outcome(first))
    stage.walk(B, 32)
    second = stage.signal("demo-6-flip", B, SHORT, "15", stop_ticks=60, target_ticks=-80)
    yield Claim("the short", "PROTECTED", _outcome(second))
    yield Claim("the long, afterwards", "CLOSED EXIT", _ended(stage, "demo-6-long"))
    held = stage.manager.get_position(B)
    yield Claim("position", "-15", "none" if held is None else plain(held.amount))
    stage.walk(B, -96)
    yield Claim("in the end", "CLOSED TAKE_PROFIT", _ended(stage, "demo-6-flip"))


def _lost_reply(stage: Stage) -> Iterator[Claim]:
    stage.open_market(C, 50_000)
    stage.exchange.faults.add(Fault.reply_lost(leg="E", nth=1))
    name = "demo-7-lost-reply"
    report = stage.signal(name, C, LONG, "1000", stop_ticks=-800, target_ticks=1_600)
    yield Claim("replies lost", "1", str(len(stage.exchange.faults.log)))
    yield Claim("at once", "PROTECTED", _outcome(report))
    yield Claim("fills of the entry", "1", _fills(stage))
    again = stage.manager.execute_signal(*stage.asked[name])
    yield Claim("the same signal given again", "PROTECTED", _outcome(again))
    yield Claim("fills after that", "1", _fills(stage))


def _fills(stage: Stage) -> str:
    rows = stage.exchange.ledger.rows
    return str(sum(1 for row in rows if row["kind"] == "fill" and row["symbol"] == C))


SCENES: Final = (
    Scene("A stop-out", "A long is opened and protected; the price falls through its stop.", _stop_out),
    Scene("A target", "A short is opened; the price falls to its target, and the stop is taken away.", _target),
    Scene("A refused entry", "A stop on the wrong side, a size beyond the margin: nothing is opened.", _refused),
    Scene("A partial fill", "The book holds 0.1 of the 0.25 wanted: the stop covers what was filled.", _partial),
    Scene("A close", "The price rises and everything is closed: position first, then its orders.", _close),
    Scene("A flip", "A long is open and a short is wanted: out, cleared, seen flat, then in.", _flip),
    Scene(
        "A lost reply",
        "The entry fills, its answer never comes: evidence settles it, no resend.",
        _lost_reply,
    ),
)
