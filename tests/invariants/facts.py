"""Hand-made facts for the judge, each in its place in the one order of things."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import attrs

from surefill.adapters.wire.call import AnswerLostError, Call, Result, WireAnswer
from surefill.domain.alarm import Alarm
from surefill.domain.audit_record import AuditRecord
from surefill.domain.events import Allotment, Answered, Claimed, Event, Intent, Reported
from surefill.domain.ids import Leg
from surefill.domain.limits import RiskLimits
from surefill.domain.order import PURPOSE_OF_LEG, Order, OrderKind, OrderRequest, OrderStatus
from surefill.domain.refusal import Refusal
from surefill.domain.reply import Reply, ReplyKind
from surefill.domain.report import ExecutionReport, Outcome
from surefill.domain.side import PositionSide, Side, SignalType, TriggerPrice
from surefill.domain.signal import Signal
from surefill.domain.timings import Timings
from surefill.testing.invariants import Asked, Called, Carried, Evidence, Kept, Life, Told, Violation, Watch
from surefill.testing.invariants.ahead import digest_of
from surefill.testing.invariants.row import Row
from tests.exchange_info import made_exchange_info, made_symbol
from tests.invariants.rows import STEM, SYMBOL, our_id

INFO = made_exchange_info(made_symbol(SYMBOL, tick="0.01", step="0.001", price_precision=2, quantity_precision=3))
ASKED = Asked(signal_id="s", is_long=True, quantity=Decimal(2), stop=Decimal(90), target=Decimal(110))
LOST = AnswerLostError("no answer")
_KINDS = {"S": OrderKind.STOP, "T": OrderKind.TARGET}


def answer(body: object, status: int = 200, **headers: str) -> WireAnswer:
    return WireAnswer(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


def missing() -> WireAnswer:
    return answer({"code": -2013, "msg": "Order does not exist."}, 400)


def order_body(client_id: str, executed: str) -> dict[str, object]:
    """A regular order as the exchange shows it, whole."""
    return {
        "clientOrderId": client_id,
        "orderId": 7,
        "symbol": SYMBOL,
        "side": "BUY",
        "type": "MARKET",
        "status": "FILLED",
        "origQty": "2",
        "executedQty": executed,
        "reduceOnly": False,
    }


def position_body(amount: str) -> list[dict[str, object]]:
    return [{"symbol": SYMBOL, "positionSide": "BOTH", "positionAmt": amount, "entryPrice": "100"}]


def algo_body(leg: str, quantity: str, status: str = "NEW", side: str = "SELL") -> dict[str, object]:
    kind = {"S": "STOP_MARKET", "T": "TAKE_PROFIT_MARKET"}[leg]
    return {
        "clientAlgoId": our_id(leg),
        "symbol": SYMBOL,
        "positionSide": "BOTH",
        "side": side,
        "orderType": kind,
        "algoStatus": status,
        "quantity": quantity,
    }


def an_order(leg: str, executed: str = "0", status: OrderStatus = OrderStatus.FILLED, number: int = 1) -> Order:
    return Order(
        client_id=our_id(leg, number),
        exchange_id="7",
        symbol=SYMBOL,
        side=Side.BUY if leg == "E" else Side.SELL,
        kind=_KINDS.get(leg, OrderKind.MARKET),
        status=status,
        quantity=Decimal(2),
        executed_quantity=Decimal(executed),
        average_price=None,
        reduce_only=leg != "E",
        position_side=PositionSide.BOTH,
    )


def intent(
    leg: str,
    *,
    number: int = 1,
    stem: str = STEM,
    signal_id: str = "s",
    sent: Mapping[str, str] | None = None,
    timestamp_ms: int = 1000,
    closes: Mapping[str, str] | None = None,
) -> Intent:
    """An intent for an order of ours; with *sent* its digest is theirs."""
    trigger = Decimal(90) if leg in _KINDS else None
    request = OrderRequest(
        client_id=our_id(leg, number, stem),
        symbol=SYMBOL,
        side=Side.BUY if leg == "E" else Side.SELL,
        kind=_KINDS.get(leg, OrderKind.MARKET),
        quantity=Decimal(2),
        purpose=PURPOSE_OF_LEG[Leg(leg)],
        reduce_only=leg != "E",
        position_side=PositionSide.BOTH,
        trigger_price=trigger,
        trigger_on=None if trigger is None else TriggerPrice.MARK,
    )
    return Intent(
        at_ms=timestamp_ms,
        signal_id=signal_id,
        leg=Leg(leg),
        attempt=number,
        request=request,
        digest="0" * 32 if sent is None else digest_of(sent),
        timestamp_ms=timestamp_ms,
        not_after_ms=timestamp_ms + 3000,
        allotments=tuple(Allotment(name, Decimal(size)) for name, size in (closes or {}).items()),
    )


def answered(
    leg: str,
    kind: ReplyKind,
    *,
    at_ms: int = 1,
    refusal: Refusal | None = None,
    executed: str | None = None,
) -> Answered:
    order = None if executed is None else an_order(leg, executed)
    return Answered(at_ms, "s", our_id(leg), Reply(kind, refusal=refusal, order=order))


def claimed(signal_id: str = "s", at_ms: int = 1) -> Claimed:
    signal = Signal(id=signal_id, symbol=SYMBOL, type=SignalType.LONG_ENTRY, stop_loss=Decimal(90))
    return Claimed(at_ms, signal_id, "digest", signal, Decimal(2))


def report(
    outcome: Outcome,
    *,
    filled: str = "0",
    signal_id: str = "s",
    kind: SignalType = SignalType.LONG_ENTRY,
    at_ms: int = 0,
    **others: object,
) -> ExecutionReport:
    bare = ExecutionReport(
        signal_id=signal_id,
        symbol=SYMBOL,
        type=kind,
        outcome=outcome,
        filled_quantity=Decimal(filled),
        at_ms=at_ms,
    )
    return attrs.evolve(bare, **others)  # type: ignore[arg-type]  # fields named by the test


@attrs.define
class Scene:
    """What a judge was shown of one account so far; facts are added in the order they happen."""

    asked: dict[str, Asked] = attrs.field(factory=lambda: {STEM: ASKED})
    limits: RiskLimits = attrs.field(factory=RiskLimits)
    secrets: tuple[str, ...] = ()
    watch: Watch = attrs.field(init=False)
    rows: list[Row] = attrs.field(factory=list[Row])
    seq: int = 0
    alarms: list[Alarm] = attrs.field(factory=list[Alarm])
    kept: list[Kept] = attrs.field(factory=list[Kept])
    read: list[Kept] = attrs.field(factory=list[Kept])
    carried: list[Carried] = attrs.field(factory=list[Carried])
    told: list[Told] = attrs.field(factory=list[Told])
    called: list[Called] = attrs.field(factory=list[Called])
    lives: list[Life] = attrs.field(factory=list[Life])
    hands: list[int] = attrs.field(factory=list[int])
    written: list[AuditRecord] = attrs.field(factory=list[AuditRecord])

    def __attrs_post_init__(self) -> None:
        self.watch = Watch.over(INFO, asked=self.asked, timings=Timings(), limits=self.limits, secrets=self.secrets)

    def add(self, *rows: Row) -> int:
        """Let something stand in the ledger; return the number of the last row."""
        for row in rows:
            self.seq += 1
            self.rows.append({**row, "seq": self.seq})
        return self.seq

    def by_hand(self, *rows: Row) -> None:
        """Let somebody else do something: its request, what came of it, its answer."""
        self.hands.append(self.seq + 1)
        first = self.add(rows[0])
        self.add(*rows[1:], {"kind": "answer", "time_ms": rows[0]["time_ms"], "request_seq": first, "status": 200})

    def live(self, at_ms: int, *, alive: bool = True, owner: int = 1, lost: bool = False) -> None:
        self.lives.append(Life(owner=owner, at_ms=at_ms, alive=alive, lost_journal=lost))

    def keep(self, event: Event, at_ms: int = 0, owner: int = 1) -> None:
        self.kept.append(Kept(event=event, at_ms=at_ms, after_seq=self.seq, owner=owner))

    def find(self, event: Event, at_ms: int, owner: int) -> None:
        """Let a process find in its journal when it begins."""
        self.read.append(Kept(event=event, at_ms=at_ms, after_seq=self.seq, owner=owner))

    def keep_report(self, given: ExecutionReport, at_ms: int = 0) -> None:
        self.keep(Reported(at_ms, given.signal_id, attrs.evolve(given, at_ms=at_ms)), at_ms)

    def tell(self, given: ExecutionReport, at_ms: int = 0) -> None:
        self.told.append(Told(report=attrs.evolve(given, at_ms=at_ms), at_ms=at_ms, after_seq=self.seq, owner=1))

    def call(self, verb: str, began_ms: int, ended_ms: int, owner: int = 1) -> None:
        self.called.append(Called(verb=verb, began_ms=began_ms, ended_ms=ended_ms, owner=owner))

    def ask(
        self,
        name: str,
        result: Result | None,
        arrived_ms: int,
        *,
        sent_ms: int | None = None,
        method: str = "GET",
        owner: int = 1,
        symbol: str | None = SYMBOL,
        **params: str,
    ) -> None:
        """Let the process get an answer (or none: None) to a request for a path that ends in *name*."""
        given = {} if symbol is None else {"symbol": symbol}
        self.carried.append(
            Carried(
                call=Call(method, f"/fapi/v1/{name}", {**given, **params}),
                result=result,
                sent_ms=arrived_ms - 40 if sent_ms is None else sent_ms,
                arrived_ms=None if result is None else arrived_ms,
                first_seq=self.seq,
                owner=owner,
                last_seq=self.seq,
            )
        )

    def judge(self, now_ms: int) -> list[Violation]:
        """Let the judge look at what is new."""
        evidence = Evidence(
            rows=self.rows,
            alarms=self.alarms,
            kept=self.kept,
            found=self.read,
            carried=self.carried,
            told=self.told,
            called=self.called,
            lives=self.lives,
            by_hand=self.hands,
            written=self.written,
        )
        self.rows, self.alarms, self.kept, self.carried, self.told = [], [], [], [], []
        self.called, self.lives, self.hands, self.written, self.read = [], [], [], [], []
        return list(self.watch.judge(evidence, now_ms=now_ms))

    def found(self, invariant: str, now_ms: int) -> list[tuple[int, str]]:
        """Let the judge look, and return when and how one invariant was broken."""
        return [(each.time_ms, each.text) for each in self.judge(now_ms) if each.invariant == invariant]

    def times(self, invariant: str, now_ms: int) -> list[int]:
        """Let the judge look, and return when one invariant was broken."""
        return [at_ms for at_ms, _ in self.found(invariant, now_ms)]
