"""The request budget as a value: told, predicted, reserved."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surefill.domain.budget import Allowance, Capacity, Cost, Spent
from surefill.domain.order import Purpose
from surefill.domain.rate_budget import Limiter, RateBudget, Shares

NOW_MS = 1_795_300_000_000
WEIGHT = Limiter("weight/1m", 60_000, 2_400, counts_orders=False)
ORDERS = Limiter("orders/10s", 10_000, 300, counts_orders=True)
BUDGET = RateBudget(limiters=(WEIGHT, ORDERS))
ORDER, READ = Cost(orders=1), Cost(weight=5)


def used(budget: RateBudget, now_ms: int = NOW_MS) -> tuple[int, ...]:
    return tuple(each.used for each in budget.capacity(now_ms).allowances)


def test_a_request_counts_before_it_is_sent() -> None:
    """What is under way is used; what was never sent is not."""
    under_way = BUDGET.reserved(Purpose.ENTRY, ORDER, NOW_MS).reserved(Purpose.PROTECTION, READ, NOW_MS)

    assert used(under_way) == (5, 1)
    assert used(under_way.released(ORDER)) == (5, 0)
    assert used(under_way.released(ORDER).released(READ).released(READ)) == (0, 0)


def test_what_is_told_is_the_truth() -> None:
    """An answer's count replaces our own, whether it is more or less; the request it answers is in it."""
    budget = BUDGET.reserved(Purpose.PROTECTION, READ, NOW_MS).reserved(Purpose.PROTECTION, READ, NOW_MS)
    more = budget.answered(READ, {"weight/1m": 900}, NOW_MS)
    less = more.answered(READ, {"weight/1m": 7}, NOW_MS)

    assert used(more) == (905, 0)
    assert used(less) == (7, 0)


def test_what_is_not_told_is_counted() -> None:
    """An answer without a count, or a lost one, adds what the request costs; the window it adds to stays the same."""
    told = BUDGET.answered(READ, {"weight/1m": 100}, NOW_MS)
    counted = told.answered(READ, {}, NOW_MS + 50_000).answered(ORDER, {}, NOW_MS + 50_000)

    assert used(counted, NOW_MS + 50_000) == (105, 1)
    assert used(counted, NOW_MS + 59_999) == (105, 1)
    assert used(counted, NOW_MS + 60_000) == (0, 0)
    fresh = BUDGET.answered(READ, {}, NOW_MS)
    assert used(fresh.answered(READ, {}, NOW_MS + 60_000), NOW_MS + 60_000) == (5, 0)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 40), st.integers(0, 3)), max_size=30))
def test_nothing_is_lost_and_nothing_is_negative(steps: list[tuple[bool, int, int]]) -> None:
    """Without any word from the exchange, used is what was sent: under way and answered together."""
    budget, total = BUDGET, Cost()
    for answered, weight, orders in steps:
        cost = Cost(weight, orders)
        budget, total = budget.reserved(Purpose.EXIT, cost, NOW_MS), total + cost
        if answered:
            budget = budget.answered(cost, {}, NOW_MS)

    assert used(budget) == (total.weight, total.orders)
    assert budget.capacity(NOW_MS).spent == (() if not steps else (Spent(Purpose.EXIT, total),))


def test_spending_is_counted_by_purpose_for_a_minute() -> None:
    """For people: what this process spent on entries and on protection since the minute of each began."""
    budget = BUDGET.reserved(Purpose.ENTRY, ORDER, NOW_MS).reserved(Purpose.PROTECTION, READ, NOW_MS + 30_000)
    later = budget.reserved(Purpose.ENTRY, ORDER, NOW_MS + 60_000)

    assert budget.capacity(NOW_MS).spent == (Spent(Purpose.ENTRY, ORDER), Spent(Purpose.PROTECTION, READ))
    assert budget.capacity(NOW_MS + 60_000).spent == (Spent(Purpose.PROTECTION, READ),)
    assert later.capacity(NOW_MS + 60_000).spent == (Spent(Purpose.ENTRY, ORDER), Spent(Purpose.PROTECTION, READ))


def test_entries_stop_at_the_hard_share() -> None:
    """An entry may take the last unit below it, not the next; then it waits for the end of the window."""
    last = BUDGET.answered(ORDER, {"orders/10s": 269}, NOW_MS)
    full = BUDGET.answered(ORDER, {"orders/10s": 270, "weight/1m": 2_400}, NOW_MS)

    assert last.wait_ms(ORDER, NOW_MS) is None
    assert last.wait_ms(Cost(orders=2), NOW_MS) == 10_000
    assert last.reserved(Purpose.EXIT, ORDER, NOW_MS).wait_ms(ORDER, NOW_MS + 4_000) == 6_000
    assert full.wait_ms(ORDER, NOW_MS + 1) == 59_999
    assert RateBudget(limiters=(Limiter("x", 5_000, 1, counts_orders=True),)).wait_ms(ORDER, NOW_MS) == 5_000


def test_reads_come_in_drops_past_the_hard_share() -> None:
    """The last read that fits goes at once; the next waits for its part of the window that is left to all of them."""
    last, full = (BUDGET.answered(READ, {"weight/1m": weight}, NOW_MS) for weight in (2_155, 2_156))

    assert last.trickle_ms(READ, NOW_MS) == 0
    assert full.trickle_ms(READ, NOW_MS) == 60_000 * 5 // (2_400 - 2_160)
    assert full.trickle_ms(Cost(weight=4), NOW_MS) == 0
    assert full.trickle_ms(Cost(weight=6), NOW_MS) == 60_000 * 6 // (2_400 - 2_160)
    assert last.reserved(Purpose.PROTECTION, READ, NOW_MS).trickle_ms(READ, NOW_MS) == 1_250
    assert full.trickle_ms(READ, NOW_MS + 60_000) == 0


def test_what_does_not_fit_into_a_window_waits_for_its_end() -> None:
    """As long as the exchange told so much in this window; before and after it, nobody knows."""
    minute = NOW_MS - NOW_MS % 60_000
    nearly = BUDGET.answered(READ, {"weight/1m": 2_396}, minute + 20_000)

    assert nearly.full_ms(Cost(weight=4), minute + 21_000) is None
    assert nearly.full_ms(READ, minute + 21_000) == 39_000
    assert nearly.full_ms(READ, minute + 59_999) == 1
    assert nearly.full_ms(READ, minute + 60_000) is None
    assert BUDGET.full_ms(Cost(weight=9_999), minute) is None


def test_a_read_takes_no_room_from_orders() -> None:
    """However many orders were sent, and more are under way: a read is none."""
    full = BUDGET.answered(ORDER, {"orders/10s": 300}, NOW_MS).reserved(Purpose.EXIT, ORDER, NOW_MS)

    assert full.full_ms(READ, NOW_MS) is None
    assert full.full_ms(ORDER, NOW_MS) == 10_000


def test_no_read_is_held_back_for_long() -> None:
    """Two seconds at most, whatever it costs, however little is left, and also where the hard share is all of it."""
    full = BUDGET.answered(READ, {"weight/1m": 2_400}, NOW_MS)
    whole = RateBudget(limiters=(WEIGHT,), shares=Shares(hard_percent=100)).answered(READ, {"weight/1m": 2_400}, NOW_MS)

    assert full.trickle_ms(Cost(weight=7), NOW_MS) == 1_750
    assert full.trickle_ms(Cost(weight=9), NOW_MS) == 2_000
    assert whole.trickle_ms(READ, NOW_MS) == 2_000


def test_what_costs_no_weight_is_not_held_back() -> None:
    """Orders go at once however full the weight is, and reads however many orders were sent."""
    full = BUDGET.answered(READ, {"weight/1m": 2_400, "orders/10s": 0}, NOW_MS)
    sent = BUDGET.answered(READ, {"weight/1m": 0, "orders/10s": 300}, NOW_MS)

    assert full.trickle_ms(ORDER, NOW_MS) == 0
    assert full.trickle_ms(Cost(), NOW_MS) == 0
    assert sent.trickle_ms(READ, NOW_MS) == 0


def test_the_narrowest_limit_says_how_long_a_read_waits() -> None:
    """Of several windows of weight that are nearly spent the longest wait counts."""
    hour = Limiter("weight/1h", 3_600_000, 600_000, counts_orders=False)
    budget = RateBudget(limiters=(WEIGHT, hour))
    minute_spent, both_spent = {"weight/1m": 2_300, "weight/1h": 0}, {"weight/1m": 2_300, "weight/1h": 599_000}

    assert budget.answered(READ, minute_spent, NOW_MS).trickle_ms(Cost(weight=2), NOW_MS) == 500
    assert budget.answered(READ, both_spent, NOW_MS).trickle_ms(Cost(weight=2), NOW_MS) == 500
    wide = RateBudget(limiters=(hour, WEIGHT), shares=Shares(hard_percent=99))
    assert wide.answered(READ, both_spent, NOW_MS).trickle_ms(Cost(weight=1), NOW_MS) == 600


def test_warnings_begin_at_the_warning_share() -> None:
    """Exactly four fifths of a limit are worth a warning."""
    budget = BUDGET.answered(READ, {"weight/1m": 1_920, "orders/10s": 239}, NOW_MS)

    assert [each.name for each in budget.warnings(NOW_MS)] == ["weight/1m"]
    assert [each.percent for each in budget.capacity(NOW_MS).allowances] == [80, 79]
    assert budget.capacity(NOW_MS).warning_percent == 80


@pytest.mark.parametrize("field", ["hard_percent", "warning_percent"])
@pytest.mark.parametrize("percent", [0, 101])
def test_shares_are_shares(field: str, percent: int) -> None:
    """Below one and above a hundred per cent are refused, by name."""
    with pytest.raises(ValueError, match=f"{field}: must be 1 to 100, was {percent}"):
        Shares(**{field: percent})


def test_pauses_end() -> None:
    """A ban and a pause are shown until they are over."""
    budget = RateBudget(limiters=(), banned_until_ms=NOW_MS + 1, paused_until_ms=NOW_MS + 2)

    assert budget.capacity(NOW_MS) == Capacity((), 90, NOW_MS + 1, NOW_MS + 2)
    assert budget.capacity(NOW_MS + 2) == Capacity()


def test_an_allowance_says_how_full_it_is() -> None:
    """Left is never negative, per cent may exceed a hundred, and a limit of nothing is full."""
    over = Allowance("x", 12, 10, counts_orders=True)

    assert (over.left, over.percent) == (0, 120)
    assert Allowance("x", 0, 0, counts_orders=True).percent == 100
    assert Cost(3, 1) + Cost(1, 1) == Cost(4, 2)
    assert Cost(3, 1).less(Cost(5, 0)) == Cost(0, 1)


@pytest.mark.parametrize("purpose", Purpose)
def test_only_entries_leave_a_reserve(purpose: Purpose) -> None:
    """Protection and exits may spend all of a limit; nobody spends anything in a ban, no entry in a pause."""
    capacity = Capacity((Allowance("x", 90, 100, counts_orders=True),))
    entry = purpose is Purpose.ENTRY

    assert capacity.affords(purpose, Cost(orders=10), NOW_MS) is not entry
    assert capacity.affords(purpose, Cost(orders=11), NOW_MS) is False
    assert capacity.affords(purpose, Cost(weight=1_000), NOW_MS) is True
    assert Capacity(banned_until_ms=NOW_MS + 1).affords(purpose, Cost(), NOW_MS) is False
    assert Capacity(banned_until_ms=NOW_MS).affords(purpose, Cost(), NOW_MS) is True
    assert Capacity(entries_paused_until_ms=NOW_MS + 1).affords(purpose, Cost(), NOW_MS) is not entry
