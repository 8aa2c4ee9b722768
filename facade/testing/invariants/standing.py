"""What stands at one moment of a ledger: our size, our open orders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final, TypeAlias

import attrs

from surefill.testing.invariants.row import EXACT, ZERO, Row, leg_of, number, signed, text

Key: TypeAlias = tuple[str, str]
"""A symbol and a position side."""

OPEN: Final = frozenset({"NEW", "PARTIALLY_FILLED", "TRIGGERING"})
KINDS: Final = {"STOP_MARKET": "stop", "TAKE_PROFIT_MARKET": "target"}


@attrs.frozen
class OpenOrder:
    """An open order of ours."""

    client_id: str
    kind: str
    side: str
    status: str
    quantity: Decimal
    trigger: Decimal | None = None


@attrs.define
class Standing:
    """Read row by row with `apply`.

    Our size is what fills with our client ids add up to, but never more than the account holds: what somebody else
    closed is gone. When he takes that back nobody can say from the account alone whose it is then: `ours` says what
    must be ours, `at_most` what may be.
    """

    _ours: dict[Key, Decimal] = attrs.field(factory=dict[Key, Decimal])
    _gross: dict[Key, Decimal] = attrs.field(factory=dict[Key, Decimal])
    _held: dict[Key, Decimal] = attrs.field(factory=dict[Key, Decimal])
    _orders: dict[Key, dict[str, OpenOrder]] = attrs.field(factory=dict[Key, dict[str, OpenOrder]])
    _filled: dict[str, tuple[Key, Decimal]] = attrs.field(factory=dict[str, tuple[Key, Decimal]])

    def apply(self, row: Row) -> Key | None:
        """Take in one row; return what it is about when it changed something there."""
        match row["kind"]:
            case "fill":
                return self._fill(row)
            case "position":
                key = _key(row)
                self._held[key] = number(row, "amount")
                self._ours[key] = self.ours(key)
                return key
            case "order":
                return self._order(row, text(row, "client_order_id"), "market", number(row, "orig_quantity"))
            case "algo":
                kind = KINDS.get(text(row, "type"), "other")
                trigger = number(row, "trigger_price") if "trigger_price" in row else None
                return self._order(row, text(row, "client_algo_id"), kind, number(row, "quantity"), trigger)
            case _:
                return None

    def ours(self, key: Key) -> Decimal:
        """Return what must be ours, signed, base units: what somebody else ever closed of it is not."""
        return _within(self._ours.get(key, ZERO), self._held.get(key, ZERO))

    def at_most(self, key: Key) -> Decimal:
        """Return what may be ours, signed, base units: what went and came back may be, until it is written off."""
        return _within(self._gross.get(key, ZERO), self._held.get(key, ZERO))

    def write_off(self, key: Key, quantity: Decimal) -> None:
        """Note that the owner takes so much of ours for gone; what must be ours is not, whatever he remembers."""
        gross = self._gross.get(key, ZERO)
        left = max(self.ours(key).copy_abs(), EXACT.subtract(gross.copy_abs(), quantity))
        self._gross[key] = left if gross > ZERO else left.copy_negate()

    def held(self, key: Key) -> Decimal:
        """Return what the account holds there, everybody's, signed, base units."""
        return self._held.get(key, ZERO)

    def held_keys(self) -> Iterator[Key]:
        """Yield every place that was ever traded."""
        yield from self._held

    def order_keys(self) -> Iterator[Key]:
        """Yield every place that ever had an order of ours."""
        yield from self._orders

    def orders(self, key: Key) -> Iterable[OpenOrder]:
        """Return our open orders."""
        return self._orders.get(key, {}).values()

    def is_open(self, client_id: str) -> bool:
        """Whether an order of ours with that client id stands open."""
        return any(order.client_id == client_id for orders in self._orders.values() for order in orders.values())

    def undo(self, row: Row) -> None:
        """Take back the fills of an order that the exchange lost; a row with the position follows."""
        found = self._filled.pop(text(row, "client_order_id"), None)
        if found is not None:
            self._ours[found[0]] = EXACT.subtract(self._ours.get(found[0], ZERO), found[1])
            self._gross[found[0]] = EXACT.subtract(self._gross.get(found[0], ZERO), found[1])

    def _fill(self, row: Row) -> Key:
        key = _key(row)
        if leg_of(text(row, "client_order_id")) is not None:
            change = signed(text(row, "side"), number(row, "quantity"))
            self._ours[key] = EXACT.add(self._ours.get(key, ZERO), change)
            self._gross[key] = EXACT.add(self._gross.get(key, ZERO), change)
            before = self._filled.get(text(row, "client_order_id"), (key, ZERO))[1]
            self._filled[text(row, "client_order_id")] = key, EXACT.add(before, change)
        return key

    def _order(
        self, row: Row, client_id: str, kind: str, quantity: Decimal, trigger: Decimal | None = None
    ) -> Key | None:
        if leg_of(client_id) is None:
            return None
        key = _key(row)
        orders = self._orders.setdefault(key, {})
        status = text(row, "status")
        # A triggered stop and its child share the client id: each is its own order.
        name = f"{kind}/{client_id}"
        if status in OPEN:
            orders[name] = OpenOrder(client_id, kind, text(row, "side"), status, quantity, trigger)
        else:
            orders.pop(name, None)
        return key


def stop_size(standing: Standing, key: Key) -> Decimal:
    """Return what the live stops against our position add up to, base units; only what rests (NEW) is live."""
    closing_side = "SELL" if standing.ours(key) > ZERO else "BUY"
    size = ZERO
    for order in standing.orders(key):
        if (order.kind, order.side, order.status) == ("stop", closing_side, "NEW"):
            size = EXACT.add(size, order.quantity)
    return size


def _within(ours: Decimal, held: Decimal) -> Decimal:
    return min(ours, max(held, ZERO)) if ours > ZERO else max(ours, min(held, ZERO))


def _key(row: Row) -> Key:
    return text(row, "symbol"), text(row, "position_side")
