"""Reading ledger rows, with code of its own: a judge that shared the accused's would share its errors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import Final, TypeAlias, cast

Row: TypeAlias = Mapping[str, str | int | bool | None]
"""One row of the simulated exchange's ledger: see `Ledger`."""

EXACT: Final = Context(prec=200, traps=[Inexact, InvalidOperation])
ZERO: Final = Decimal(0)

STEM_LENGTH: Final = 31
"""How much of a client id of ours all orders of one signal share."""

_OURS: Final = re.compile(r"sf-[a-z2-7]{28}([ESTX])[1-9][0-9]{0,3}")


def leg_of(client_id: str) -> str | None:
    """Return what an order of ours is for: E(ntry), S(top), T(arget) or e(X)it; None for everybody else's."""
    found = _OURS.fullmatch(client_id)
    return None if found is None else found[1]


def text(row: Row, name: str) -> str:
    """Return a field as text."""
    return str(row[name])


def number(row: Row, name: str) -> Decimal:
    """Return a field as an exact number."""
    return Decimal(str(row[name]))


def amount(value: object) -> Decimal:
    """Return a number as somebody sent or showed it; zero when it is none."""
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return ZERO
    return found if found.is_finite() else ZERO


def time_ms(row: Row) -> int:
    """Return when the row was written, exchange time."""
    return cast("int", row["time_ms"])


def signed(side: str, quantity: Decimal) -> Decimal:
    """Return *quantity* as it changes a position: a BUY adds, a SELL takes away."""
    return quantity if side == "BUY" else quantity.copy_negate()
