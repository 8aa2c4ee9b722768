"""Whose money was it: every fill of the ledger given to the signals, to the last digit.

Two questions, two answers. *Money* goes first in, first out: what a fill realises belongs to the oldest size it closes,
its fee to whoever's size it opened or closed. *What ended a position* follows the orders: a stop ends the position of
its own signal, an exit that of the oldest ones. Both agree unless signals of one direction overlap.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final, TypeAlias

import attrs

from surefill.domain.ids import STEM_LENGTH, Leg
from surefill.domain.numbers import EXACT, ratio

Row: TypeAlias = Mapping[str, str | int | bool | None]

ZERO: Final = Decimal(0)
LIQUIDATION_PREFIX: Final = "autoclose-"
"""How the exchange names the orders by which it liquidates (Binance docs: Event Order Update)."""

_OUR_ID: Final = re.compile(r"sf-[a-z2-7]{28}([ESTX])[1-9][0-9]{0,3}")
_GRAIN_EXPONENT: Final = -8
_SHARES: Final = Context(prec=120, rounding=ROUND_HALF_EVEN)
_ENDED_BY: Final = ("LIQUIDATION", "STOP_LOSS", "TAKE_PROFIT", "EXIT")
"""The words for an end, the one that counts first: a position stopped out in part was stopped out."""


@attrs.define
class Filled:
    """Size and value of some fills."""

    quantity: Decimal = ZERO
    notional: Decimal = ZERO

    def add(self, quantity: Decimal, price: Decimal) -> None:
        """Take in a fill, or a part of one."""
        self.quantity = EXACT.add(self.quantity, quantity)
        self.notional = EXACT.add(self.notional, EXACT.multiply(quantity, price))

    @property
    def average(self) -> Decimal | None:
        """The mean price; None without a fill."""
        return ratio(self.notional, self.quantity) if self.quantity else None


@attrs.define
class SignalAccount:
    """What one signal did and earned.

    Attributes:
        entered: fills of its entry.
        left: what closed its own position, whosoever order that was.
        exited: fills of its own exit order: of closes, and of entries that flip.
        realized_pnl: before fees, quote units.
        fees: paid, quote units; a rebate is negative.
        funding: received, quote units; what was paid is negative.
    """

    entered: Filled = attrs.field(factory=Filled)
    left: Filled = attrs.field(factory=Filled)
    exited: Filled = attrs.field(factory=Filled)
    realized_pnl: Decimal = ZERO
    fees: Decimal = ZERO
    funding: Decimal = ZERO
    _ended_by: set[str] = attrs.field(factory=set[str])

    @property
    def open_quantity(self) -> Decimal:
        """What is open of its own position, base units."""
        return EXACT.subtract(self.entered.quantity, self.left.quantity)

    @property
    def closed_by(self) -> str | None:
        """What ended its position: STOP_LOSS, TAKE_PROFIT, EXIT or LIQUIDATION; None while open, and for closes."""
        if not self.entered.quantity or self.open_quantity:
            return None
        return next(word for word in _ENDED_BY if word in self._ended_by)

    def leave(self, quantity: Decimal, price: Decimal, by: str) -> None:
        """Take in that *quantity* of its own position was closed."""
        self.left.add(quantity, price)
        self._ended_by.add(by)


@attrs.define
class _Lot:
    """Size that is open, in the order it was opened."""

    signal_id: str
    quantity: Decimal


@attrs.define
class Accounts:
    """The accounts of all signals on one symbol of a one-way account, filled by reading a ledger once.

    Attributes:
        signal_of: signal ids by the stem of their client ids.
        accounts: by signal id, every id of *signal_of* from the start.
    """

    signal_of: Mapping[str, str]
    accounts: dict[str, SignalAccount] = attrs.field(init=False)
    _lots: list[_Lot] = attrs.field(factory=list[_Lot])
    _is_long: bool = True

    def __attrs_post_init__(self) -> None:
        self.accounts = {signal_id: SignalAccount() for signal_id in self.signal_of.values()}

    def read(self, rows: Iterable[Row]) -> None:
        """Take in ledger rows, in order; all but fills and funding are passed over.

        Raises:
            ValueError: a fill opened size for none of the signals.
        """
        for row in rows:
            if row["kind"] == "fill":
                self._fill(row)
            elif row["kind"] == "funding":
                self._share("funding", decimal_in(row, "balance_change"), self._lots)

    def _fill(self, row: Row) -> None:
        quantity, price = decimal_in(row, "quantity"), decimal_in(row, "price")
        client_id, is_buy = str(row["client_order_id"]), row["side"] == "BUY"
        found = _OUR_ID.fullmatch(client_id)
        owner = self.signal_of.get(client_id[:STEM_LENGTH]) if found is not None else None
        leg = Leg(found[1]) if found is not None else None
        closing = min(quantity, self._held()) if is_buy is not self._is_long else ZERO
        if closing:
            self._end(leg, owner, closing, price, liquidated=client_id.startswith(LIQUIDATION_PREFIX))
        if owner is not None and leg is Leg.EXIT:
            self.accounts[owner].exited.add(quantity, price)
        closed = self._take(closing)
        opening = EXACT.subtract(quantity, closing)
        self._share("realized_pnl", decimal_in(row, "realized_pnl"), closed)
        if opening:
            if owner is None:
                raise ValueError(
                    f"ledger row {row.get('seq')}: the fill of {client_id} opened size for no known signal"
                )
            self.accounts[owner].entered.add(opening, price)
            self._lots.append(_Lot(owner, opening))
            self._is_long = is_buy
            closed = [*closed, _Lot(owner, opening)]
        self._share("fees", decimal_in(row, "fee"), closed)

    def _held(self) -> Decimal:
        held = ZERO
        for lot in self._lots:
            held = EXACT.add(held, lot.quantity)
        return held

    def _take(self, quantity: Decimal) -> list[_Lot]:
        """Take *quantity* out of the oldest lots, and return what was taken."""
        taken: list[_Lot] = []
        while quantity:
            lot = self._lots[0]
            part = min(quantity, lot.quantity)
            taken.append(_Lot(lot.signal_id, part))
            quantity = EXACT.subtract(quantity, part)
            lot.quantity = EXACT.subtract(lot.quantity, part)
            if not lot.quantity:
                self._lots.pop(0)
        return taken

    def _end(self, leg: Leg | None, owner: str | None, quantity: Decimal, price: Decimal, *, liquidated: bool) -> None:
        """Close positions by the orders that closed them: first the order's own signal, then the oldest."""
        word = (
            "LIQUIDATION"
            if liquidated
            else {Leg.STOP: "STOP_LOSS", Leg.TARGET: "TAKE_PROFIT"}.get(leg or Leg.EXIT, "EXIT")
        )
        own = [] if owner is None else [owner]
        for signal_id in (*own, *self.accounts):
            account = self.accounts[signal_id]
            part = min(quantity, account.open_quantity)
            if part:
                account.leave(part, price, word)
                quantity = EXACT.subtract(quantity, part)

    def _share(self, name: str, amount: Decimal, lots: Iterable[_Lot]) -> None:
        """Split *amount* over *lots* in proportion to their size; the last takes what rounding leaves over."""
        lots = list(lots)
        if not amount or not lots:
            return
        whole = left = ZERO
        for lot in lots:
            whole = EXACT.add(whole, lot.quantity)
        left = amount
        exponent = amount.as_tuple().exponent
        grain = Decimal((0, (1,), min(exponent if isinstance(exponent, int) else 0, _GRAIN_EXPONENT)))
        for lot in lots[:-1]:
            share = _SHARES.quantize(_SHARES.divide(_SHARES.multiply(amount, lot.quantity), whole), grain)
            self._credit(lot.signal_id, name, share)
            left = EXACT.subtract(left, share)
        self._credit(lots[-1].signal_id, name, left)

    def _credit(self, signal_id: str, name: str, amount: Decimal) -> None:
        account = self.accounts[signal_id]
        match name:
            case "realized_pnl":
                account.realized_pnl = EXACT.add(account.realized_pnl, amount)
            case "fees":
                account.fees = EXACT.add(account.fees, amount)
            case _:
                account.funding = EXACT.add(account.funding, amount)


def decimal_in(row: Row, name: str) -> Decimal:
    """Return the exact number that a ledger row holds as text."""
    return Decimal(str(row[name]))
