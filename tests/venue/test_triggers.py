from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surefill.adapters.venue.triggers import FALLING, NEVER_ABOVE, NEVER_BELOW, RISING, TriggerIndex

PRICES = st.integers(min_value=90, max_value=110)
OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), PRICES, st.sampled_from([RISING, FALLING])),
        st.tuples(st.just("remove"), st.integers(min_value=0, max_value=200), st.just(0)),
        st.tuples(st.just("price"), PRICES, st.just(0)),
        st.tuples(st.just("between"), PRICES, PRICES),
    ),
    max_size=120,
)


class Scan:
    """The same by looking at every trigger, every time."""

    def __init__(self) -> None:
        self.resting: dict[int, tuple[int, int]] = {}

    def fired(self, price: int) -> list[int]:
        reached = [
            (-direction, trigger * direction, order, key)
            for order, (key, (trigger, direction)) in enumerate(self.resting.items())
            if (price - trigger) * direction >= 0
        ]
        keys = [key for _, _, _, key in sorted(reached)]
        for key in keys:
            del self.resting[key]
        return keys

    def first_between(self, start: int, end: int) -> int | None:
        direction = RISING if end > start else FALLING
        ahead = [
            trigger * direction
            for trigger, toward in self.resting.values()
            if toward == direction and start * direction < trigger * direction <= end * direction
        ]
        return min(ahead) * direction if ahead else None

    def edge(self, direction: int, nothing: int) -> int:
        prices = [trigger * direction for trigger, toward in self.resting.values() if toward == direction]
        return min(prices) * direction if prices else nothing


@given(operations=OPERATIONS)
def test_the_index_agrees_with_a_scan(operations: list[tuple[str, int, int]]) -> None:
    """Whatever is added, removed, reached or asked for, the index answers as a scan over all triggers would."""
    index, scan = TriggerIndex(), Scan()
    for number, (what, first, second) in enumerate(operations):
        if what == "add":
            index.add(number, first, second)
            scan.resting[number] = (first, second)
        elif what == "remove" and scan.resting:
            key = list(scan.resting)[first % len(scan.resting)]
            index.remove(key)
            del scan.resting[key]
        elif what == "price":
            assert index.fired(first) == scan.fired(first)
        elif what == "between":
            assert index.first_between(first, second) == scan.first_between(first, second)

        assert len(index) == len(scan.resting)
        assert index.above == scan.edge(RISING, NEVER_ABOVE)
        assert index.below == scan.edge(FALLING, NEVER_BELOW)


def test_equal_prices_fire_in_the_order_of_adding() -> None:
    """Triggers at one price fire first come, first served, on the way up and on the way down."""
    index = TriggerIndex()
    for key in (5, 3, 9):
        index.add(key, 110, RISING)
        index.add(key + 100, 90, FALLING)

    assert index.fired(110) == [5, 3, 9]
    assert index.fired(90) == [105, 103, 109]


def test_a_jump_fires_in_the_order_of_the_way() -> None:
    """A price that jumps over several triggers fires the nearest to where it came from first."""
    index = TriggerIndex()
    for key, price in ((1, 103), (2, 101), (3, 102), (4, 104)):
        index.add(key, price, RISING)
        index.add(key + 10, 200 - price, FALLING)

    assert index.fired(103) == [2, 3, 1]
    assert index.fired(96) == [12, 13, 11, 14]
    assert 4 in index
    assert len(index) == 1


def test_a_trigger_fires_at_its_very_price() -> None:
    """Reaching the price exactly is enough, one unit short of it is not."""
    index = TriggerIndex()
    index.add(1, 100, RISING)
    index.add(2, 90, FALLING)

    assert index.fired(99) == []
    assert index.fired(91) == []
    assert index.fired(100) == [1]
    assert index.fired(90) == [2]


def test_a_key_added_anew_rests_at_its_new_price_only() -> None:
    """A removed entry left in the heap does not come back to life with its key."""
    index = TriggerIndex()
    index.add(7, 100, RISING)
    index.add(1, 99, RISING)
    index.remove(7)
    index.add(7, 120, RISING)

    assert index.fired(110) == [1]
    assert index.above == 120


def test_misuse_is_refused() -> None:
    """A key that rests already, an unknown one, a senseless direction or price are errors, and change nothing."""
    index = TriggerIndex()
    index.add(1, 100, RISING)

    with pytest.raises(ValueError, match="rests already"):
        index.add(1, 101, RISING)
    with pytest.raises(ValueError, match="was 0"):
        index.add(2, 101, 0)
    with pytest.raises(ValueError, match="must lie within"):
        index.add(2, NEVER_ABOVE, RISING)
    with pytest.raises(KeyError):
        index.remove(2)

    assert len(index) == 1
    assert index.fired(100) == [1]
    with pytest.raises(KeyError):
        index.remove(1)


def test_cancelled_triggers_are_cleared_away() -> None:
    """A stop that is moved ten thousand times leaves no more than a handful of entries behind."""
    index = TriggerIndex()
    index.add(0, 200, RISING)
    for key in range(1, 10_000):
        index.add(key, 1_000 + key, RISING)
        index.remove(key)

    assert sum(len(heap) for heap in (index._rising, index._falling)) < 100
    assert index.fired(5_000) == [0]


def test_a_trigger_on_the_wrong_side_hides_nothing() -> None:
    """A trigger added behind the price does not keep a move from finding the ones ahead."""
    index = TriggerIndex()
    index.add(1, 95, RISING)
    index.add(2, 108, RISING)
    index.add(3, 105, RISING)
    index.add(4, 103, RISING)
    index.remove(4)

    assert index.first_between(100, 110) == 105
    assert index.first_between(100, 104) is None


class Untouchable(list[tuple[int, int, int]]):
    """A heap that may not be looked at."""

    def _refuse(self, *_: object) -> NoReturn:
        raise AssertionError("the idle path looked at the resting triggers")

    __getitem__ = __iter__ = __len__ = pop = _refuse


def test_an_idle_price_looks_at_no_trigger() -> None:
    """A price between the nearest triggers is answered without touching one of those that rest."""
    index = TriggerIndex()
    for key in range(1_000):
        index.add(key, 200 + key, RISING)
        index.add(10_000 + key, 100 - key, FALLING)
    index._rising, index._falling = Untouchable(), Untouchable()

    assert [index.fired(price) for price in range(101, 200)] == [[]] * 99
