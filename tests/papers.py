"""A paper desk for tests of the application: an account, a manager on it, and what both leave behind.

Three invented symbols: ACMEUSDT at 100 with a tick of 0.05, BOLTUSDT at 2000, and one with a Chinese name at 0.5.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TypeVar

import attrs

from surefill.adapters.audit import MemoryAudit
from surefill.adapters.journal import MemoryJournal
from surefill.adapters.simulated import Fault, FaultPlan, Latency
from surefill.adapters.venue import Venue, VenueSettings
from surefill.adapters.venue.ledger import Row
from surefill.application.manager import OrderExecutionManager
from surefill.domain.alarm import Alarm, AlarmKind
from surefill.domain.audit_record import AuditRecord, AuditType
from surefill.domain.events import Event, Intent
from surefill.domain.halt import HaltLevel
from surefill.domain.ids import Leg, client_id, parse_ours, stem
from surefill.domain.limits import RiskLimits
from surefill.domain.numbers import Number
from surefill.domain.order import Order
from surefill.domain.protection_policy import ProtectionPolicy
from surefill.domain.report import ExecutionReport
from surefill.domain.retry_policy import RetryPolicy
from surefill.domain.side import SignalType
from surefill.domain.signal import Signal
from surefill.domain.timings import Timings
from surefill.ports.alerts import Alerts
from surefill.ports.audit import Audit
from surefill.ports.exchange import Exchange
from surefill.ports.journal import Journal
from surefill.ports.kill_switch import KillSwitch
from tests.exchange_info import START_MS, WALLET, made_exchange_info, made_symbol
from tests.scripted import ScriptedExchange

ACME, BOLT, CJK = "ACMEUSDT", "BOLTUSDT", "测试USDT"
NAMESPACE = "desk"
FLAT: tuple[Decimal, list[str]] = (Decimal(0), [])
"""Neither size nor orders."""
E = TypeVar("E", bound=Event)


def listing() -> dict[str, object]:
    """The exchangeInfo of the three symbols."""
    return made_exchange_info(
        made_symbol(ACME, tick="0.05", step="0.001", notional="5"),
        made_symbol(BOLT, tick="0.10", step="0.001", notional="5"),
        made_symbol(CJK, tick="0.0001", step="1", notional="5", price_precision=4, quantity_precision=0),
    )


def paper_exchange(
    *faults: Fault,
    settings: VenueSettings | None = None,
    latency: Latency | None = None,
    real_time: bool = False,
    start_ms: int = START_MS,
) -> ScriptedExchange:
    """An account with 10,000 USDT, quoted on all three symbols."""
    venue = Venue(
        listing(),
        balances=WALLET,
        start_ms=start_ms,
        seed=1,
        settings=VenueSettings() if settings is None else settings,
    )
    exchange = ScriptedExchange(venue, namespace=NAMESPACE, faults=FaultPlan(*faults), latency=latency)
    exchange.pretends_real_time = real_time
    exchange.tick(ACME, last=Decimal(100))
    exchange.tick(BOLT, last=Decimal(2000))
    exchange.tick(CJK, last=Decimal("0.5"))
    return exchange


@attrs.define
class Desk:
    """A manager and everything it works with."""

    exchange: ScriptedExchange
    manager: OrderExecutionManager
    journal: Journal
    audit: Audit
    alarms: list[Alarm]

    def now_ms(self) -> int:
        """Exchange time."""
        return self.exchange.clock.now_ms()

    def execute(self, signal: Signal, quantity: Number | None = "1") -> ExecutionReport:
        """Carry out a signal; entries are of 1 unless told otherwise."""
        return self.manager.execute_signal(signal, None if quantity is None else quantity)

    def report(self, signal_id: str = "s1") -> ExecutionReport:
        """The latest report of a signal, which must be there."""
        report = self.manager.report(signal_id)
        assert report is not None, f"{signal_id} has no report"
        return report

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.exchange.clock.sleep(seconds)

    def guard(self, seconds: int, *, every: float = 1.0) -> None:
        """Let time pass with somebody who works off what is due, as `guarding()` would."""
        end_ms = self.now_ms() + seconds * 1000
        while self.now_ms() < end_ms:
            self.wait(every)
            self.manager.reconcile_due()

    def kinds(self) -> list[AlarmKind]:
        """The kinds of the alarms so far, in order."""
        return [alarm.kind for alarm in self.alarms]

    def alarms_of(self, kind: AlarmKind) -> list[Alarm]:
        """The alarms of one kind."""
        return [alarm for alarm in self.alarms if alarm.kind is kind]

    def lines(self, *kinds: AuditType) -> list[AuditRecord]:
        """The audit lines of these kinds."""
        assert isinstance(self.audit, MemoryAudit)
        return [record for record in self.audit.records if record.type in kinds]


def paper_desk(
    *faults: Fault,
    exchange: ScriptedExchange | None = None,
    venue: VenueSettings | None = None,
    latency: Latency | None = None,
    journal: Journal | None = None,
    audit: Audit | None = None,
    alerts: Alerts | None = None,
    protection: ProtectionPolicy | None = None,
    limits: RiskLimits | None = None,
    retry: RetryPolicy | None = None,
    timings: Timings | None = None,
    kill_switch: KillSwitch | None = None,
    host_guards: bool = False,
    patient: Exchange | None = None,
) -> Desk:
    """A desk on a new account, or on *exchange*; on the *journal* of an earlier one it is a restart."""
    account = paper_exchange(*faults, settings=venue, latency=latency) if exchange is None else exchange
    memory = MemoryJournal() if journal is None else journal
    written = MemoryAudit() if audit is None else audit
    alarms: list[Alarm] = []

    def ring(alarm: Alarm) -> None:
        alarms.append(alarm)
        if alerts is not None:
            alerts(alarm)

    manager = OrderExecutionManager(
        account if patient is None else patient,
        journal=memory,
        audit=written,
        alerts=ring,
        protection=protection,
        limits=limits,
        retry=retry,
        timings=timings,
        kill_switch=kill_switch,
        host_guards=host_guards,
    )
    return Desk(account, manager, memory, written, alarms)


def restart(desk: Desk, journal: Journal | None = None) -> Desk:
    """A new manager on the same account; the old one is not closed, it is gone."""
    desk.exchange.script.clear()
    return paper_desk(exchange=desk.exchange, journal=desk.journal if journal is None else journal)


def entry(
    signal_id: str = "s1",
    symbol: str = ACME,
    *,
    stop: Number | None = "95",
    target: Number | None = "110",
    short: bool = False,
    **others: object,
) -> Signal:
    """An entry signal; a short one has its stop at 105 and its target at 90 unless told otherwise."""
    if short:
        stop, target = ("105" if stop == "95" else stop), ("90" if target == "110" else target)
    kind = SignalType.SHORT_ENTRY if short else SignalType.LONG_ENTRY
    return Signal(id=signal_id, symbol=symbol, type=kind, stop_loss=stop, take_profit=target, **others)  # type: ignore[arg-type]  # whatever a test names


def close(signal_id: str = "c1", symbol: str = ACME, *, short: bool = False, **others: object) -> Signal:
    """A close signal."""
    kind = SignalType.CLOSE_SHORT if short else SignalType.CLOSE_LONG
    return Signal(id=signal_id, symbol=symbol, type=kind, **others)  # type: ignore[arg-type]  # whatever a test names


def moment(desk: Desk, seconds: float = 0) -> datetime:
    """Exchange time as a datetime, *seconds* from now."""
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=desk.now_ms() + round(seconds * 1000))


def begun(desk: Desk) -> datetime:
    """Let the journal begin, and return a moment that no clock can take for one before it: such a signal is young."""
    desk.manager.halt(HaltLevel.NO_ENTRIES, reason="the first line")
    desk.manager.resume(reason="of the journal")
    desk.wait(1)
    desk.alarms.clear()
    return moment(desk, 600)


def id_of(signal_id: str, leg: Leg, attempt: int = 1) -> str:
    """The client id of one order of ours."""
    return client_id(NAMESPACE, signal_id, leg, attempt)


# --- what the ledger shows --------------------------------------------------------------------------------------------


@attrs.frozen
class Arrived:
    """One request to send or cancel an order, as the exchange received it."""

    seq: int
    at_ms: int
    method: str
    client_id: str
    params: dict[str, str]

    @property
    def name(self) -> str:
        """Its leg's letter and attempt, ``E1`` for a first entry; ``?`` for orders of others."""
        return name_of(self.client_id)


def name_of(order_id: str) -> str:
    """The leg's letter and attempt of a client id of ours, else ``?``."""
    ours = parse_ours(order_id, NAMESPACE)
    return "?" if ours is None else f"{ours.leg.value}{ours.attempt}"


_ORDER_PATHS = ("/fapi/v1/order", "/fapi/v1/algoOrder")
_ID_NAMES = ("newClientOrderId", "clientAlgoId", "origClientOrderId")


def rows(exchange: ScriptedExchange, kind: str) -> list[Row]:
    """The rows of one kind in the ledger."""
    return [row for row in exchange.ledger.rows if row["kind"] == kind]


def arrived(exchange: ScriptedExchange, *methods: str) -> list[Arrived]:
    """Orders sent (POST) and cancelled (DELETE) as the exchange received them, in order; both unless told otherwise."""
    found: list[Arrived] = []
    for row in rows(exchange, "request"):
        if row["path"] in _ORDER_PATHS and row["method"] in (methods or ("POST", "DELETE")):
            params = {name: str(value) for name, value in json.loads(str(row["params"])).items()}
            name = next((params[name] for name in _ID_NAMES if name in params), "")
            found.append(Arrived(int(row["seq"] or 0), int(row["time_ms"] or 0), str(row["method"]), name, params))
    return found


def names(exchange: ScriptedExchange) -> list[str]:
    """Orders as they arrived: ``E1`` is a first entry, ``-S1`` the cancellation of a first stop."""
    return [f"{'-' if one.method == 'DELETE' else ''}{one.name}" for one in arrived(exchange)]


def sent_of(exchange: ScriptedExchange, signal_id: str) -> list[str]:
    """Orders of one signal as they arrived, cancellations left out."""
    return [one.name for one in arrived(exchange, "POST") if one.client_id.startswith(stem(NAMESPACE, signal_id))]


def filled(exchange: ScriptedExchange, signal_id: str, leg: Leg) -> Decimal:
    """What the orders of one leg of a signal filled together, by the ledger."""
    return total(Decimal(str(row["quantity"])) for row in _fills(exchange, signal_id, leg))


def entry_orders_filled(exchange: ScriptedExchange, signal_id: str) -> int:
    """How many different entry orders of a signal have fills: never more than one."""
    return len({row["order_id"] for row in _fills(exchange, signal_id, Leg.ENTRY)})


def _fills(exchange: ScriptedExchange, signal_id: str, leg: Leg) -> list[Row]:
    mine = f"{stem(NAMESPACE, signal_id)}{leg.value}"
    return [row for row in rows(exchange, "fill") if str(row["client_order_id"]).startswith(mine)]


def held(exchange: ScriptedExchange, symbol: str = ACME) -> Decimal:
    """The net position by the ledger: the sum of all fills."""
    return total(
        Decimal(str(row["quantity"])) * (1 if row["side"] == "BUY" else -1)
        for row in rows(exchange, "fill")
        if row["symbol"] == symbol
    )


def resting(exchange: ScriptedExchange, symbol: str = ACME) -> list[str]:
    """Open orders on a symbol, by what the exchange itself shows, asked past every fault: ``S1``, ``T1`` or ``?``."""
    return sorted(name_of(order.client_id) for order in open_now(exchange, symbol))


def open_now(exchange: ScriptedExchange, symbol: str = ACME) -> tuple[Order, ...]:
    """Open orders on a symbol, asked past every fault and every script."""
    with exchange.plainly():
        return exchange.open_orders(symbol)


def by_hand(exchange: ScriptedExchange, method: str, path: str, **params: object) -> object:
    """What somebody else does on the account, straight at the exchange; it must succeed."""
    sent = {name: str(value) for name, value in params.items()}
    sent.setdefault("timestamp", str(exchange.venue.now_ms))
    answer = exchange.venue.handle(method, path, sent)
    assert answer.status == 200, answer.body
    return answer.body


def trade_by_hand(exchange: ScriptedExchange, side: str, quantity: str, symbol: str = ACME, **params: object) -> None:
    """Somebody else's market order."""
    by_hand(exchange, "POST", "/fapi/v1/order", symbol=symbol, side=side, type="MARKET", quantity=quantity, **params)


def stop_by_hand(
    exchange: ScriptedExchange, order_id: str, *, symbol: str = ACME, quantity: str = "1", trigger: str = "50"
) -> None:
    """A stop under a long that no manager of ours sent: somebody else's, or one with an id of ours left behind."""
    by_hand(
        exchange,
        "POST",
        "/fapi/v1/algoOrder",
        algoType="CONDITIONAL",
        symbol=symbol,
        side="SELL",
        type="STOP_MARKET",
        quantity=quantity,
        triggerPrice=trigger,
        reduceOnly="true",
        clientAlgoId=order_id,
    )


# --- what the journal keeps -------------------------------------------------------------------------------------------


def intents(journal: Journal, signal_id: str, leg: Leg | None = None) -> list[Intent]:
    """The intents of a signal, in order."""
    return [each for each in events(journal, signal_id, Intent) if leg in (None, each.leg)]


def events(journal: Journal, signal_id: str, kind: type[E]) -> list[E]:
    """The events of one kind of a signal, in order."""
    return [event for event in journal.events_of(signal_id) if isinstance(event, kind)]


def total(values: Iterable[Decimal]) -> Decimal:
    """Their sum."""
    return sum(values, Decimal(0))
