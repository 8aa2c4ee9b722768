"""What is to be done, as data: the decisions of `protection.next_actions`."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import TypeAlias

import attrs

from .alarm import AlarmKind
from .order import OrderKey
from .report import ClosedBy


class ExitWhy(Enum):
    """Why a position is closed without the caller asking for it now."""

    STOP_DUE = "the stop's price is reached and no stop rests"
    STOP_STUCK = "the stop is stuck in triggering"
    STOP_REJECTED = "the stop was refused when it triggered"
    UNPROTECTED = "no stop could be placed before the hard deadline"
    LATE_FILL = "an entry reported as not filled was filled"
    EXCESS = "more was filled than was asked"
    HALT = "everything of ours is to be flattened"


@attrs.frozen
class PlaceStop:
    """Send a stop of *quantity* for the signal's bracket."""

    signal_id: str
    quantity: Decimal


@attrs.frozen
class PlaceTarget:
    """Send a target of *quantity* for the signal's bracket."""

    signal_id: str
    quantity: Decimal


@attrs.frozen
class CancelLegs:
    """Cancel these orders of the signal."""

    signal_id: str
    client_ids: tuple[str, ...]


@attrs.frozen
class CancelOrphans:
    """Cancel orders that carry our mark but belong to no open signal."""

    keys: tuple[OrderKey, ...]


@attrs.frozen
class Inquire:
    """Ask the exchange for these orders by id: they are not where they should be."""

    signal_id: str
    client_ids: tuple[str, ...]


@attrs.frozen
class ExitNow:
    """Close *quantity* of the signal's position at market, reduce-only."""

    signal_id: str
    quantity: Decimal
    why: ExitWhy


@attrs.frozen
class WriteOff:
    """So much of the signal's position is gone, by no order known to be for it."""

    signal_id: str
    quantity: Decimal


@attrs.frozen
class MarkCovered:
    """The signal's position has a live stop."""

    signal_id: str


@attrs.frozen
class MarkExposed:
    """The signal's position has had no live stop since *since_ms*, exchange time."""

    signal_id: str
    since_ms: int


@attrs.frozen
class Close:
    """Nothing of the signal is open any more."""

    signal_id: str
    closed_by: ClosedBy


@attrs.frozen
class Raise:
    """Tell a person."""

    kind: AlarmKind
    text: str
    signal_id: str | None = None


@attrs.frozen
class LookAgain:
    """Nothing to do before *at_ms*; look again then."""

    at_ms: int


Action: TypeAlias = (
    PlaceStop
    | PlaceTarget
    | CancelLegs
    | CancelOrphans
    | Inquire
    | ExitNow
    | WriteOff
    | MarkCovered
    | MarkExposed
    | Close
    | Raise
    | LookAgain
)
