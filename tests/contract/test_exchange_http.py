"""The adapter for Binance keeps the contract of the Exchange port, through real HTTP; and what it sends is right."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from surefill import ExecutionReport, Signal, SignalType, open_manager
from surefill.adapters.http_venue import Received
from surefill.adapters.simulated import Fault, FaultPlan, SimulatedExchange
from surefill.domain.side import PositionMode
from surefill.ports.exchange import Exchange
from surefill.testing import ExchangeHarness, HttpVenue, exchange_contract
from surefill.testing.http_venue_fixture import PRICES, START_MS
from surefill.wiring import demo_exchange_info
from tests.contract.local_account import NAMESPACE, local_account
from tests.exchange_info import made_exchange_info

ORDERS = ("/fapi/v1/order", "/fapi/v1/algoOrder")


def http_account(mode: PositionMode) -> ExchangeHarness:
    """A fresh account behind HTTP, on two symbols."""
    stack = ExitStack()
    prices = {"BTCUSDT": Decimal(64_000), "ETHUSDT": Decimal(2_500)}
    exchange, served = stack.enter_context(local_account(mode, exchange_info=made_exchange_info(), prices=prices))

    def change_tick(symbol: str, increment: Decimal) -> None:
        tick = str(increment)
        row = {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": "4500000", "tickSize": tick}
        with served.server.timeline:
            served.server.venue.change_filters(symbol, [row])

    return ExchangeHarness(
        exchange=exchange,
        symbol="BTCUSDT",
        price=prices["BTCUSDT"],
        other_symbol="ETHUSDT",
        other_price=prices["ETHUSDT"],
        move=served.move,
        change_tick=change_tick,
        taker_fee=Decimal("0.0005"),
        close=stack.close,
    )


TestBinanceFutures = exchange_contract(http_account)

Move = Callable[[str, Decimal], None]
Story = Callable[[Exchange, Move, Path], list[ExecutionReport]]


def readme_story(exchange: Exchange, move: Move, folder: Path) -> list[ExecutionReport]:
    """The README's ten lines, on whatever exchange."""
    move("AAAUSDT", Decimal("64210.5"))
    with open_manager(exchange, state_dir=folder, namespace=NAMESPACE, host_guards=True) as manager:
        signal = Signal(
            id="s7:2026-11-22T10:00",
            symbol="AAAUSDT",
            type=SignalType.LONG_ENTRY,
            stop_loss=Decimal(60_000),
            take_profit=Decimal(66_000),
        )
        first = manager.execute_signal(signal, quantity=Decimal("0.010"))
        replayed = manager.execute_signal(signal, quantity=Decimal("0.010"))
        assert first == replayed
        move("AAAUSDT", Decimal(66_001))
        exchange.clock.sleep(0.5)
        manager.reconcile()
        assert manager.open_orders() == ()
        last = manager.report(signal.id)
        assert last is not None
        return [first, last]


def day_story(exchange: Exchange, move: Move, folder: Path) -> list[ExecutionReport]:
    """Both directions, a stop-out, a flip, a close, refusals; on a symbol outside ASCII too."""
    signals = [
        ("long", "AAAUSDT", SignalType.LONG_ENTRY, "59000", "63000", "0.020"),
        ("flip", "AAAUSDT", SignalType.SHORT_ENTRY, "61000", "57000", "0.010"),
        ("wrong-side", "AAAUSDT", SignalType.LONG_ENTRY, "65000", None, "0.010"),
        ("too-large", "AAAUSDT", SignalType.SHORT_ENTRY, "61000", None, "90"),
        ("chinese", "测试USDT", SignalType.LONG_ENTRY, "1.2", "1.9", "1000"),
        ("close", "测试USDT", SignalType.CLOSE_LONG, None, None, "400"),
        ("coarse", "BBBUSDT", SignalType.SHORT_ENTRY, "2600.07", "2400.02", "1.5"),
    ]
    reports: list[ExecutionReport] = []
    with open_manager(exchange, state_dir=folder, namespace=NAMESPACE, host_guards=True) as manager:
        for name, symbol, kind, stop, target, quantity in signals:
            signal = Signal(
                id=name,
                symbol=symbol,
                type=kind,
                stop_loss=None if stop is None else Decimal(stop),
                take_profit=None if target is None else Decimal(target),
            )
            reports.append(manager.execute_signal(signal, quantity=Decimal(quantity)))
        move("AAAUSDT", Decimal(61_100))
        exchange.clock.sleep(0.5)
        manager.reconcile()
        reports.extend(report for name, *_ in signals if (report := manager.report(name)) is not None)
    return reports


def on_paper(story: Story, folder: Path, faults: FaultPlan | None = None) -> list[ExecutionReport]:
    exchange = SimulatedExchange.from_exchange_info(
        demo_exchange_info(),
        balances={"USDT": Decimal(10_000)},
        start_ms=START_MS,
        namespace=NAMESPACE,
        faults=faults,
    )

    def move(symbol: str, price: Decimal) -> None:
        exchange.tick(symbol, last=price, mark=price)

    for symbol, price in PRICES.items():
        move(symbol, price)
    return story(exchange, move, folder)


def over_http(
    story: Story, folder: Path, faults: FaultPlan | None = None, mode: PositionMode = PositionMode.ONE_WAY
) -> tuple[list[ExecutionReport], HttpVenue]:
    with local_account(mode, faults) as (exchange, served):
        return story(exchange, served.move, folder), served


def plain(report: ExecutionReport) -> str:
    """A report without its times and the exchange's ids."""
    text = re.sub(r"\b(\w+_ms|naked_seconds|exchange_id)=[^,)]*", r"\1", repr(report))
    return re.sub(r"\b17953\d{8}\b", "time", text)


@pytest.mark.parametrize("story", [readme_story, day_story])
def test_both_exchanges_report_the_same(story: Story, tmp_path: Path) -> None:
    """Swapping the exchange is one line, and the same scenario ends in the same reports but for times and ids."""
    here = on_paper(story, tmp_path / "paper")
    there, _ = over_http(story, tmp_path / "http")

    assert [plain(report) for report in here] == [plain(report) for report in there]
    assert len({report.outcome for report in here}) > 1 or story is readme_story


@pytest.mark.parametrize(
    "fault", [Fault.reply_lost, Fault.request_lost, lambda **where: Fault.unclear(executed=True, **where)]
)
@pytest.mark.parametrize("leg", ["E", "S", "T"])
def test_both_survive_the_same_loss(fault: Callable[..., Fault], leg: str, tmp_path: Path) -> None:
    """Whichever request or reply is lost, both end in the same outcome with the same size."""
    here = on_paper(readme_story, tmp_path / "paper", FaultPlan(fault(leg=leg, nth=1)))
    there, served = over_http(readme_story, tmp_path / "http", FaultPlan(fault(leg=leg, nth=1)))

    assert len(served.faults.log) == 1
    assert [(one.outcome, one.filled_quantity, one.closed_by) for one in here] == [
        (one.outcome, one.filled_quantity, one.closed_by) for one in there
    ]


def parameters(one: Received) -> Mapping[str, str]:
    """The parameters of a request, read from its bytes by other code than the exchange's."""
    text = "&".join(part.decode("ascii") for part in (one.request.query, one.request.body) if part)
    pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=True)
    assert len(dict(pairs)) == len(pairs), "a parameter came twice"
    return dict(pairs)


@pytest.fixture(params=[PositionMode.ONE_WAY, PositionMode.HEDGE])
def traffic(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[PositionMode, HttpVenue]:
    """All that a day of trading sent, in either position mode, with replies lost on the way."""
    lost = FaultPlan(Fault.reply_lost(leg="E", nth=1), Fault.reply_lost(leg="S", nth=2))
    _, served = over_http(day_story, tmp_path, lost, request.param)
    return request.param, served


def test_an_order_is_posted_once(traffic: tuple[PositionMode, HttpVenue]) -> None:
    """No client id is posted twice, even when its reply is lost; nothing but the documented paths is asked."""
    _, served = traffic
    posted = [
        parameters(one).get("newClientOrderId") or parameters(one)["clientAlgoId"]
        for one in served.server.received
        if one.request.method == "POST" and one.request.path in ORDERS
    ]

    assert len(posted) > 8
    assert len(posted) == len(set(posted))
    assert {one.status for one in served.server.received} <= {200, 400, None}
    assert sum(1 for one in served.server.received if one.status is None) == 2


def test_signatures_are_over_the_bytes(traffic: tuple[PositionMode, HttpVenue]) -> None:
    """The signature is the last parameter, and valid over the bytes before it; key and secret stand nowhere else."""
    _, served = traffic
    signed = [one for one in served.server.received if b"timestamp=" in one.request.query + one.request.body]

    assert len(signed) > 20
    for one in signed:
        text = (one.request.query + one.request.body).decode("ascii")
        payload, mark, given = text.rpartition("&signature=")
        assert mark
        assert hmac.new(served.api_secret.encode(), payload.encode(), hashlib.sha256).hexdigest() == given
        assert served.api_key not in text
        assert one.request.header("x-mbx-apikey") == served.api_key
    assert all(served.api_secret not in f"{one.request.query!r}{one.request.body!r}" for one in served.server.received)


def test_numbers_are_plain(traffic: tuple[PositionMode, HttpVenue]) -> None:
    """Quantities and prices are fixed-point: no exponent, no sign, no stray zero in front."""
    _, served = traffic
    numbers = [
        value
        for one in served.server.received
        for name, value in parameters(one).items()
        if name in ("quantity", "triggerPrice", "price")
    ]

    assert len(numbers) > 8
    assert [value for value in numbers if not re.fullmatch(r"(0|[1-9][0-9]*)(\.[0-9]+)?", value)] == []


def test_reduce_only_keeps_to_its_mode(traffic: tuple[PositionMode, HttpVenue]) -> None:
    """A hedge account gets a position side and never reduceOnly; a one-way account's closes are all reduce-only."""
    mode, served = traffic
    orders = [
        parameters(one) for one in served.server.received if one.request.method == "POST" and one.request.path in ORDERS
    ]
    closing = [order for order in orders if "clientAlgoId" in order]

    assert closing
    if mode is PositionMode.HEDGE:
        assert all("reduceOnly" not in order and order["positionSide"] in ("LONG", "SHORT") for order in orders)
    else:
        assert all(order["reduceOnly"] == "true" for order in closing)
        assert all(order.get("positionSide", "BOTH") == "BOTH" for order in orders)
