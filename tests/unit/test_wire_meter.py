"""The request budget as the exchange's headers tell it."""

import pytest
from loguru import logger

from surefill.adapters.wire import calls
from surefill.adapters.wire.call import AnswerLostError, NotSentError, WireAnswer
from surefill.adapters.wire.instruments import RateLimit
from surefill.adapters.wire.meter import STANDARD_LIMITERS, Meter, limiters_of
from surefill.adapters.wire.parameters import order_call
from surefill.domain.budget import Allowance, Cost
from surefill.domain.errors import ConfigurationError
from surefill.domain.order import Purpose
from surefill.domain.refusal import Refusal
from tests.wire_script import NOW_MS, market_request, refusal

READ = calls.balance()


def used(meter: Meter, now_ms: int) -> dict[str, int]:
    return {one.name: one.used for one in meter.capacity(now_ms).allowances}


def test_the_headers_are_the_truth() -> None:
    """Counts are taken from the headers, in any case, and garbage in them is ignored."""
    meter = Meter()
    headers = {"x-mbx-used-weight-1m": "89", "X-MBX-ORDER-COUNT-10S": "3", "X-MBX-ORDER-COUNT-1M": "many"}

    meter.note(READ, WireAnswer(200, [], headers), NOW_MS)

    assert used(meter, NOW_MS) == {"weight/1m": 89, "orders/10s": 3, "orders/1m": 0}


def test_a_count_is_believed_for_one_window() -> None:
    """Ten seconds later the order count is over, a minute later the weight."""
    meter = Meter()
    headers = {"X-MBX-USED-WEIGHT-1M": "89", "X-MBX-ORDER-COUNT-10S": "3"}
    meter.note(READ, WireAnswer(200, [], headers), NOW_MS)

    assert used(meter, NOW_MS + 9_999) == {"weight/1m": 89, "orders/10s": 3, "orders/1m": 0}
    assert used(meter, NOW_MS + 10_000) == {"weight/1m": 89, "orders/10s": 0, "orders/1m": 0}
    assert used(meter, NOW_MS + 60_000) == {"weight/1m": 0, "orders/10s": 0, "orders/1m": 0}


def test_the_ticker_tells_a_wrong_weight() -> None:
    """The used weight in answers of v2 ticker/price is documented as inaccurate."""
    meter = Meter()

    meter.note(calls.ticker_price("X"), WireAnswer(200, {}, {"X-MBX-USED-WEIGHT-1M": "5"}), NOW_MS)

    assert used(meter, NOW_MS)["weight/1m"] == 0


def test_the_exchange_lists_its_own_limiters() -> None:
    """Names and headers follow kind and window; kinds we do not count are left out; none known means the standard."""
    limiters = limiters_of(
        [
            RateLimit("REQUEST_WEIGHT", 60_000, 6000),
            RateLimit("ORDERS", 10_000, 300),
            RateLimit("ORDERS", 3_600_000, 9),
            RateLimit("ORDERS", 86_400_000, 99),
            RateLimit("RAW_REQUESTS", 300_000, 61_000),
        ]
    )

    assert [(one.name, one.header, one.limit) for one in limiters] == [
        ("weight/1m", "X-MBX-USED-WEIGHT-1M", 6000),
        ("orders/10s", "X-MBX-ORDER-COUNT-10S", 300),
        ("orders/1h", "X-MBX-ORDER-COUNT-1H", 9),
        ("orders/1d", "X-MBX-ORDER-COUNT-1D", 99),
    ]
    assert limiters_of([]) == STANDARD_LIMITERS
    meter = Meter(hard_percent=80)
    meter.set_limiters(limiters[:1])
    assert meter.capacity(NOW_MS).allowances == (Allowance("weight/1m", 0, 6000, False),)
    assert meter.capacity(NOW_MS).hard_percent == 80


@pytest.mark.parametrize(
    ("answer", "wait_ms"),
    [
        (WireAnswer(418, None, {"Retry-After": "300"}), 300_000),
        (WireAnswer(418, None), 120_000),
        (refusal(-1003, 429, f"IP banned until {NOW_MS + 7_000}."), 7_000),
    ],
)
def test_a_ban_stops_everything(answer: WireAnswer, wait_ms: int) -> None:
    """Until the end that header or message name, two minutes when neither does, nothing at all goes out."""
    meter = Meter()
    meter.note(READ, answer, NOW_MS)

    for purpose in Purpose:
        barrier = meter.barrier(purpose, NOW_MS + wait_ms - 1)
        assert barrier is not None
        assert (barrier.refusal, barrier.retry_after_ms) == (Refusal.BANNED, 1)
        assert meter.barrier(purpose, NOW_MS + wait_ms) is None
    assert meter.capacity(NOW_MS).banned_until_ms == NOW_MS + wait_ms
    assert meter.capacity(NOW_MS + wait_ms).banned_until_ms is None


@pytest.mark.parametrize(
    ("headers", "until_ms"), [({"Retry-After": "3"}, NOW_MS + 3_000), ({}, NOW_MS - NOW_MS % 60_000 + 60_000)]
)
def test_a_429_stops_entries_only(headers: dict[str, str], until_ms: int) -> None:
    """Until Retry-After or the end of the minute entries wait; protection and exits go on."""
    meter = Meter()
    meter.note(READ, WireAnswer(429, None, headers), NOW_MS)

    barrier = meter.barrier(Purpose.ENTRY, until_ms - 1)
    assert barrier is not None
    assert barrier.refusal is Refusal.RATE_LIMITED
    assert meter.barrier(Purpose.PROTECTION, until_ms - 1) is None
    assert meter.barrier(Purpose.ENTRY, until_ms) is None
    assert meter.capacity(NOW_MS).entries_paused_until_ms == until_ms


def test_a_success_bans_nobody() -> None:
    """Words in a success are data."""
    meter = Meter()
    meter.note(READ, WireAnswer(200, {"code": -1003, "msg": f"banned until {NOW_MS + 9}"}), NOW_MS)

    assert meter.barrier(Purpose.ENTRY, NOW_MS) is None


@pytest.mark.parametrize("percent", [0, 101])
def test_the_hard_share_is_a_share(percent: int) -> None:
    """Less than one per cent, or more than all, is refused."""
    with pytest.raises(ConfigurationError, match="hard_percent"):
        Meter(hard_percent=percent)


def test_a_request_counts_until_its_answer_tells() -> None:
    """Before it is sent, while it is under way, and after its answer was lost; not when it was never sent."""
    meter = Meter()
    order = order_call(market_request())
    meter.reserve([order, READ], NOW_MS)
    assert used(meter, NOW_MS) == {"weight/1m": 5, "orders/10s": 1, "orders/1m": 1}
    meter.settle(order, NotSentError("x"), NOW_MS)
    meter.settle(READ, AnswerLostError("x"), NOW_MS)
    assert used(meter, NOW_MS) == {"weight/1m": 5, "orders/10s": 0, "orders/1m": 0}
    meter.reserve([order], NOW_MS)
    meter.settle(order, WireAnswer(200, {}, {"X-MBX-ORDER-COUNT-10S": "1"}), NOW_MS)

    assert used(meter, NOW_MS) == {"weight/1m": 5, "orders/10s": 1, "orders/1m": 1}


def test_no_entry_enters_the_reserve() -> None:
    """At the hard share entries wait for the window's end, and nobody else does."""
    meter = Meter(hard_percent=50)
    meter.note(READ, WireAnswer(200, [], {"X-MBX-ORDER-COUNT-10S": "150"}), NOW_MS)

    barrier = meter.barrier(Purpose.ENTRY, NOW_MS + 1_000, Cost(orders=1))
    assert barrier is not None
    assert (barrier.refusal, barrier.retry_after_ms) == (Refusal.BUDGET, 9_000)
    assert meter.barrier(Purpose.ENTRY, NOW_MS + 1_000, Cost(weight=5)) is None
    assert meter.barrier(Purpose.EXIT, NOW_MS + 1_000, Cost(orders=1)) is None


def nearly_spent(weight: int = 2_300) -> Meter:
    """A meter that was told of so much weight, of 2,400."""
    meter = Meter()
    meter.note(READ, WireAnswer(200, [], {"X-MBX-USED-WEIGHT-1M": str(weight)}), NOW_MS)
    return meter


def test_reads_that_are_held_back_stand_in_a_row() -> None:
    """Past the hard share each waits for its own drop behind the one before it, and a gap in the row is not saved."""
    meter = nearly_spent()
    price = calls.ticker_price("BTCUSDT")

    assert [meter.trickle_ms(price, NOW_MS) for _ in range(3)] == [500, 1_000, 1_500]
    assert meter.trickle_ms(price, NOW_MS + 700) == 1_300
    assert meter.trickle_ms(READ, NOW_MS + 1_900) == 1_350
    assert meter.trickle_ms(READ, NOW_MS + 30_000) == 1_250


def test_the_row_is_never_longer_than_two_seconds() -> None:
    """Some in it may not have waited for all of their drop: nobody waits for what they did not use."""
    meter = nearly_spent()

    assert [meter.trickle_ms(READ, NOW_MS) for _ in range(4)] == [1_250, 2_000, 2_000, 2_000]
    assert meter.trickle_ms(READ, NOW_MS + 100) == 2_000
    assert meter.trickle_ms(READ, NOW_MS + 2_100) == 1_250


def test_what_goes_at_once_takes_no_place_in_the_row() -> None:
    """A read that fits into the hard share waits for nobody, and nobody for it; an order costs no weight."""
    meter = nearly_spent(2_160 - 3)

    assert meter.trickle_ms(order_call(market_request()), NOW_MS) == 0
    assert meter.trickle_ms(calls.ticker_price("BTCUSDT"), NOW_MS) == 0
    assert meter.trickle_ms(READ, NOW_MS) == 1_250
    assert meter.trickle_ms(calls.ticker_price("BTCUSDT"), NOW_MS) == 0
    assert meter.trickle_ms(READ, NOW_MS) == 2_000


def test_what_a_person_should_know_is_logged_once() -> None:
    """A limit that is nearly used up, a pause and a ban are told when they begin, not with every answer."""
    lines: list[str] = []
    logger.enable("surefill")
    logger.add(lines.append, format="{level} {message}")
    meter = Meter(warning_percent=80)
    for weight in ("1919", "1920", "2000"):
        meter.note(READ, WireAnswer(200, [], {"X-MBX-USED-WEIGHT-1M": weight}), NOW_MS)
    meter.note(READ, WireAnswer(429, None, {"Retry-After": "3"}), NOW_MS)
    meter.note(READ, WireAnswer(418, None, {"Retry-After": "3"}), NOW_MS)
    meter.note(READ, WireAnswer(200, []), NOW_MS)
    meter.note(READ, WireAnswer(200, [], {"X-MBX-USED-WEIGHT-1M": "5"}), NOW_MS)
    meter.note(READ, WireAnswer(200, [], {"X-MBX-USED-WEIGHT-1M": "2300"}), NOW_MS)

    assert [line.split(":")[0].strip() for line in lines] == [
        "WARNING weight/1m",
        f"WARNING the exchange asks for a pause until {NOW_MS + 3_000} ms",
        f"CRITICAL the exchange has banned this address until {NOW_MS + 3_000} ms",
        "WARNING weight/1m",
    ]


def test_a_sink_that_asks_back_is_answered() -> None:
    """The log is the host's code: it may look at the budget it is told about."""
    meter, seen = Meter(), []
    logger.enable("surefill")
    logger.add(lambda _: seen.append(meter.capacity(NOW_MS).banned_until_ms))
    meter.note(READ, WireAnswer(418, None), NOW_MS)

    assert seen == [NOW_MS + 120_000]
