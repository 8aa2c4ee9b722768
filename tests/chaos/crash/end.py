"""How a run ended, without what a crash may change: times, ids, numbers of attempts, prices."""

from __future__ import annotations

from collections import Counter

import attrs

from surefill.testing.invariants.row import Row, text
from surefill.testing.invariants.standing import OPEN
from surefill.testing.world import World


@attrs.frozen(kw_only=True)
class End:
    """What stands at the end.

    Attributes:
        positions: signed size by symbol and position side; flat ones left out.
        orders: open orders, anybody's: symbol, position side, side, type, size, trigger; sorted.
        reports: the latest report by signal id; None when the id was not used up.
        duties: kind, symbol and signal of what is left to do; sorted.
        frozen: symbols closed to entries.
        halt_level: the kill switch.
    """

    positions: dict[tuple[str, str], str]
    orders: tuple[tuple[str, ...], ...]
    reports: dict[str, tuple[object, ...] | None]
    duties: tuple[tuple[str, str, str], ...]
    frozen: tuple[str, ...]
    halt_level: str

    @classmethod
    def of(cls, world: World) -> End:
        """Read it off a world at rest, whose owner lives."""
        positions, orders = _standing(world)
        manager = world.manager
        if manager is None:
            raise ValueError("nobody lives in this world")
        status = manager.status()
        return cls(
            positions=positions,
            orders=orders,
            reports={name: _told(world, name) for name in world.signals},
            duties=tuple(sorted((each.kind.name, each.symbol, each.signal_id) for each in status.duties)),
            frozen=tuple(sorted(symbol for symbol, _ in status.frozen)),
            halt_level=status.halt_level.name,
        )

    def unlike(self, other: End) -> str:
        """Return where two ends differ, for a person."""
        mine, others = attrs.asdict(self), attrs.asdict(other)
        return "; ".join(f"{name}: {mine[name]} not {others[name]}" for name in mine if mine[name] != others[name])


def _told(world: World, name: str) -> tuple[object, ...] | None:
    report = world.manager.report(name) if world.manager is not None else None
    if report is None:
        return None
    closed_by = None if report.closed_by is None else report.closed_by.name
    reason = None if report.reason is None else report.reason.name
    return report.outcome.name, reason, format(report.filled_quantity.normalize(), "f"), closed_by, report.provisional


def _standing(world: World) -> tuple[dict[tuple[str, str], str], tuple[tuple[str, ...], ...]]:
    positions: dict[tuple[str, str], str] = {}
    open_orders: dict[tuple[str, str], tuple[str, ...]] = {}
    for row in world.exchange.ledger.rows:
        if row["kind"] == "position":
            positions[text(row, "symbol"), text(row, "position_side")] = text(row, "amount")
        elif row["kind"] in ("algo", "order"):
            name, described = _order(row)
            if text(row, "status") in OPEN:
                open_orders[name] = described
            else:
                open_orders.pop(name, None)
    held = {key: amount for key, amount in positions.items() if amount.strip("0.-")}
    return held, tuple(sorted(Counter(open_orders.values()).elements()))


def _order(row: Row) -> tuple[tuple[str, str], tuple[str, ...]]:
    place = text(row, "symbol"), text(row, "position_side"), text(row, "side"), text(row, "type")
    if row["kind"] == "algo":
        return ("algo", text(row, "algo_id")), (*place, text(row, "quantity"), text(row, "trigger_price"))
    return ("order", f"{place[0]}/{text(row, 'order_id')}"), (*place, text(row, "orig_quantity"))
