"""The promises as functions over what can be seen from outside: what was broken, when and where. They need no extra.

`Watch` judges thirteen of the fourteen, I1 to I14, as an account goes on; `check` those that a bare ledger can tell.
The fifth needs two runs: `converged` and `unmoved`. `leaks`, `leaking_files`, `line_faults` and `file_faults` look at
files.
"""

from surefill.testing.invariants.ahead import WriteAhead
from surefill.testing.invariants.asked import Asked
from surefill.testing.invariants.audited import Audited, file_faults, line_faults
from surefill.testing.invariants.bounded import Bounded
from surefill.testing.invariants.converge import EndState, converged, differences, same_end, unmoved
from surefill.testing.invariants.durations import Durations
from surefill.testing.invariants.evidence import Called, Carried, Evidence, Kept, Life, Told
from surefill.testing.invariants.exposure import BoundedExposure
from surefill.testing.invariants.foreign import MindYourOwn
from surefill.testing.invariants.limits import WithinLimits
from surefill.testing.invariants.naked import NoSilentNakedPosition
from surefill.testing.invariants.numbers_sent import NumbersSent
from surefill.testing.invariants.once import AtMostOnce
from surefill.testing.invariants.orphans import NoOrphans
from surefill.testing.invariants.secrecy import NoSecrets, leaking_files, leaks
from surefill.testing.invariants.truth import Truth
from surefill.testing.invariants.violation import INVARIANTS, Violation
from surefill.testing.invariants.watch import Watch, check
from surefill.testing.invariants.writers import SingleWriter

__all__ = [
    "INVARIANTS",
    "Asked",
    "AtMostOnce",
    "Audited",
    "Bounded",
    "BoundedExposure",
    "Called",
    "Carried",
    "Durations",
    "EndState",
    "Evidence",
    "Kept",
    "Life",
    "MindYourOwn",
    "NoOrphans",
    "NoSecrets",
    "NoSilentNakedPosition",
    "NumbersSent",
    "SingleWriter",
    "Told",
    "Truth",
    "Violation",
    "Watch",
    "WithinLimits",
    "WriteAhead",
    "check",
    "converged",
    "differences",
    "file_faults",
    "leaking_files",
    "leaks",
    "line_faults",
    "same_end",
    "unmoved",
]
