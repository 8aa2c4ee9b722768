"""Family J: input that is wrong or means harm, and secrets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any, Final, cast

import attrs

from surefill.adapters.audit.line import line_of
from surefill.adapters.simulated import Fault
from surefill.adapters.wire.call import Call, Result, WireAnswer
from surefill.domain.errors import SignalConflict, ValidationError
from surefill.domain.refusal import Refusal
from surefill.domain.report import Outcome
from surefill.testing.world import PRICES, World
from tests.chaos.matrix.case import Aftermath, Armed, Check, Listed
from tests.chaos.matrix.checks import both, ends, fill_told, nothing_sent, one_entry
from tests.chaos.matrix.events import (
    keeping_late_fills,
    pass_through,
    trade_of,
)
from tests.chaos.matrix.family import Way, fault, proved
from tests.chaos.matrix.scenario import TRADES, Scenario, scenario_of
from tests.chaos.matrix.steps import ALL, Step

_ALIVE: Final = ALL - {Step.STARTUP, Step.TIME}
_NOBODY: Final = "no process lives yet when this step begins; what is asked of the next one is run at the other steps"
_NOT_FINITE: Final = tuple(Decimal(text) for text in ("NaN", "sNaN", "-sNaN12", "Infinity", "-Infinity"))
_NOT_POSITIVE: Final = (Decimal(0), Decimal("-0"), Decimal(-1), "0.00", "-0.0", 0, -5)
_OUT_OF_RANGE: Final = (Decimal("1e-400"), Decimal("1e400"), Decimal("1e999999"), Decimal("1e-999999"), "9" * 10_000)
_FLOATS: Final = (0.29, 0.29 * 100, float("nan"), float("inf"), 1e-7)
_TEXTS: Final = ("1_000", " 1", "1\n", "１２", "٣", "1e5", "0x10", "1,5", "", "--1", "1.2.3", "NaN")
_HUGE: Final = (10**41, 10**4000, -(10**1000))
_SYMBOLS: Final = (
    "AAAUSDT\r\nX-Evil: 1",
    "AAA\x00USDT",
    "AAAUSDT&side=SELL",
    "AAAUSDT&quantity=1000",
    "\u202eTDSUAAA",
    "AAAUSDT ",
    "aaausdt",
    "測試USDT",
    "../../AAAUSDT",
    "A" * 10_000,
)
_ACROSS: Final = frozenset({Refusal.WRONG_SIDE, Refusal.STOP_CROSSED})
_NAMES: Final = ("{0.__class__} %(key)s {secret!r}", "${jndi:ldap://x}", "<b>'; DROP TABLE event; --", "測試 {} %s")


def _numbers(values: Iterable[object]) -> Callable[[World, Step], Armed]:
    """Return what hands each of *values* in as stop, target and size, of entries and closes."""

    def tries(world: World) -> Iterator[Callable[[], object]]:
        trade = trade_of(world)
        for value in values:
            number = cast("Any", value)
            yield partial(attrs.evolve, trade.entry("wrong"), stop_loss=number)
            yield partial(attrs.evolve, trade.entry("wrong"), take_profit=number)
            yield partial(world.execute, trade.entry("wrong"), number)
            yield partial(world.execute, trade.close("wrong"), number)

    return _refused(tries)


def _refused(tries: Callable[[World], Iterator[Callable[[], object]]]) -> Callable[[World, Step], Armed]:
    """Return what tries them all: each must be a ValidationError, and nothing may reach the exchange."""

    def inject(world: World, step: Step) -> Armed:
        del step
        seq, wrong, right = world.notebook.seq(), 0, 0
        for each in tries(world):
            try:
                each()
            except ValidationError:
                right += 1
            else:
                wrong += 1
        world.signals.pop("wrong", None)
        sent = world.notebook.seq() - seq
        return Armed(struck=lambda: 0 if wrong or sent else right)

    return inject


def _odd_symbols(world: World, step: Step) -> Armed:
    """Hand in symbols that name nothing: refused as input, or because the exchange does not list them."""
    del step
    right = [0]
    for number, symbol in enumerate(_SYMBOLS):
        try:
            report = world.execute(attrs.evolve(trade_of(world).entry(f"odd-{number}"), symbol=symbol), Decimal(1))
        except ValidationError:
            right[0] += 1
            continue
        right[0] += report is not None and report.outcome is Outcome.REFUSED
    return Armed(struck=lambda: right[0] if right[0] == len(_SYMBOLS) else 0)


def _swapped(world: World) -> Iterator[Callable[[], object]]:
    """Yield stops and targets on the wrong side of each other."""
    trade = trade_of(world)
    yield lambda: attrs.evolve(trade.entry(), stop_loss=trade.target, take_profit=trade.stop)
    yield lambda: attrs.evolve(trade.entry(), stop_loss=trade.stop, take_profit=trade.stop)


def _beyond_the_market(world: World, step: Step) -> Armed:
    """Hand in a stop on the far side of the market, and one right at it: refused by the facts, and the id is free."""
    del step
    trade, right = trade_of(world), 0
    price = PRICES[trade.symbol]
    for stop in (price, (price + trade.target) / 2):
        signal = attrs.evolve(trade.entry(f"far-{stop}"), stop_loss=stop, take_profit=trade.target)
        report = world.execute(signal, trade.quantity)
        right += report is not None and report.outcome is Outcome.REFUSED and report.reason in _ACROSS
    return Armed(struck=lambda: right if right == 2 else 0)


def _named_oddly(world: World, step: Step) -> Armed:
    """Trade another symbol under ids that mean something to a formatter, a shell or a database."""
    del step
    right = [0]
    other = next(trade for trade in TRADES if trade.symbol != trade_of(world).symbol)
    for name in _NAMES:
        report = world.execute(other.entry(name), other.quantity)
        right[0] += report is not None and report.outcome is Outcome.PROTECTED and report.signal_id == name
    return Armed(struck=lambda: right[0] if right[0] == len(_NAMES) else 0)


@attrs.frozen(kw_only=True)
class Contradicting(Scenario):
    """Another scenario, after which somebody uses the id again for something else."""

    inner: Scenario

    def before(self, world: World) -> None:
        """Come to where the step begins."""
        self.inner.before(world)

    def during(self, world: World) -> None:
        """Do it, and contradict."""
        self.inner.during(world)
        trade = self.trade
        for signal, quantity in (
            (trade.entry(), trade.quantity * 2),
            (attrs.evolve(trade.entry(), take_profit=None), trade.quantity),
            (attrs.evolve(trade.close(), id=trade.entry().id), None),
        ):
            try:
                world.execute(signal, quantity)
            except SignalConflict:
                continue
        world.signals[trade.entry().id] = trade.entry(), trade.quantity


def _contradicting(step: Step, seed: int) -> Scenario:
    inner = scenario_of(step, seed)
    return Contradicting(trade=inner.trade, inner=inner)


def _conflicts(world: World, step: Step) -> Armed:
    """Count the contradictions that were refused; all three must be."""
    del step

    def struck() -> int:
        raised = [called for called in world.notebook.called if called.raised == "SignalConflict"]
        return len(raised) if len(raised) == 3 else 0

    return Armed(struck=struck)


def _hostile(world: World, step: Step) -> Armed:
    """Let the first answer of the step be an error whose text is meant to break a log, a terminal or a formatter."""
    struck = [0]
    text = '\r\n{"seq":1}\n[CRITICAL] {0.__class__} %(key)s \x1b[2J\x00\u202e' + "A" * 100_000

    def mangle(call: Call, result: Result) -> Result:
        if struck[0] or not step.concerns(call):
            return result
        struck[0] = 1
        return WireAnswer(400, {"code": -1, "msg": text})

    pass_through(world, mangle)
    return Armed(struck=lambda: struck[0])


def _whole_lines(aftermath: Aftermath) -> Iterable[str]:
    """Ask that every line of the audit log is one line, and of bounded length."""
    for record in aftermath.world.notebook.written:
        text = line_of(record, 1, "").decode("ascii")
        if any(character in text.rstrip("\n") for character in "\r\n\x00\x1b"):
            yield f"a line of the audit log was broken: {text[:120]!a}"
            return


@attrs.frozen(kw_only=True)
class Ageing(Scenario):
    """An entry that is wanted for two seconds only."""

    def during(self, world: World) -> None:
        """Ask for it."""
        until = datetime.fromtimestamp(world.now_ms // 1000 + 2, UTC)
        world.execute(attrs.evolve(self.trade.entry(), valid_until=until), self.trade.quantity)
        world.wait(12)


def _ageing(step: Step, seed: int) -> Scenario:
    del step
    return Ageing(trade=TRADES[seed % len(TRADES)])


def _slowly(world: World, step: Step) -> Armed:
    """Let the answers of the step take three seconds."""
    world.break_with(*(Fault.latency(3_000, **place) for place in step.places))
    return Armed(struck=lambda: len(world.faults.log))


_UNHARMED: Final[Check] = both(fill_told, one_entry)
_BINANCE: Final = "tests/binance"


def _numbers_case(id: str, what: str, values: Iterable[object]) -> tuple[Listed, ...]:  # noqa: A002 - the catalogue's word
    way = Way(steps=_ALIVE, inject=_numbers(values), expect=_UNHARMED, world=keeping_late_fills)
    return fault(id, what, way, elsewhere=_NOBODY)


CASES: Final[tuple[Listed, ...]] = (
    *_numbers_case("J1", "numbers that are none", _NOT_FINITE),
    *_numbers_case("J2", "zero, minus zero and less", _NOT_POSITIVE),
    *_numbers_case("J3", "exponents without end", _OUT_OF_RANGE),
    *_numbers_case("J4", "floats", _FLOATS),
    *_numbers_case("J5", "texts that Decimal would take", _TEXTS),
    *_numbers_case("J6", "huge whole numbers", _HUGE),
    *fault(
        "J7",
        "symbols that mean harm",
        Way(steps=_ALIVE - {Step.LATE_WATCH}, inject=_odd_symbols, expect=_UNHARMED),
        elsewhere=_NOBODY + ", or no entry is admitted while one is sought",
    ),
    proved(
        "J8",
        "symbols beyond ASCII",
        f"{_BINANCE}/test_signing.py::test_any_parameters_are_signed_as_sent",
        "tests/application/test_threads.py::test_many_symbols_side_by_side_with_a_guard",
    ),
    proved(
        "J9",
        "client ids the exchange would refuse",
        "tests/property/test_ids_properties.py::test_every_id_is_accepted_by_the_exchange",
    ),
    *fault(
        "J10",
        "ids that mean something to a formatter",
        Way(
            steps=frozenset(
                {
                    Step.SETTINGS,
                    Step.POSITION,
                    Step.ENTRY,
                    Step.STOP,
                    Step.STOP_QUERY,
                    Step.TARGET,
                    Step.EXIT,
                    Step.CANCEL,
                }
            ),
            inject=_named_oddly,
            expect=both(fill_told, _whole_lines),
        ),
        elsewhere="the same words reach the log at every step; those where they do first are run",
    ),
    *fault(
        "J11",
        "stop and target on the wrong side",
        Way(steps=_ALIVE, inject=_refused(_swapped), expect=_UNHARMED, world=keeping_late_fills, variant="swapped"),
        Way(
            steps=frozenset({Step.SETTINGS, Step.POSITION, Step.ENTRY, Step.STOP, Step.STOP_QUERY, Step.TARGET}),
            inject=_beyond_the_market,
            expect=_UNHARMED,
            variant="of the market",
        ),
        elsewhere=_NOBODY,
    ),
    *fault(
        "J12",
        "one id for two decisions",
        Way(steps=ALL, inject=_conflicts, expect=_UNHARMED, world=keeping_late_fills, scenario=_contradicting),
    ),
    proved(
        "J13",
        "a secret in an exception, a repr, a log, a URL, a pickle",
        f"{_BINANCE}/test_credentials.py::test_what_holds_a_secret_does_not_show_it",
        f"{_BINANCE}/test_exchange.py::test_errors_of_reads_and_cancels_show_nothing",
        f"{_BINANCE}/test_exchange.py::test_requests_and_answers_are_logged_without_secrets",
        f"{_BINANCE}/test_wire.py::test_an_answer_that_repeats_the_request_shows_nothing",
        f"{_BINANCE}/test_outcome.py::test_words_hold_nothing_of_the_error",
    ),
    *fault(
        "J14",
        "an answer that is meant to break the log",
        Way(steps=ALL, inject=_hostile, expect=both(_UNHARMED, _whole_lines), world=keeping_late_fills),
    ),
    *fault(
        "J15",
        "a signal that grows stale on its way",
        Way(
            steps=frozenset({Step.EXCHANGE_INFO, Step.POSITION}),
            inject=_slowly,
            expect=both(ends(Outcome.REFUSED, reason=Refusal.STALE), nothing_sent),
            scenario=_ageing,
            variant="before the entry",
        ),
        elsewhere="an order that was sent is not called back for its age: its stop and target follow whatever the time",
    ),
)
