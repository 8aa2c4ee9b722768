"""What a judge is shown: the exchange's ledger, and what was seen at the edges of the process that trades."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs

from surefill.adapters.wire.call import Call, Result, WireAnswer
from surefill.domain.alarm import Alarm
from surefill.domain.audit_record import AuditRecord
from surefill.domain.events import Event
from surefill.domain.report import ExecutionReport
from surefill.testing.invariants.row import Row

HARD_WEIGHT: Final = 2_160
"""Request weight used in a minute, of 2,400, past which no entry is to start and reads are held back: the rest is for
protection (Binance docs: General Info, limits; the share is ours)."""


@attrs.frozen(kw_only=True)
class Kept:
    """One event that the journal has taken: the commit returned.

    Attributes:
        event: as handed in.
        at_ms: exchange time when the commit returned.
        after_seq: the ledger's last row at that moment: a request with a later row left later.
        owner: which process, counted from 1 in the order of their starts.
    """

    event: Event
    at_ms: int
    after_seq: int
    owner: int


@attrs.frozen(kw_only=True)
class Carried:
    """One request of ours and what came of it.

    Attributes:
        call: as sent.
        result: what the client was shown; None when the process died before.
        sent_ms: when it left, exchange time.
        arrived_ms: when the client knew; None when the process died before.
        first_seq: the ledger's last row before it left.
        owner: which process.
        last_seq: the ledger's last row when the client knew.
    """

    call: Call
    result: Result | None
    sent_ms: int
    arrived_ms: int | None
    first_seq: int
    owner: int
    last_seq: int = 0


def used_weight(carried: Carried) -> int | None:
    """Return how much request weight was used in this minute, as an answer tells it; None when it does not."""
    used = carried.result.header("X-MBX-USED-WEIGHT-1M") if isinstance(carried.result, WireAnswer) else None
    return int(used) if used is not None and used.isdecimal() else None


@attrs.frozen(kw_only=True)
class Told:
    """One report that a caller was given.

    Attributes:
        report: the report.
        at_ms: when, exchange time.
        after_seq: the ledger's last row at that moment.
        owner: which process.
    """

    report: ExecutionReport
    at_ms: int
    after_seq: int
    owner: int


@attrs.frozen(kw_only=True)
class Called:
    """One call of a public method, from its beginning to its return.

    Attributes:
        verb: the method.
        began_ms, ended_ms: exchange time.
        owner: which process.
        raised: name of the exception's class; None when it returned.
    """

    verb: str
    began_ms: int
    ended_ms: int
    owner: int
    raised: str | None = None


@attrs.frozen(kw_only=True)
class Life:
    """A process that trades began (`alive`) or ended, by a crash or by closing.

    Attributes:
        owner: which process.
        at_ms: exchange time.
        alive: whether it began.
        lost_journal: it began on an empty journal although there had been one.
    """

    owner: int
    at_ms: int
    alive: bool
    lost_journal: bool = False


@attrs.frozen(kw_only=True)
class Evidence:
    """All that is new since the last look; each sequence in the order it happened.

    Attributes:
        rows: of the ledger.
        alarms: raised.
        kept: events in the journal.
        found: waivers that a process found in its journal when it began; a commit that failed may have kept one.
        carried: requests of ours.
        told: reports given.
        called: public calls that ended.
        lives: processes that began or ended.
        by_hand: the `seq` of request rows that somebody else made on the account.
        written: audit lines.
    """

    rows: Sequence[Row] = ()
    alarms: Sequence[Alarm] = ()
    kept: Sequence[Kept] = ()
    found: Sequence[Kept] = ()
    carried: Sequence[Carried] = ()
    told: Sequence[Told] = ()
    called: Sequence[Called] = ()
    lives: Sequence[Life] = ()
    by_hand: Sequence[int] = ()
    written: Sequence[AuditRecord] = ()
