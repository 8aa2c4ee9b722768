"""The promises as functions over a ledger: what was broken, when and where. They need no extra.

So far I2 (no position naked in silence), I3 (no orphaned orders), I7 (every number sent is on the filter and no looser
than asked) and I10 (exits only shrink).
"""

from surefill.testing.invariants.asked import Asked
from surefill.testing.invariants.exposure import BoundedExposure
from surefill.testing.invariants.naked import NoSilentNakedPosition
from surefill.testing.invariants.numbers_sent import NumbersSent
from surefill.testing.invariants.orphans import NoOrphans
from surefill.testing.invariants.violation import Violation
from surefill.testing.invariants.watch import Watch, check

__all__ = [
    "Asked",
    "BoundedExposure",
    "NoOrphans",
    "NoSilentNakedPosition",
    "NumbersSent",
    "Violation",
    "Watch",
    "check",
]
