"""What the edges of a world told, on its way to the judge: hashed and counted."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

import attrs

from surefill.testing.invariants.evidence import Evidence, Kept
from surefill.testing.invariants.row import Row
from surefill.testing.world.notebook import Notebook


@attrs.define
class HashedNotebook(Notebook):
    """A notebook that hashes what it hands to the judge.

    Attributes:
        deaths: processes that ended.
    """

    deaths: int = 0
    _hash: blake2b = attrs.field(factory=lambda: blake2b(digest_size=16))

    def evidence(self) -> Evidence:
        """Return what is new since the last call."""
        new = Notebook.evidence(self)
        self._digest(new.rows, new.kept)
        self.deaths += sum(1 for life in new.lives if not life.alive)
        return new

    @property
    def fingerprint(self) -> str:
        """The hash over every ledger row and every journal event handed over so far."""
        return self._hash.hexdigest()

    def _digest(self, rows: Iterable[Row], kept: Iterable[Kept]) -> None:
        self._hash.update("".join([repr(tuple(row.values())) for row in rows]).encode())
        self._hash.update("".join([f"{each.at_ms} {each.owner} {each.event!r}" for each in kept]).encode())
