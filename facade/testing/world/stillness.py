"""How long nothing has happened in a world, but that its owner looked."""

from __future__ import annotations

import attrs

from surefill.testing.invariants.row import Row
from surefill.testing.world.notebook import Notebook


@attrs.define
class Stillness:
    """Counts rounds in which the exchange did nothing, and the owner nothing but read.

    Attributes:
        notebook: what the owner writes and says.
        rounds: how many in a row.
    """

    notebook: Notebook
    rounds: int = 0
    _seq: int = attrs.field(init=False)
    _said: tuple[int, int, int] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._seq, self._said = self.notebook.seq(), self._words()

    def note(self) -> None:
        """Take in the round that ends now."""
        exchange, said = self.notebook.exchange, self._words()
        rows = () if exchange is None else exchange.ledger.since(self._seq)
        is_still = said == self._said and all(_is_read(row) for row in rows)
        self.rounds = self.rounds + 1 if is_still else 0
        self._seq, self._said = self._seq + len(rows), said

    def _words(self) -> tuple[int, int, int]:
        return len(self.notebook.kept), len(self.notebook.alarms), len(self.notebook.written)


def _is_read(row: Row) -> bool:
    """Whether a row tells of a read, or of one that was answered."""
    if row["kind"] == "answer":
        return row["status"] == 200
    return row["kind"] == "request" and row["method"] == "GET"
