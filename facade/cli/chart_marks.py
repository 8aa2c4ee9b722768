"""What of a ledger is drawn: fills as marks, stops and targets as lines as long as they lived."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

import attrs

from surefill.cli.accounts import LIQUIDATION_PREFIX, Row, decimal_in

_LEG: Final = re.compile(r"sf-[a-z2-7]{28}([ESTX])[1-9][0-9]{0,3}")
_EXITS: Final = {"S": "stop", "T": "target", "X": "exit"}
_LINES: Final = {"STOP_MARKET": "stop", "TAKE_PROFIT_MARKET": "target"}


@attrs.frozen
class Mark:
    """A fill: what it was (long, short, stop, target, exit, liquidation), when, and at which price."""

    what: str
    at_ms: int
    price: Decimal


@attrs.frozen
class Level:
    """A stop or target that rested at *price* from *from_ms* to *to_ms*."""

    what: str
    price: Decimal
    from_ms: int
    to_ms: int


def marks_of(rows: Iterable[Row]) -> list[Mark]:
    """Return the fills of a ledger."""
    return [
        Mark(_what(row), int(str(row["time_ms"])), decimal_in(row, "price")) for row in rows if row["kind"] == "fill"
    ]


def levels_of(rows: Iterable[Row], end_ms: int) -> list[Level]:
    """Return the stops and targets of a ledger; those that rest still last to *end_ms*."""
    since: dict[str, tuple[str, Decimal, int]] = {}
    levels: list[Level] = []
    for row in rows:
        if row["kind"] != "algo" or row["type"] not in _LINES:
            continue
        name, at_ms = str(row["algo_id"]), int(str(row["time_ms"]))
        if row["status"] == "NEW":
            since[name] = (_LINES[str(row["type"])], decimal_in(row, "trigger_price"), at_ms)
        elif name in since:
            levels.append(Level(*since.pop(name), at_ms))
    return levels + [Level(*born, end_ms) for born in since.values()]


def _what(row: Row) -> str:
    client_id = str(row["client_order_id"])
    found = _LEG.fullmatch(client_id)
    if found is None:
        return "liquidation" if client_id.startswith(LIQUIDATION_PREFIX) else "other"
    return _EXITS.get(found[1]) or ("long" if row["side"] == "BUY" else "short")
