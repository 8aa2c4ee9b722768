"""One broken promise, with what is needed to find it in the ledger."""

from __future__ import annotations

from typing import Final

import attrs

INVARIANTS: Final = tuple(f"I{number}" for number in range(1, 15))


def _known(_: object, attribute: attrs.Attribute[str], value: str) -> None:
    if value not in INVARIANTS:
        raise ValueError(f"{attribute.name}: must be one of {', '.join(INVARIANTS)}, was {value!a}")


@attrs.frozen(kw_only=True)
class Violation:
    """One broken promise.

    Attributes:
        invariant: which, by its number: I1 to I14.
        time_ms: when it broke, exchange time.
        text: what was wrong, for a person.
        symbol: where; empty when it concerns none.
        signal_id: whose, when it can be told.
    """

    invariant: str = attrs.field(validator=_known)
    time_ms: int
    text: str
    symbol: str
    signal_id: str | None = None
