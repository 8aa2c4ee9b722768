"""When somebody was there to act: a promise about deeds binds the living only."""

from __future__ import annotations

import attrs

from surefill.testing.invariants.evidence import Life


@attrs.define
class Lives:
    """The lives of all owners, as one timeline of "somebody lives".

    Until the first life is told, somebody is taken to live always, and to know everything at once: that is how a bare
    ledger is judged.
    """

    told: bool = False
    _living: dict[int, int] = attrs.field(factory=dict[int, int])
    _spans: list[tuple[int, int]] = attrs.field(factory=list[tuple[int, int]])
    _since_ms: int = 0

    @property
    def alive(self) -> bool:
        """Whether somebody lives now."""
        return bool(self._living) or not self.told

    @property
    def since_ms(self) -> int:
        """When the newest of those who live began."""
        return self._since_ms

    @property
    def owners(self) -> frozenset[int]:
        """Who lives now."""
        return frozenset(self._living)

    def apply(self, life: Life) -> None:
        """Take in a beginning or an end; an end of somebody who is dead already changes nothing."""
        self.told = True
        if life.alive:
            if not self._living:
                self._spans.append((life.at_ms, life.at_ms))
            self._living[life.owner] = life.at_ms
            self._since_ms = life.at_ms
        elif self._living.pop(life.owner, None) is not None and not self._living:
            self._spans[-1] = self._spans[-1][0], life.at_ms

    def living_ms(self, from_ms: int, until_ms: int) -> int:
        """Return for how much of the time between two moments somebody lived."""
        if not self.told:
            return until_ms - from_ms
        total = 0
        for index in range(len(self._spans) - 1, -1, -1):
            began_ms, ended_ms = self._spans[index]
            if index == len(self._spans) - 1 and self._living:
                ended_ms = until_ms
            if ended_ms <= from_ms:
                break
            total += max(0, min(ended_ms, until_ms) - max(began_ms, from_ms))
        return total
