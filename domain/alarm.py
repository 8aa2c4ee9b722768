"""Something a person must know now."""

from __future__ import annotations

from enum import Enum

import attrs


class AlarmKind(Enum):
    """What is wrong."""

    UNPROTECTED = "a position of ours has no live stop"
    OUTCOME_UNKNOWN = "nobody knows whether an order was executed"
    LATE_FILL = "an order believed absent was filled"
    FOREIGN_CHANGE = "size or orders changed that we did not change"
    LEG_REMOVED = "a leg of ours was removed by somebody else"
    WAIVED = "the caller cancelled the protection of an open position"
    STORE_FAILED = "the journal or the audit log cannot be written"
    DUTY_OVERDUE = "reconcile() was not called in time"
    EXCHANGE_UNREACHABLE = "the exchange does not answer"
    NOT_ALLOWED = "the exchange refused the key, the account or the mode"
    EXCESS_FILL = "more was filled than was asked"
    HALTED = "trading was halted"


class Severity(Enum):
    """How loud: a CRITICAL alarm means money is at risk now."""

    WARNING = "WARNING"
    CRITICAL = "CRITICAL"


CRITICAL_KINDS = frozenset(
    {
        AlarmKind.UNPROTECTED,
        AlarmKind.OUTCOME_UNKNOWN,
        AlarmKind.LATE_FILL,
        AlarmKind.STORE_FAILED,
        AlarmKind.EXCESS_FILL,
        AlarmKind.NOT_ALLOWED,
        AlarmKind.EXCHANGE_UNREACHABLE,
    }
)


@attrs.frozen
class Alarm:
    """One alarm.

    Attributes:
        kind: what is wrong.
        at_ms: exchange time, UTC milliseconds.
        text: a sentence for a person: what happened, what is being done, what to do.
        symbol: the symbol concerned, when there is one.
        signal_id: the signal concerned, when there is one.
    """

    kind: AlarmKind
    at_ms: int
    text: str
    symbol: str | None = None
    signal_id: str | None = None

    @property
    def severity(self) -> Severity:
        """How loud."""
        return Severity.CRITICAL if self.kind in CRITICAL_KINDS else Severity.WARNING
