"""What the witnesses of one world have written down since the judge last looked."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from surefill.adapters.simulated import SimulatedExchange
from surefill.adapters.wire.call import Call, Result
from surefill.domain.alarm import Alarm
from surefill.domain.audit_record import AuditRecord
from surefill.testing.invariants.evidence import Called, Carried, Evidence, Kept, Life, Told


def as_it_came(call: Call, result: Result) -> Result:
    """Show the client what came."""
    del call
    return result


@attrs.define
class Notebook:
    """Filled by witnesses, emptied by `evidence`.

    Attributes:
        exchange: whose ledger and clock everything is dated by; set by the world.
        mangle: what the client is shown of each result: for answers that no exchange in its right mind would give.
    """

    exchange: SimulatedExchange | None = None
    mangle: Callable[[Call, Result], Result] = as_it_came
    alarms: list[Alarm] = attrs.field(factory=list[Alarm])
    kept: list[Kept] = attrs.field(factory=list[Kept])
    found: list[Kept] = attrs.field(factory=list[Kept])
    carried: list[Carried] = attrs.field(factory=list[Carried])
    told: list[Told] = attrs.field(factory=list[Told])
    called: list[Called] = attrs.field(factory=list[Called])
    lives: list[Life] = attrs.field(factory=list[Life])
    by_hand: list[int] = attrs.field(factory=list[int])
    written: list[AuditRecord] = attrs.field(factory=list[AuditRecord])
    _rows_shown: int = 0

    def now_ms(self) -> int:
        """Exchange time."""
        return 0 if self.exchange is None else self.exchange.clock.now_ms()

    def seq(self) -> int:
        """Return the ledger's last row so far."""
        return 0 if self.exchange is None else self.exchange.ledger.last_seq

    def evidence(self) -> Evidence:
        """Return what is new since the last call."""
        rows = () if self.exchange is None else self.exchange.ledger.since(self._rows_shown)
        self._rows_shown += len(rows)
        new = Evidence(
            rows=rows,
            alarms=self.alarms,
            kept=self.kept,
            found=self.found,
            carried=self.carried,
            told=self.told,
            called=self.called,
            lives=self.lives,
            by_hand=self.by_hand,
            written=self.written,
        )
        self.alarms, self.kept, self.found, self.carried, self.told = [], [], [], [], []
        self.called, self.lives, self.by_hand, self.written = [], [], [], []
        return new
