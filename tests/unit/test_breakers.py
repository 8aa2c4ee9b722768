"""Circuit breakers and the pace, as values; and who is stopped by them on the wire."""

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surefill.adapters.wire.breakers import PACE_UNIT_MS, Breakers
from surefill.adapters.wire.call import AnswerLostError, Call, NotSentError, Result, WireAnswer
from surefill.adapters.wire.calls import balance, set_leverage, set_margin_type
from surefill.adapters.wire.costs import cost_of
from surefill.adapters.wire.parameters import order_call
from surefill.domain.breaker import REMEMBERED_MAX, Breaker, BreakerPolicy, BreakerState, Repeats
from surefill.domain.budget import Cost
from surefill.domain.ids import Leg
from surefill.domain.order import Purpose
from surefill.domain.pace import STRETCH_MAX, Pace
from surefill.domain.refusal import Refusal
from surefill.domain.side import MarginType
from tests.wire_script import NOW_MS, market_request, refusal, stop_request

POLICY = BreakerPolicy(failures_max=3, pause_ms=1_000, pause_max_ms=3_000)
CLOSED, OPEN, HALF_OPEN = BreakerState.CLOSED, BreakerState.OPEN, BreakerState.HALF_OPEN


def failed(breaker: Breaker, *times_ms: int) -> Breaker:
    for at_ms in times_ms:
        breaker = breaker.failed(at_ms)
    return breaker


def test_it_opens_after_so_many_failures_in_a_row() -> None:
    """Two do nothing, a third opens it for its pause; a success in between starts the count anew."""
    breaker = failed(Breaker(policy=POLICY), 0, 1)
    opened = breaker.failed(2)

    assert (breaker.state(2), opened.state(2), opened.state(1_001), opened.state(1_002)) == (
        CLOSED,
        OPEN,
        OPEN,
        HALF_OPEN,
    )
    assert (breaker.wait_ms(2), opened.wait_ms(2), opened.wait_ms(1_002)) == (0, 1_000, 0)
    assert (breaker.admits(2), opened.admits(1_001), opened.admits(1_002)) == (True, False, True)
    assert failed(breaker.succeeded(), 2, 3).state(3) is CLOSED


def test_half_open_it_lets_one_through() -> None:
    """The first request decides: a failure opens it for twice as long, up to a limit; a success closes it."""
    opened = failed(Breaker(policy=POLICY), 0, 0, 0)
    probing = opened.probed(1_000)

    assert (probing.admits(1_000), opened.probed(999), probing.succeeded().state(1_000)) == (False, opened, CLOSED)
    again = probing.failed(1_500)
    assert (again.wait_ms(1_500), again.admits(3_500)) == (2_000, True)
    assert failed(again, 3_500).wait_ms(3_500) == 3_000
    assert failed(again, 3_500, 6_500).wait_ms(6_500) == 3_000


def test_failures_of_others_do_not_prolong_it() -> None:
    """While it is open, reads that fail go on failing without moving its end."""
    opened = failed(Breaker(policy=POLICY), 0, 0, 0)

    assert failed(opened, 100, 500, 999).wait_ms(999) == 1
    assert BreakerPolicy(pause_ms=5_000, pause_max_ms=1).pause_after(9) == 5_000


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 2_000)), max_size=40))
def test_a_breaker_always_opens_up_again(steps: list[tuple[bool, int]]) -> None:
    """Whatever happened, the longest pause later it lets somebody try; and a success closes it at once."""
    breaker, now_ms = Breaker(policy=POLICY), 0
    for success, pause_ms in steps:
        now_ms += pause_ms
        breaker = breaker.succeeded() if success else breaker.failed(now_ms)

    assert attrs.evolve(breaker, probing=False).admits(now_ms + POLICY.pause_max_ms)
    assert breaker.succeeded() == Breaker(policy=POLICY)


def test_the_same_refusal_again_and_again_is_stopped() -> None:
    """So many times the same code for the same request; another request, or another code, is counted by itself."""
    repeats = Repeats(policy=POLICY)
    for at_ms in (0, 1, 2):
        assert repeats.wait_ms("a", at_ms) == 0
        repeats = repeats.refused("a", -2019, at_ms)

    assert (repeats.wait_ms("a", 2), repeats.wait_ms("b", 2)) == (1_000, 0)
    assert repeats.refused("a", -2027, 3).wait_ms("a", 3) == 0
    assert repeats.refused("a", -2019, 1_002).wait_ms("a", 1_002) == 2_000
    assert repeats.accepted("a").wait_ms("a", 2) == 0
    assert repeats.accepted("b") is repeats


def test_only_so_many_requests_are_remembered() -> None:
    """The one refused longest ago is forgotten."""
    repeats = Repeats(policy=POLICY)
    for number in range(REMEMBERED_MAX + 1):
        repeats = repeats.refused(str(number), -1, number)

    assert len(repeats.seen) == REMEMBERED_MAX
    assert "0" not in repeats.seen


def test_the_pace_slows_down_and_recovers() -> None:
    """Waits double with each call given up, eight times at most, and one success takes all of it back."""
    stretches, pace = [], Pace()
    for _ in range(6):
        stretches.append(pace.stretch)
        pace = pace.failed()

    assert stretches == [1, 2, 4, 8, 8, STRETCH_MAX]
    assert pace.succeeded().stretch == 1


# --- on the wire ------------------------------------------------------------------------------------------------------

ENTRY, EXIT, STOP = (order_call(each) for each in (market_request(), market_request(Leg.EXIT), stop_request()))
LEVERAGE = set_leverage("BTCUSDT", 5)
NEVER_STOPPED = [EXIT, STOP, balance(), Call("DELETE", "/fapi/v1/order"), Call("GET", "/fapi/v1/order")]
OK = WireAnswer(200, {})


def watching(*results: Result, call: Call = ENTRY) -> Breakers:
    breakers = Breakers(POLICY, POLICY)
    for result in results:
        breakers.watch(call, result, NOW_MS)
    return breakers


@pytest.mark.parametrize(
    "result", [NotSentError("x"), AnswerLostError("x"), WireAnswer(502, None), WireAnswer(503, {})]
)
def test_an_unhealthy_exchange_gets_no_entries_and_no_settings(result: Result) -> None:
    """Unreachable, silent and 5xx, three times: entries and settings wait, nothing else ever does."""
    breakers = watching(result, result, result, call=balance())

    for call in (ENTRY, LEVERAGE, set_margin_type("BTCUSDT", MarginType.ISOLATED)):
        barrier = breakers.barrier(call, NOW_MS)
        assert barrier is not None
        assert barrier.refusal is Refusal.BREAKER
    assert [breakers.barrier(call, NOW_MS) for call in NEVER_STOPPED] == [None] * len(NEVER_STOPPED)
    assert breakers.open_until_ms(NOW_MS) == NOW_MS + 1_000
    assert breakers.barrier(ENTRY, NOW_MS + 1_000) is None
    assert breakers.barrier(ENTRY, NOW_MS + 1_000) is not None, "one probe at a time"
    breakers.watch(balance(), refusal(-2015, 401), NOW_MS)
    assert breakers.barrier(ENTRY, NOW_MS) is None
    assert breakers.open_until_ms(NOW_MS) is None


def test_the_same_entry_refused_the_same_way_is_stopped() -> None:
    """Under whatever client id and stamp; after a success it may go again; exits are not counted."""
    breakers = watching(*[refusal(-2019)] * 3)
    same = order_call(market_request(client_id="another"))
    stamped = attrs.evolve(same, params={**same.params, "timestamp": "7", "recvWindow": "3000"})

    assert breakers.barrier(stamped, NOW_MS) is not None
    assert breakers.barrier(order_call(market_request(symbol="ETHUSDT")), NOW_MS) is None
    assert breakers.barrier(EXIT, NOW_MS) is None
    breakers.watch(stamped, OK, NOW_MS)
    assert breakers.barrier(ENTRY, NOW_MS) is None
    assert watching(*[refusal(-2022)] * 9, call=EXIT).barrier(EXIT, NOW_MS) is None


@pytest.mark.parametrize(
    "answer", [refusal(-1003, 429), refusal(-1021), WireAnswer(403, None), WireAnswer(404, None), refusal(-1000)]
)
def test_what_is_refused_for_now_is_no_repeat(answer: WireAnswer) -> None:
    """Limits, clocks, firewalls and unknown outcomes have rules of their own."""
    assert watching(*[answer] * 9).barrier(ENTRY, NOW_MS) is None


def test_entries_are_paced() -> None:
    """While entries are refused for now, the next wait is longer each time; one success ends it."""
    breakers = watching(refusal(-1008, 400), refusal(-1008, 400))

    assert breakers.pace_ms() == 4 * PACE_UNIT_MS
    breakers.watch(ENTRY, OK, NOW_MS)
    assert breakers.pace_ms() == PACE_UNIT_MS


@pytest.mark.parametrize(
    ("call", "cost"),
    [
        (ENTRY, Cost(orders=1)),
        (STOP, Cost(orders=1)),
        (Call("GET", "/fapi/v1/order", {"symbol": "X"}), Cost(1)),
        (Call("GET", "/fapi/v1/positionSide/dual"), Cost(30)),
        (Call("GET", "/fapi/v1/openOrders", {"symbol": "X"}), Cost(1)),
        (Call("GET", "/fapi/v1/openOrders"), Cost(40)),
        (Call("GET", "/fapi/v1/openAlgoOrders"), Cost(40)),
        (Call("GET", "/fapi/v3/balance"), Cost(5)),
        (Call("POST", "/fapi/v1/leverage"), Cost(1)),
        (Call("DELETE", "/fapi/v1/order"), Cost(1)),
    ],
)
def test_costs_are_known_beforehand(call: Call, cost: Cost) -> None:
    """Orders cost no weight and one order; reads of all symbols cost more."""
    assert cost_of(call) == cost
    assert cost_of(attrs.evolve(call, purpose=Purpose.EXIT)) == cost
