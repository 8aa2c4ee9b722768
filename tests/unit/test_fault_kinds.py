"""The faults beyond loss and delay: each does at the door what its name says, and nothing else."""

from collections.abc import Callable

import pytest

from surefill.adapters.simulated import Fault, FaultPlan, Latency, SimulatedExchange
from surefill.adapters.simulated.distortion import crowded, doubled, mistimed, shortened
from surefill.adapters.wire.call import AnswerLostError, Call, Result, WireAnswer
from surefill.domain.errors import RateLimitedError
from surefill.domain.ids import Leg, client_id
from surefill.domain.order import OrderStatus
from surefill.domain.reply import ReplyKind
from surefill.domain.snapshot import Watermark
from tests.paper import ENTRY, enter, paper, protect
from tests.wire_script import market_request

LIST = [{"n": 1}, {"n": 2}]


class Ear:
    """Hears what comes back."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, Result]] = []

    def leaving(self, call: Call, at_ms: int) -> None:
        """Let it go."""

    def arriving(self, call: Call, result: Result, at_ms: int) -> Result:
        """Note it."""
        del at_ms
        self.heard.append((call.path.rpartition("/")[2], result))
        return result


def heard_by(*faults: Fault) -> tuple[SimulatedExchange, list[tuple[str, Result]]]:
    """A client under these faults, and what it hears."""
    ear = Ear()
    return paper(FaultPlan(*faults)).another_client(tap=ear), ear.heard


def fills(exchange: SimulatedExchange) -> int:
    return sum(1 for row in exchange.ledger.rows if row["kind"] == "fill")


def test_a_copy_that_arrives_at_once_fills_too() -> None:
    """A filled market order frees its id: the copy fills as well, and only the first one is answered."""
    exchange = paper(FaultPlan(Fault.delivered_twice(leg="E", nth=1)))

    assert enter(exchange).kind is ReplyKind.ACCEPTED
    assert fills(exchange) == 2
    assert len(exchange.history(ENTRY.symbol, Watermark()).orders) == 2


@pytest.mark.parametrize(("after_ms", "count"), [(2_000, 2), (4_000, 1)])
def test_a_late_copy_is_bounded_by_its_window(after_ms: int, count: int) -> None:
    """The copy carries the same timestamp: beyond recvWindow the exchange refuses it."""
    exchange = paper(FaultPlan(Fault.delivered_twice(after_ms, leg="E")))

    enter(exchange)
    assert fills(exchange) == 1
    exchange.clock.sleep(10)
    assert fills(exchange) == count


def test_a_copy_of_what_was_refused_does_not_come_later() -> None:
    """Only what the exchange took is sent to it once more."""
    exchange = paper(FaultPlan(Fault.delivered_twice(1_000, method="GET", path="order")))

    exchange.find([ENTRY.key])
    rows = len(exchange.ledger.rows)
    exchange.clock.sleep(5)
    assert len(exchange.ledger.rows) == rows


def test_a_stale_reply_is_the_last_one_of_its_kind() -> None:
    """The second order is executed, and answered by the answer to the first: another client id, so UNKNOWN."""
    exchange = paper(FaultPlan(Fault.stale_reply(method="POST", path="order", nth=2)))
    first = enter(exchange)
    second = exchange.send(exchange.prepare(market_request(client_id=client_id("test", "signal-2", Leg.ENTRY, 1))))

    assert (first.kind, second.kind) == (ReplyKind.ACCEPTED, ReplyKind.UNKNOWN)
    assert "another client id" in second.text
    assert fills(exchange) == 2


def test_a_stale_reply_may_be_of_another_kind() -> None:
    """Where nothing like it was answered before, it is whatever was answered last."""
    exchange, heard = heard_by(Fault.stale_reply(leg="E"))
    exchange.balance()

    assert enter(exchange).kind is ReplyKind.UNKNOWN
    assert heard[-1] == ("order", heard[0][1])


def test_the_first_reply_of_all_cannot_be_stale() -> None:
    """With nothing to answer by, no answer comes."""
    exchange, heard = heard_by(Fault.stale_reply(leg="E"))

    assert enter(exchange).kind is ReplyKind.UNKNOWN
    assert isinstance(heard[-1][1], AnswerLostError)


def test_a_plan_without_stale_replies_remembers_nothing() -> None:
    """Answers are kept only for a fault that may want them."""
    exchange = paper()
    exchange.balance()

    assert exchange.faults.earlier(Call("GET", "/fapi/v3/balance")) is None


def test_a_dripping_answer_is_waited_for_in_vain() -> None:
    """It is executed; whoever waits gives up at the deadline."""
    exchange = paper(FaultPlan(Fault.drip(leg="E")), Latency(timeout_ms=700))
    sent_ms = exchange.clock.now_ms()

    assert enter(exchange).kind is ReplyKind.UNKNOWN
    assert (exchange.clock.now_ms() - sent_ms, fills(exchange)) == (700, 1)


def test_a_garbled_success_tells_nothing() -> None:
    """It is executed, and known at once to be lost: no time passes beyond the way back."""
    exchange = paper(FaultPlan(Fault.garbled(leg="E")))
    sent_ms = exchange.clock.now_ms()

    assert enter(exchange).kind is ReplyKind.UNKNOWN
    assert (exchange.clock.now_ms() - sent_ms, fills(exchange)) == (40, 1)


def test_a_garbled_refusal_keeps_its_status() -> None:
    """The status was read before the body broke off; the code in the body was not."""
    exchange, heard = heard_by(Fault.garbled(method="GET", path="order"))
    with pytest.raises(Exception, match="HTTP 400, with no code of Binance's"):
        exchange.find([ENTRY.key])

    assert heard[-1][1] == WireAnswer(400, None, heard[-1][1].headers)  # type: ignore[union-attr]  # it is an answer, or the comparison fails


@pytest.mark.parametrize(("executed", "count"), [(True, 1), (False, 0)])
def test_a_redirect_says_nothing_about_the_order(executed: bool, count: int) -> None:  # noqa: FBT001
    """It is not followed and not believed: UNKNOWN, executed or not."""
    exchange = paper(FaultPlan(Fault.redirect(308, executed=executed, leg="E")))

    reply = enter(exchange)

    assert (reply.kind, reply.text) == (ReplyKind.UNKNOWN, "HTTP 308")
    assert fills(exchange) == count


def test_a_ban_names_its_end() -> None:
    """418 with the end in its text: nothing goes out until then, and then everything."""
    exchange = paper(FaultPlan(Fault.banned(30_000, leg="E", nth=1)))
    began_ms = exchange.clock.now_ms()

    assert enter(exchange).retry_after_ms == 30_000 - 20
    rows = len(exchange.ledger.rows)
    exchange.clock.sleep(29)
    with pytest.raises(RateLimitedError):
        exchange.balance()
    assert len(exchange.ledger.rows) == rows
    exchange.clock.sleep((began_ms + 30_021 - exchange.clock.now_ms()) / 1000)
    assert len(exchange.balance()) == 1


def test_other_peoples_requests_fill_the_budget() -> None:
    """The header is the truth: no entry is sent any more, protection is."""
    exchange = paper(FaultPlan(Fault.crowded(2_399, method="GET", path="balance")))
    exchange.balance()

    assert enter(exchange).kind is ReplyKind.NOT_SENT
    assert protect(exchange).kind is ReplyKind.ACCEPTED


def test_lists_may_be_cut_short_or_doubled() -> None:
    """The last row is missing, or each is there twice; a row that is there twice is one order."""
    exchange = paper()
    enter(exchange)
    protect(exchange)

    exchange.faults.add(Fault.doubled_rows(path="allOrders"), Fault.short_list(path="openAlgoOrders"))
    assert len(exchange.history(ENTRY.symbol, Watermark()).orders) == 1
    assert exchange.open_orders(ENTRY.symbol) == ()
    exchange.faults.clear()
    assert [order.status for order in exchange.open_orders(ENTRY.symbol)] == [OrderStatus.NEW]


def test_the_time_may_be_wrong() -> None:
    """Whoever asks for it is told another one; nothing else changes."""
    exchange, heard = heard_by(Fault.wrong_time(-5_000))
    now_ms = exchange.clock.now_ms()
    exchange._session.ask(Call("GET", "/fapi/v1/time", signed=False))

    assert heard == [("time", WireAnswer(200, {"serverTime": now_ms + 20 - 5_000}, heard[0][1].headers))]  # type: ignore[union-attr]  # likewise


@pytest.mark.parametrize(
    "change",
    [lambda answer: shortened(answer, 1), doubled, lambda answer: mistimed(answer, 1)],
    ids=["shortened", "doubled", "mistimed"],
)
@pytest.mark.parametrize("body", [{"n": 1}, "text", None, {"serverTime": "soon"}], ids=str)
def test_what_has_nothing_to_distort_stays(change: Callable[[WireAnswer], WireAnswer], body: object) -> None:
    """An object is no list, and an answer without a time tells none."""
    answer = WireAnswer(200, body)

    assert change(answer) == answer


@pytest.mark.parametrize(("rows", "left"), [(1, LIST[:1]), (2, []), (9, [])])
def test_no_more_rows_go_missing_than_there_are(rows: int, left: object) -> None:
    """Rows are taken from the end."""
    assert shortened(WireAnswer(200, LIST), rows).body == left


def test_a_distorted_answer_keeps_the_rest() -> None:
    """Status and headers stay; a list stays a list, an object keeps its other names."""
    answer = WireAnswer(202, LIST, {"a": "b"})

    assert doubled(answer) == WireAnswer(202, [LIST[0], LIST[0], LIST[1], LIST[1]], {"a": "b"})
    assert crowded(answer, 7) == WireAnswer(202, LIST, {"a": "b", "X-MBX-USED-WEIGHT-1M": "7"})
    assert mistimed(WireAnswer(200, {"serverTime": 5, "x": 1}), 3).body == {"serverTime": 8, "x": 1}
