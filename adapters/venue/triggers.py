"""Which resting conditional orders a price has reached; while it reaches none, their number costs nothing."""

import heapq
from typing import Final

NEVER_ABOVE: Final = 1 << 62
"""`TriggerIndex.above` when no rising trigger rests: beyond every price."""

NEVER_BELOW: Final = -NEVER_ABOVE
"""`TriggerIndex.below` when no falling trigger rests."""

RISING: Final = 1
FALLING: Final = -1

_GARBAGE_MIN = 64


class TriggerIndex:
    """The resting triggers of one symbol and one working type, over integer prices.

    A rising trigger (direction +1) fires at a price >= its own, a falling one (-1) at a price <= its own. `above` is
    the lowest rising and `below` the highest falling trigger, so `below < price < above` says that nothing fires: that
    comparison is the whole idle path.

    Two heaps with lazy deletion: adding and removing cost O(log n) amortised, and removed entries are cleared away
    before they outnumber the living by more than a constant.
    """

    __slots__ = ("_falling", "_live", "_rising", "_sequence", "above", "below")

    def __init__(self) -> None:
        self.above: int = NEVER_ABOVE
        self.below: int = NEVER_BELOW
        # Heap entries are (price toward which the price moves, insertion number, key); falling prices are negated.
        self._rising: list[tuple[int, int, int]] = []
        self._falling: list[tuple[int, int, int]] = []
        self._live: dict[int, tuple[int, int]] = {}
        self._sequence = 0

    def __len__(self) -> int:
        return len(self._live)

    def __contains__(self, key: int) -> bool:
        return key in self._live

    def add(self, key: int, price: int, direction: int) -> None:
        """Let *key* rest at *price*. `ValueError` when *key* rests already, or direction or price make no sense."""
        if key in self._live:
            raise ValueError(f"trigger {key} rests already; remove it first")
        if direction not in (RISING, FALLING):
            raise ValueError(f"direction must be +1 or -1, was {direction!r}")
        if not NEVER_BELOW < price < NEVER_ABOVE:
            raise ValueError(f"trigger price must lie within {NEVER_BELOW} and {NEVER_ABOVE}, was {price}")
        self._sequence += 1
        self._live[key] = (self._sequence, direction)
        heapq.heappush(self._heap(direction), (price * direction, self._sequence, key))
        if direction == RISING:
            self.above = min(self.above, price)
        else:
            self.below = max(self.below, price)

    def remove(self, key: int) -> None:
        """Forget *key*; `KeyError` when it does not rest here (it fired, was removed, or never was)."""
        _, direction = self._live.pop(key)
        heap = self._heap(direction)
        # Cancelling far from the price leaves garbage deep in the heap: re-placed stops would grow it for ever.
        if len(heap) > 2 * len(self._live) + _GARBAGE_MIN:
            heap[:] = [entry for entry in heap if self._is_live(entry)]
            heapq.heapify(heap)
        self._settle(direction)

    def fired(self, price: int) -> list[int]:
        """Take out and return every key that fires at *price*, in the order a price moving there would reach them.

        Equal prices fire in the order they were added. Rising ones come before falling ones; both at once is possible
        only for triggers added on the wrong side of the price.
        """
        if self.below < price < self.above:
            return []
        return self._take(RISING, price) + self._take(FALLING, price)

    def first_between(self, from_price: int, to_price: int) -> int | None:
        """Return the first trigger price beyond *from_price*, up to and including *to_price*, or `None`."""
        direction = RISING if to_price > from_price else FALLING
        edge = self.above if direction == RISING else self.below
        if (edge - to_price) * direction > 0:
            return None
        if (edge - from_price) * direction <= 0:
            return self._nearest_beyond(from_price, to_price, direction)
        return edge

    def _nearest_beyond(self, from_price: int, to_price: int, direction: int) -> int | None:
        """Return the same by a scan: an unfired trigger on the wrong side of the price hides those ahead."""
        start, end = from_price * direction, to_price * direction
        ahead = [entry[0] for entry in self._heap(direction) if start < entry[0] <= end and self._is_live(entry)]
        return min(ahead) * direction if ahead else None

    def _take(self, direction: int, price: int) -> list[int]:
        heap, limit, keys = self._heap(direction), price * direction, []
        while heap and heap[0][0] <= limit:
            entry = heapq.heappop(heap)
            if self._is_live(entry):
                del self._live[entry[2]]
                keys.append(entry[2])
        self._settle(direction)
        return keys

    def _settle(self, direction: int) -> None:
        """Drop dead entries from the top of one heap, so that its edge is that of a living trigger."""
        heap = self._heap(direction)
        while heap and not self._is_live(heap[0]):
            heapq.heappop(heap)
        if direction == RISING:
            self.above = heap[0][0] if heap else NEVER_ABOVE
        else:
            self.below = -heap[0][0] if heap else NEVER_BELOW

    def _heap(self, direction: int) -> list[tuple[int, int, int]]:
        return self._rising if direction == RISING else self._falling

    def _is_live(self, entry: tuple[int, int, int]) -> bool:
        """Tell by the insertion number a key added anew from its removed predecessor."""
        live = self._live.get(entry[2])
        return live is not None and live[0] == entry[1]
