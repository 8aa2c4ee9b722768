"""What one path of the API costs, requires and does."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

import attrs

from .answer import Json
from .parameters import Parameters

Handler: TypeAlias = Callable[[Parameters], Json]
Weight: TypeAlias = int | Callable[[Parameters], int]


@attrs.frozen
class Route:
    """One path: who answers, its weight per address, its cost on both order limits, whether it must be signed."""

    handler: Handler
    weight: Weight
    orders: int = 0
    signed: bool = True

    def weight_of(self, params: Parameters) -> int:
        """Return the weight of one request; some paths cost more without a symbol."""
        return self.weight if isinstance(self.weight, int) else self.weight(params)


Routes: TypeAlias = Mapping[tuple[str, str], Route]


def with_or_without_symbol(with_symbol: int, without: int) -> Callable[[Parameters], int]:
    """Return a weight that depends on whether a symbol was named."""
    return lambda params: with_symbol if params.has("symbol") else without
