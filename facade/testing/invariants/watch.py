"""All invariants over one ledger, each row looked at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

import attrs

from surefill.application.status import Status
from surefill.domain.alarm import Alarm
from surefill.domain.limits import RiskLimits
from surefill.domain.timings import Timings
from surefill.testing.invariants.asked import Asked
from surefill.testing.invariants.evidence import Evidence
from surefill.testing.invariants.exposure import BoundedExposure
from surefill.testing.invariants.filters import filters_by_symbol
from surefill.testing.invariants.naked import NoSilentNakedPosition
from surefill.testing.invariants.numbers_sent import NumbersSent
from surefill.testing.invariants.orphans import NoOrphans
from surefill.testing.invariants.row import Row
from surefill.testing.invariants.standing import Standing
from surefill.testing.invariants.violation import Violation


@attrs.define(kw_only=True)
class Watch:
    """Follows a ledger as it grows: `look` costs what is new since the last look.

    Attributes:
        naked: I2.
        orphans: I3.
        numbers: I7.
        exposure: I10.
    """

    naked: NoSilentNakedPosition = attrs.field(factory=NoSilentNakedPosition)
    orphans: NoOrphans = attrs.field(factory=NoOrphans)
    numbers: NumbersSent = attrs.field(factory=NumbersSent)
    exposure: BoundedExposure = attrs.field(factory=BoundedExposure)
    _standing: Standing = attrs.field(factory=Standing)

    @classmethod
    def over(
        cls,
        exchange_info: Mapping[str, object],
        *,
        asked: Mapping[str, Asked],
        timings: Timings,
        limits: RiskLimits,
    ) -> Watch:
        """Make the judge of one account; *asked* may grow while it watches."""
        del limits
        return cls(
            naked=NoSilentNakedPosition(protect_ms=timings.protect_soft_ms),
            numbers=NumbersSent(filters=filters_by_symbol(exchange_info), asked=asked),
        )

    def judge(self, evidence: Evidence, *, now_ms: int) -> tuple[Violation, ...]:
        """Take in all that is new, and return what it breaks; what is open is judged as of *now_ms*."""
        return self.look(evidence.rows, evidence.alarms, now_ms=now_ms)

    def at_rest(self, status: Status, *, now_ms: int) -> tuple[Violation, ...]:
        """Return what is still restless although every fault has been healed for long: the end of a run."""
        left = [duty for duty in status.duties if duty.kind.name not in ("GUARD", "LATE_WATCH")]
        found = [
            Violation(
                invariant="I12", time_ms=now_ms, text=f"the duty {duty.kind.name} never ended", symbol=duty.symbol
            )
            for duty in left
        ]
        found += [
            Violation(invariant="I12", time_ms=now_ms, text="the symbol stayed frozen", symbol=symbol)
            for symbol, _ in status.frozen
        ]
        return tuple(found)

    def look(self, rows: Iterable[Row], alarms: Iterable[Alarm] = (), *, now_ms: int) -> tuple[Violation, ...]:
        """Take in what is new, and return what it breaks.

        Args:
            rows: ledger rows since the last look, in order.
            alarms: raised since the last look.
            now_ms: exchange time of this look; what is open is judged as of then.
        """
        for alarm in alarms:
            self.naked.hear(alarm)
        found: list[Violation] = []
        for row in rows:
            found += self.numbers.see(row)
            found += self.exposure.see(row)
            key = self._standing.apply(row)
            if key is not None:
                found += self.naked.see(row, key, self._standing)
                found += self.orphans.see(row, key, self._standing)
        found += self.naked.until(now_ms)
        found += self.orphans.until(now_ms)
        return tuple(sorted(found, key=lambda violation: violation.time_ms))


def check(
    ledger: Iterable[Row],
    alarms: Iterable[Alarm] = (),
    *,
    now_ms: int,
    exchange_info: Mapping[str, object] | None = None,
    asked: Mapping[str, Asked] | None = None,
    known_ms: Mapping[str, int] | None = None,
    max_position: Mapping[str, Decimal] | None = None,
) -> tuple[Violation, ...]:
    """Judge a whole ledger at once; an empty result means that all four held.

    Args:
        ledger: its rows from the first on.
        alarms: every alarm raised meanwhile.
        now_ms: exchange time at the end.
        exchange_info: the rules in force, for I7.
        asked: what the callers asked for by the stem of their client ids, for I7.
        known_ms: when fills became known, where that was later than their moment, for I2.
        max_position: the largest position allowed by symbol, base units, for I10.
    """
    watch = Watch(
        naked=NoSilentNakedPosition(known_ms=known_ms or {}),
        numbers=NumbersSent(filters=filters_by_symbol(exchange_info or {}), asked=asked or {}),
        exposure=BoundedExposure(max_position=max_position or {}),
    )
    return watch.look(ledger, alarms, now_ms=now_ms)
