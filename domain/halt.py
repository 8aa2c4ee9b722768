"""The kill switch's levels."""

from __future__ import annotations

from enum import IntEnum


class HaltLevel(IntEnum):
    """How much is stopped; each level includes the ones before it. Protection and exits always go on."""

    NONE = 0
    NO_ENTRIES = 1  # no new entry starts
    CANCEL_ENTRIES = 2  # and open entry orders are cancelled
    FLATTEN_OURS = 3  # and every position of ours is closed
