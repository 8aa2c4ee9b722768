"""I14: one owner at a time changes anything."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from surefill.testing.invariants.evidence import Carried, Life
from surefill.testing.invariants.violation import Violation


@attrs.define(kw_only=True)
class SingleWriter:
    """Of owners whose lives overlap only one sends what can change orders; and the dead send nothing."""

    _living: set[int] = attrs.field(factory=set[int])
    _ended_ms: dict[int, int] = attrs.field(factory=dict[int, int])
    _writers: dict[int, int] = attrs.field(factory=dict[int, int])
    _reported: set[int] = attrs.field(factory=set[int])

    def live(self, life: Life) -> None:
        """Take in a beginning or an end."""
        if life.alive:
            self._living.add(life.owner)
        else:
            self._living.discard(life.owner)
            self._writers.pop(life.owner, None)
            self._ended_ms.setdefault(life.owner, life.at_ms)

    def ask(self, carried: Carried) -> Iterator[Violation]:
        """Judge a request."""
        if not carried.call.changes or carried.owner in self._reported:
            return
        owner, sent_ms = carried.owner, carried.sent_ms
        ended_ms = self._ended_ms.get(owner)
        others = [each for each in self._writers if each != owner and each in self._living]
        if ended_ms is not None and sent_ms > ended_ms:
            problem = f"owner {owner} had ended and sent {carried.call.method} {carried.call.path}"
        elif others and owner in self._living:
            problem = f"the owners {others[0]} and {owner} both live, and both send what changes orders"
        else:
            self._writers[owner] = sent_ms
            return
        self._reported.add(owner)
        yield Violation(invariant="I14", time_ms=sent_ms, text=problem, symbol=carried.call.params.get("symbol", ""))
