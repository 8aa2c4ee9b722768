"""The request budget: what entries must leave to protection."""

import pytest

from surefill.domain.budget import ENTRY_WORST_CASE, Allowance, Capacity, Cost
from surefill.domain.order import Purpose

_PROTECTIVE = [Purpose.PROTECTION, Purpose.EXIT]


def _capacity(used: int, *, counts_orders: bool = False) -> Capacity:
    return Capacity((Allowance("a", used, 1000, counts_orders),))


@pytest.mark.parametrize("counts_orders", [False, True])
@pytest.mark.parametrize(
    ("purpose", "used", "affordable"),
    [
        (Purpose.ENTRY, 880, True),
        (Purpose.ENTRY, 890, True),  # 10 more reach the reserve exactly
        (Purpose.ENTRY, 891, False),
        (Purpose.PROTECTION, 891, True),
        (Purpose.PROTECTION, 990, True),
        (Purpose.PROTECTION, 991, False),
        (Purpose.EXIT, 990, True),
        (Purpose.EXIT, 991, False),
    ],
)
def test_entries_leave_the_reserve(purpose: Purpose, used: int, *, counts_orders: bool, affordable: bool) -> None:
    """Entries may spend 90 % of a limit, protection and exits all of it, whatever is counted."""
    cost = Cost(orders=10) if counts_orders else Cost(weight=10)

    assert _capacity(used, counts_orders=counts_orders).affords(purpose, cost, 0) is affordable


def test_each_limiter_counts_its_own() -> None:
    """Request weight does not use up orders, nor orders weight."""
    assert _capacity(1000).affords(Purpose.EXIT, Cost(orders=5), 0)
    assert _capacity(1000, counts_orders=True).affords(Purpose.EXIT, Cost(weight=5), 0)


def test_every_limiter_must_afford_it() -> None:
    """One exhausted window is enough to stop."""
    free, full = Allowance("1m", 0, 1000, False), Allowance("10s", 1000, 1000, False)

    assert not Capacity((free, full)).affords(Purpose.EXIT, Cost(weight=1), 0)
    assert Capacity((free, free)).affords(Purpose.EXIT, Cost(weight=1), 0)
    assert Capacity().affords(Purpose.ENTRY, ENTRY_WORST_CASE, 0)


def test_the_reserve_is_settable_and_floored() -> None:
    """The share entries may spend is a setting; what does not divide evenly stays reserved."""
    capacity = Capacity((Allowance("a", 0, 15, True),), hard_percent=50)

    assert capacity.affords(Purpose.ENTRY, Cost(orders=7), 0)
    assert not capacity.affords(Purpose.ENTRY, Cost(orders=8), 0)


@pytest.mark.parametrize("purpose", Purpose)
def test_a_ban_stops_everything_until_it_ends(purpose: Purpose) -> None:
    """While the address is banned not even an exit is sent; each call would prolong the ban."""
    capacity = Capacity(banned_until_ms=100)

    assert not capacity.affords(purpose, Cost(), 99)
    assert capacity.affords(purpose, Cost(), 100)


def test_a_pause_stops_entries_only() -> None:
    """After being told to slow down, entries wait; protection and exits go on."""
    capacity = Capacity(entries_paused_until_ms=100)

    assert not capacity.affords(Purpose.ENTRY, Cost(), 99)
    assert capacity.affords(Purpose.ENTRY, Cost(), 100)
    assert all(capacity.affords(purpose, Cost(), 99) for purpose in _PROTECTIVE)


@pytest.mark.parametrize(("used", "left"), [(0, 1000), (1000, 0), (1500, 0)])
def test_what_is_left_is_never_negative(used: int, left: int) -> None:
    """An overdrawn window has nothing left."""
    assert Allowance("a", used, 1000, counts_orders=False).left == left


def test_the_worst_case_covers_every_order_of_an_entry() -> None:
    """Entry, stop, target and a flattening, each tried four times with the default policy, count as orders."""
    assert ENTRY_WORST_CASE.orders >= 3 * 4
    assert ENTRY_WORST_CASE.weight > 0


def test_costs_add_up_and_never_fall_below_nothing() -> None:
    """Weight and orders are added and taken away each for itself; no more is taken than there is."""
    both = Cost(weight=5, orders=1) + Cost(weight=2, orders=3)

    assert both == Cost(weight=7, orders=4)
    assert both.less(Cost(weight=2, orders=9)) == Cost(weight=5, orders=0)


@pytest.mark.parametrize(("used", "limit", "percent"), [(0, 1200, 0), (1079, 1200, 89), (1200, 1200, 100), (3, 2, 150)])
def test_the_share_used_is_rounded_down(used: int, limit: int, percent: int) -> None:
    """A share is told in whole per cents, above 100 when the limit was overrun."""
    assert Allowance("a", used, limit, counts_orders=False).percent == percent


def test_a_limit_of_nothing_is_used_up() -> None:
    """Where nothing is allowed all of it is used."""
    assert Allowance("a", 0, 0, counts_orders=False).percent == 100


@pytest.mark.parametrize(
    ("percent", "spacing_ms"),
    [(0, 0), (49, 0), (50, 500), (64, 500), (65, 1_000), (79, 1_000), (80, 2_000), (100, 2_000), (150, 2_000)],
)
def test_looks_get_rarer_as_the_weight_is_spent(percent: int, spacing_ms: int) -> None:
    """Nothing is asked of anybody below half of the weight; from then on two looks are ever further apart."""
    assert _capacity(percent * 10).spacing_ms == spacing_ms


def test_the_fullest_weight_says_how_rare_looks_are() -> None:
    """Of several windows of weight the one that is most used counts; without any nothing is spared."""
    few, many = Allowance("1m", 500, 1000, False), Allowance("1h", 8_000, 10_000, False)

    assert Capacity((few, many)).spacing_ms == Capacity((many, few)).spacing_ms == 2_000
    assert Capacity().spacing_ms == 0


def test_orders_do_not_make_looks_rarer() -> None:
    """A look takes no place for an order: limits that count orders say nothing of it."""
    assert _capacity(1000, counts_orders=True).spacing_ms == 0
    assert Capacity((Allowance("a", 1000, 1000, True), Allowance("b", 500, 1000, False))).spacing_ms == 500
