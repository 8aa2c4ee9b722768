"""What an order costs, beside `requests.Session.post` of the same bytes, in one run against a server on loopback.

    python bench/orders.py [--json] [--rounds 15] [--orders 40] [--brackets 15]

Processor time of this process, the four taking turns round by round; the median round of each counts:

- one signed market order: stamp, sign, send, parse
- the whole entry: a signal validated, rounded and planned, its order stamped, signed, sent and parsed, and its line in
  the audit log; without the journal
- for information, the same with the desk's work around it: admission, claim and three records in a journal in memory

Then the wall time of a bracket at an artificial delay of 50 ms: from the entry's first byte until stop and target are
acknowledged, beside three posts one after the other. Exit status 1 when an order or an entry costs more than half of a
post, or when a bracket takes more than 0.70 of three.
"""

import argparse
import gc
import json
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from itertools import count

import attrs
import requests

from surefill import ProtectionPolicy, RetryPolicy, RiskLimits, Signal, SignalType, Timings
from surefill.adapters.audit import JsonLinesAudit
from surefill.adapters.binance import BinanceFutures, Environment
from surefill.adapters.journal import MemoryJournal
from surefill.adapters.wire.instruments import parse_instrument
from surefill.application.desk import Desk
from surefill.application.execute import claim
from surefill.application.gate import admit
from surefill.application.submit import Wanted, submit
from surefill.domain.audit_record import AuditType
from surefill.domain.book import Book
from surefill.domain.bracket import Bracket
from surefill.domain.events import Planned
from surefill.domain.ids import Leg
from surefill.domain.instrument import Instrument
from surefill.domain.leg_state import LegState
from surefill.domain.order import OrderRequest
from surefill.domain.reply import Reply, ReplyKind
from surefill.domain.side import PositionMode
from surefill.domain.snapshot import Reference

CPU_RATIO_MAX = 0.50
BRACKET_RATIO_MAX = 0.70
DELAY_MS = 50
_POLICY = ProtectionPolicy()
POST, ORDER, ENTRY, DESK = "requests.Session.post", "one signed order", "whole entry", "entry with journal"

SYMBOL = {
    "symbol": "BTCUSDT", "pair": "BTCUSDT", "contractType": "PERPETUAL", "status": "TRADING", "baseAsset": "BTC",
    "quoteAsset": "USDT", "marginAsset": "USDT", "pricePrecision": 2, "quantityPrecision": 3,
    "triggerProtect": "0.05", "liquidationFee": "0.0125", "marketTakeBound": "0.05",
    "orderTypes": ["LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET"],
    "filters": [
        {"filterType": "PRICE_FILTER", "minPrice": "0.10", "maxPrice": "4529764", "tickSize": "0.10"},
        {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "1000", "stepSize": "0.001"},
        {"filterType": "MARKET_LOT_SIZE", "minQty": "0.001", "maxQty": "120", "stepSize": "0.001"},
        {"filterType": "MAX_NUM_ORDERS", "limit": 200},
        {"filterType": "MIN_NOTIONAL", "notional": "5"},
        {"filterType": "PERCENT_PRICE", "multiplierUp": "1.05", "multiplierDown": "0.95"},
    ],
}  # fmt: skip
"""Invented numbers in the shape of a real row."""

# --- the server, in a process of its own ------------------------------------------------------------------------------

_FIELDS = re.compile(rb"(?:^|&)(newClientOrderId|clientAlgoId|side|quantity|type)=([^&]*)")
_HEADERS = (
    "HTTP/1.1 200 OK\r\nDate: Sun, 22 Nov 2026 08:00:00 GMT\r\nContent-Type: application/json\r\nContent-Length: {}\r\n"
    "Connection: keep-alive\r\nServer: bench\r\nX-MBX-USED-WEIGHT-1M: 1\r\nX-MBX-ORDER-COUNT-10S: 1\r\n"
    "X-MBX-ORDER-COUNT-1M: 1\r\nX-Response-Time: 5ms\r\nCache-Control: no-cache\r\n\r\n"
)


def answer_to(body: bytes) -> dict[str, object]:
    """Return what Binance would say to an order, with today's fields."""
    asked = {name.decode(): value.decode() for name, value in _FIELDS.findall(body)}
    now_ms = time.time_ns() // 1_000_000
    common: dict[str, object] = {
        "symbol": "BTCUSDT", "side": asked.get("side"), "positionSide": "BOTH", "timeInForce": "GTC", "price": "0.00",
        "closePosition": False, "priceProtect": False, "priceMatch": "NONE", "selfTradePreventionMode": "EXPIRE_MAKER",
        "goodTillDate": 0, "updateTime": now_ms, "workingType": "MARK_PRICE", "reduceOnly": "clientAlgoId" in asked,
    }  # fmt: skip
    if "clientAlgoId" in asked:
        return common | {
            "algoId": 1000001271234567, "clientAlgoId": asked["clientAlgoId"], "algoType": "CONDITIONAL",
            "orderType": asked["type"], "quantity": asked["quantity"], "algoStatus": "NEW", "triggerPrice": "63000.0",
            "icebergQuantity": None, "activatePrice": "", "callbackRate": "", "createTime": now_ms, "triggerTime": 0,
        }  # fmt: skip
    return common | {
        "serverTime": now_ms, "orderId": 70123456789, "status": "FILLED", "type": "MARKET", "origType": "MARKET",
        "clientOrderId": asked.get("newClientOrderId"), "origQty": asked.get("quantity"), "stopPrice": "0.00",
        "executedQty": asked.get("quantity"), "cumQty": asked.get("quantity"),
    }  # fmt: skip


def converse(line: socket.socket, delay_seconds: float) -> None:
    """Answer every request on one connection."""
    data = b""
    while True:
        while b"\r\n\r\n" not in data:
            piece = line.recv(65_536)
            if not piece:
                return
            data += piece
        head, _, data = data.partition(b"\r\n\r\n")
        found = re.search(rb"(?i)content-length: *(\d+)", head)
        length = int(found[1]) if found else 0
        while len(data) < length:
            data += line.recv(65_536)
        body, data = data[:length], data[length:]
        if delay_seconds and b"/time" not in head:
            time.sleep(delay_seconds)
        content = json.dumps(answer_to(body)).encode()
        line.sendall(_HEADERS.format(len(content)).encode() + content)


def serve() -> None:
    """Serve two ports, without and with delay, until the parent process goes away."""
    for delay_seconds in (0.0, DELAY_MS / 1000):
        listener = socket.create_server(("127.0.0.1", 0))
        print(listener.getsockname()[1], flush=True)

        def accept(listener: socket.socket = listener, delay_seconds: float = delay_seconds) -> None:
            while True:
                line, _ = listener.accept()
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=converse, args=(line, delay_seconds), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
    sys.stdin.read()


@contextmanager
def server() -> Iterator[tuple[str, str]]:
    """Run the server; yields the addresses without and with delay."""
    process = subprocess.Popen(  # noqa: S603 - this very file
        [sys.executable, __file__, "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        if process.stdout is None:
            raise SystemExit("the server has no output")
        ports = [int(process.stdout.readline()) for _ in range(2)]
        yield f"http://127.0.0.1:{ports[0]}", f"http://127.0.0.1:{ports[1]}"
        process.communicate()


# --- the client -------------------------------------------------------------------------------------------------------


def signal_of(number: int) -> Signal:
    """Return a decision of its own."""
    return Signal(
        id=f"bench-{number}",
        symbol="BTCUSDT",
        type=SignalType.LONG_ENTRY,
        stop_loss=Decimal("63000.04"),
        take_profit=Decimal("66000.07"),
    )


def plan_of(signal: Signal, instrument: Instrument, reference: Reference) -> Bracket:
    """Return the bracket of *signal*, on prices that were read a moment ago."""
    bracket = Bracket.plan(
        signal,
        quantity=Decimal("0.0104"),
        instrument=instrument,
        reference=reference,
        mode=PositionMode.ONE_WAY,
        namespace="bench",
        policy=_POLICY,
    )
    if not isinstance(bracket, Bracket):
        raise SystemExit(f"no bracket: {bracket}")
    return bracket


@attrs.frozen
class Client:
    """The adapter, a desk over it, and requests' own session, all warm."""

    exchange: BinanceFutures
    desk: Desk
    session: requests.Session
    url: str
    body: bytes
    headers: dict[str, str]
    instrument: Instrument
    reference: Reference
    request: OrderRequest
    numbers: Iterator[int] = attrs.field(factory=lambda: count(1))

    def post(self) -> None:
        """Post the bytes of one order, as requests does by itself."""
        self.session.post(f"{self.url}/fapi/v1/order", data=self.body, headers=self.headers).raise_for_status()

    def order(self) -> None:
        """Send one signed market order through the port."""
        self.send(self.request)

    def send(self, request: OrderRequest) -> Reply:
        """Stamp, sign, send once, parse."""
        reply = self.exchange.send(self.exchange.prepare(request))
        if reply.kind is not ReplyKind.ACCEPTED:
            raise SystemExit(f"the order was not accepted: {reply}")
        return reply

    def entry(self) -> None:
        """Carry a signal from its construction to its entry's audited answer."""
        signal = self.signal()
        request = self.plan(signal).entry(1)
        reply = self.send(request)
        self.desk.note(
            AuditType.ORDER_PLACED,
            "entry",
            symbol=request.symbol,
            signal_id=signal.id,
            client_id=request.client_id,
            order_data=request,
            response=reply,
        )

    def signal(self) -> Signal:
        """Return a new decision."""
        return signal_of(next(self.numbers))

    def plan(self, signal: Signal) -> Bracket:
        """Round and check, on facts as they were read a moment ago."""
        return plan_of(signal, self.instrument, self.reference)

    def begin(self) -> tuple[str, Bracket]:
        """Take a new signal in, up to its plan."""
        desk, signal = self.desk, self.signal()
        declined = admit(desk, signal) or claim(desk, signal, Decimal("0.0104"), "digest")
        if declined is not None:
            raise SystemExit(f"not admitted: {declined}")
        bracket = self.plan(signal)
        desk.record(Planned(desk.now_ms(), signal.id, bracket))
        return signal.id, bracket

    def entry_at_desk(self) -> None:
        """The same, with all that the desk does for it."""
        signal_id, bracket = self.begin()
        _filled(submit(self.desk, Wanted(signal_id=signal_id, leg=Leg.ENTRY, attempt=1, request=bracket.entry(1))))
        self.desk.forget(signal_id)

    def bracket_seconds(self) -> float:
        """Return the time from the entry's first byte to the acknowledgement of both legs."""
        desk = self.desk
        signal_id, bracket = self.begin()
        started = time.perf_counter()
        _filled(submit(desk, Wanted(signal_id=signal_id, leg=Leg.ENTRY, attempt=1, request=bracket.entry(1))))
        size = desk.known_state(signal_id).open_quantity
        legs = submit(
            desk,
            Wanted(signal_id=signal_id, leg=Leg.STOP, attempt=1, request=bracket.stop(size, 1)),
            Wanted(signal_id=signal_id, leg=Leg.TARGET, attempt=1, request=bracket.target(size, 1)),
        )
        passed = time.perf_counter() - started
        if any(leg.reply is None or leg.reply.kind is not ReplyKind.ACCEPTED for leg in legs):
            raise SystemExit(f"a leg was not accepted: {legs}")
        desk.forget(signal_id)
        return passed

    def posts_seconds(self) -> float:
        """Return the time of three posts, one after the other."""
        started = time.perf_counter()
        for _ in range(3):
            self.post()
        return time.perf_counter() - started


def _filled(legs: Sequence[LegState]) -> None:
    if any(leg.reply is None or leg.reply.kind is not ReplyKind.ACCEPTED for leg in legs):
        raise SystemExit(f"the entry was not accepted: {legs}")


@contextmanager
def client(url: str) -> Iterator[Client]:
    """Build and warm everything that talks to *url*."""
    key, secret = "bench-" + "k" * 58, "bench-" + "s" * 58
    with (
        tempfile.TemporaryDirectory() as folder,
        JsonLinesAudit(folder) as audit,
        BinanceFutures(key, secret, Environment.local(url), namespace="bench", environ={}) as exchange,
        requests.Session() as session,
    ):
        desk = Desk(
            exchange=exchange, patient=exchange, journal=MemoryJournal(), audit=audit, alerts=lambda _: None,
            namespace="bench", retry=RetryPolicy(), protection=ProtectionPolicy(), limits=RiskLimits(),
            timings=Timings(), host_guards=True, kill_switch=None, book=Book.of(()),
        )  # fmt: skip
        headers = {"X-MBX-APIKEY": key, "Content-Type": "application/x-www-form-urlencoded"}
        instrument = parse_instrument(SYMBOL)
        reference = Reference("BTCUSDT", Decimal("64210.5"), Decimal("64210.4"), exchange.clock.now_ms(), 100)
        request = plan_of(signal_of(0), instrument, reference).entry(1)
        prepared = exchange.prepare(request)
        body = "&".join(f"{name}={value}" for name, value in prepared.parameters.items()) + "&signature=" + "a" * 64
        made = Client(exchange, desk, session, url, body.encode(), headers, instrument, reference, request)
        exchange.synchronise()
        for _ in range(20):
            made.post()
            made.order()
            made.entry()
            made.entry_at_desk()
        yield made


def cpu_microseconds(work: Callable[[], None], times: int) -> float:
    """Return the processor time of one call, all threads of this process together."""
    gc.collect()
    gc.disable()
    started = time.process_time_ns()
    for _ in range(times):
        work()
    passed = time.process_time_ns() - started
    gc.enable()
    return passed / 1_000 / times


def measure(rounds: int, orders: int, brackets: int) -> dict[str, float]:
    """Measure everything in turns."""
    with server() as (at_once, delayed):
        with client(at_once) as made:
            works = {POST: made.post, ORDER: made.order, ENTRY: made.entry, DESK: made.entry_at_desk}
            found = [{name: cpu_microseconds(work, orders) for name, work in works.items()} for _ in range(rounds)]
        with client(delayed) as made:
            pairs = [(made.posts_seconds(), made.bracket_seconds()) for _ in range(brackets)]
    posts, ours = (statistics.median(each) for each in zip(*pairs, strict=True))
    middle = {name: statistics.median(each[name] for each in found) for name in works}
    return {**middle, "three posts": posts * 1000, "bracket": ours * 1000}


def main() -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(description="What an order costs beside requests.Session.post.")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument("--rounds", type=int, default=15, help="rounds; the median counts (default %(default)s)")
    parser.add_argument("--orders", type=int, default=40, help="orders a round (default %(default)s)")
    parser.add_argument("--brackets", type=int, default=15, help="brackets; the median counts (default %(default)s)")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve()
        return 0
    if min(options.rounds, options.orders, options.brackets) < 1:
        parser.error("--rounds, --orders and --brackets must be at least 1")
    found = measure(options.rounds, options.orders, options.brackets)
    rows = [
        (ORDER, "CPU µs", found[ORDER], found[POST], CPU_RATIO_MAX),
        (ENTRY, "CPU µs", found[ENTRY], found[POST], CPU_RATIO_MAX),
        (DESK, "CPU µs", found[DESK], found[POST], None),
        (f"bracket at {DELAY_MS} ms", "ms", found["bracket"], found["three posts"], BRACKET_RATIO_MAX),
    ]
    wrong = [f"{name}: {ours / base:.2f} of its base, above {most:.2f}" for name, _, ours, base, most in rows
             if most is not None and ours > most * base]  # fmt: skip
    if options.json:
        print(json.dumps({"measurements": found, "faults": wrong}))
    else:
        print(f"{'what':<22}{'unit':<8}{'ours':>10}{'base':>10}{'ratio':>8}{'at most':>9}")
        for name, unit, ours, base, most in rows:
            print(f"{name:<22}{unit:<8}{ours:>10.1f}{base:>10.1f}{ours / base:>8.2f}{most or '':>9}")
        print(f"base: {POST} of the same bytes; for the bracket, three of them one after the other")
        print("\n".join(wrong) or "within limits")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
