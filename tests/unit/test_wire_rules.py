"""When the trading rules are read: at once, early, or not in front of what protects a position."""

from collections.abc import Sequence
from decimal import Decimal

import pytest

from surefill.adapters.wire.account import WireExchange
from surefill.adapters.wire.call import NotSentError
from surefill.domain.errors import ExchangeUnavailableError
from tests.exchange_info import made_exchange_info, made_symbol
from tests.wire_script import HandClock, Script, algo_row, market_request, order_row, refusal, wire_exchange

INFO = "/fapi/v1/exchangeInfo"
DAY_MS = 24 * 3_600_000
EARLY_MS = DAY_MS * 9 // 10
LONG = {
    "symbol": "BTCUSDT", "positionAmt": "0.010", "entryPrice": "64210.5", "positionSide": "BOTH",
    "markPrice": "64210.0", "unRealizedProfit": "0", "liquidationPrice": "0", "updateTime": 0,
}  # fmt: skip
STOP = algo_row()


class Desk:
    """An exchange on a script, whose rules were read at the start, and how often they were read since."""

    def __init__(
        self, *answers: object, positions: Sequence[object] = (), conditionals: Sequence[object] = (STOP,)
    ) -> None:
        first = made_exchange_info()
        self.script = (
            Script()
            .body("GET", INFO, first)
            .body("GET", "/fapi/v3/balance", [])
            .body("GET", "/fapi/v1/openAlgoOrders", list(conditionals))
            .body("GET", "/fapi/v1/openOrders", [])
            .body("GET", "/fapi/v3/positionRisk", list(positions))
            .body("GET", "/fapi/v1/positionSide/dual", {"dualSidePosition": False})
            .body("POST", "/fapi/v1/order", order_row())
        )
        self.clock = HandClock()
        self.exchange: WireExchange = wire_exchange(self.script, self.clock)
        self.exchange.instrument("BTCUSDT")
        self.script.body("GET", INFO, *(answers or (first,)))

    @property
    def reads(self) -> int:
        return sum(call.path == INFO for call in self.script.calls) - 1

    def tick(self) -> Decimal:
        return self.exchange.instrument("BTCUSDT").tick.increment


@pytest.mark.parametrize("verb", ["balance", "positions", "open_orders"])
def test_reads_that_no_order_waits_for_renew_early(verb: str) -> None:
    """From nine tenths of their time on, the next read of the whole account renews the rules, once."""
    desk = Desk()
    ask = getattr(desk.exchange, verb)

    desk.clock.at_ms += EARLY_MS - 1
    ask()
    before = desk.reads
    desk.clock.at_ms += 1
    ask()
    renewed = desk.reads
    desk.clock.at_ms += EARLY_MS - 1
    ask()
    desk.tick()

    assert (before, renewed, desk.reads) == (0, 1, 1)


def test_a_failed_early_renewal_leaves_the_old_rules() -> None:
    """The read around it succeeds, the old rules stay in force, and the next attempt comes ten minutes later."""
    desk = Desk()
    old = desk.tick()
    desk.script.refuse("GET", INFO, -1001, status=500)
    desk.clock.at_ms += EARLY_MS

    desk.exchange.balance()
    desk.clock.at_ms += 599_999
    desk.exchange.balance()
    tried = desk.reads
    unchanged = desk.tick()
    wider = made_symbol("BTCUSDT", tick="0.50")
    desk.script.body("GET", INFO, made_exchange_info(wider))
    desk.clock.at_ms += 10_000
    desk.exchange.balance()

    assert (tried, unchanged, desk.reads, desk.tick()) == (1, old, 2, Decimal("0.5"))


@pytest.mark.parametrize(
    "broken",
    [{"symbols": [{"symbol": 1}]}, {"symbols": [made_symbol("A"), made_symbol("A")]}, {"symbols": {}}, {}],
)
def test_an_answer_that_lists_no_symbols_replaces_nothing(broken: object) -> None:
    """It is an error for who asked for it, and the old rules go on."""
    desk = Desk(broken)
    old = desk.tick()

    with pytest.raises(ExchangeUnavailableError):
        desk.exchange.instrument("BTCUSDT", refresh=True)

    assert desk.tick() == old


def test_nothing_is_renewed_early_while_orders_may_follow() -> None:
    """For ten seconds after an order, or a question for a symbol's rules, an entry or its stop may be on the way."""
    desk = Desk()
    desk.clock.at_ms += EARLY_MS

    desk.tick()
    desk.exchange.balance()
    desk.clock.at_ms += 9_999
    desk.exchange.send(desk.exchange.prepare(market_request()))
    desk.clock.at_ms += 9_999
    desk.exchange.balance()
    while_busy = desk.reads
    desk.clock.at_ms += 1
    desk.exchange.balance()

    assert (while_busy, desk.reads) == (0, 1)


@pytest.mark.parametrize(
    ("positions", "conditionals", "renewed"),
    [
        ([], [], 1),
        ([LONG], [STOP], 1),
        ([LONG], [], 0),
        ([LONG], [algo_row(quantity="0.009")], 0),
        ([LONG], [algo_row(side="BUY")], 0),
        ([LONG], [algo_row(orderType="TAKE_PROFIT_MARKET")], 0),
        ([LONG], [algo_row(algoStatus="TRIGGERING")], 0),
        ([LONG | {"positionAmt": "-0.010"}], [STOP], 0),
    ],
)
def test_a_look_renews_early_only_where_nothing_is_missing(
    positions: list[object], conditionals: list[object], renewed: int
) -> None:
    """The guard's look at a position whose stop rests has time; one that shows something missing has none."""
    desk = Desk(positions=positions, conditionals=conditionals)
    desk.clock.at_ms += EARLY_MS

    desk.exchange.snapshot("BTCUSDT")

    assert desk.reads == renewed


def test_what_follows_a_look_at_a_position_waits_for_no_rules() -> None:
    """Rules too old are read in front of an entry, but not in front of a missing stop or an exit."""
    desk = Desk(positions=[LONG], conditionals=[])
    desk.clock.at_ms += DAY_MS

    desk.exchange.snapshot("BTCUSDT")
    desk.clock.at_ms += 999
    desk.tick()
    pressing = desk.reads
    desk.clock.at_ms += 1
    desk.tick()

    assert (pressing, desk.reads) == (0, 1)


def test_what_follows_an_order_waits_for_no_rules() -> None:
    """The stop behind an entry is rounded by the rules at hand; an entry on another symbol reads new ones."""
    desk = Desk()
    desk.clock.at_ms += DAY_MS

    desk.exchange.send(desk.exchange.prepare(market_request()))
    desk.exchange.snapshot("BTCUSDT")
    desk.clock.at_ms += 9_999
    desk.tick()
    pressing = desk.reads
    desk.exchange.instrument("ETHUSDT")

    assert (pressing, desk.reads) == (0, 1)


def test_rules_too_old_that_cannot_be_read_stop_an_entry() -> None:
    """At the end of their time an entry waits for new rules, and gets none when the exchange is silent."""
    desk = Desk()
    desk.script.on("GET", INFO, NotSentError("no route"))
    desk.clock.at_ms += DAY_MS

    with pytest.raises(ExchangeUnavailableError):
        desk.tick()


def test_a_refusal_of_the_rules_is_no_reason_to_fail_a_read() -> None:
    """An early renewal that meets a limit of the exchange leaves the balance it followed as it is."""
    desk = Desk()
    desk.script.on("GET", INFO, refusal(-1003, status=429))
    desk.clock.at_ms += EARLY_MS

    assert desk.exchange.balance() == ()
