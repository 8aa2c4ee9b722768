"""The whole catalogue: which fault is run at which step, which other test proves it, and what cannot be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Final

import attrs
from rich.table import Table

from tests.chaos.matrix import (
    account,
    codes,
    content,
    exchange,
    inputs,
    legs,
    market,
    process,
    standing,
    storage,
    threads,
    time,
    transport,
)
from tests.chaos.matrix.case import IDS, Elsewhere, FaultCase, Listed
from tests.chaos.matrix.steps import Step

LISTED: Final[tuple[Listed, ...]] = (
    *transport.CASES,
    *content.CASES,
    *codes.CASES,
    *time.CASES,
    *market.CASES,
    *exchange.CASES,
    *legs.CASES,
    *account.CASES,
    *standing.CASES,
    *process.CASES,
    *storage.CASES,
    *threads.CASES,
    *inputs.CASES,
)
"""Everything that the families say, in the order of the catalogue."""


class Kind(Enum):
    """What happens to a fault at a step; the value is its mark in the table."""

    RUN = "■"
    ELSEWHERE = "▣"
    NOT_APPLICABLE = "·"
    MISSING = "?"


@attrs.frozen
class Cell:
    """One fault at one step.

    Attributes:
        fault_id: in the catalogue.
        step: of the protocol.
        kinds: what is said about it; exactly one if all is well.
    """

    fault_id: str
    step: Step
    kinds: frozenset[Kind]

    @property
    def kind(self) -> Kind:
        """What happens here."""
        return next(iter(self.kinds)) if len(self.kinds) == 1 else Kind.MISSING


def cells(listed: Iterable[Listed] = LISTED) -> Iterator[Cell]:
    """Yield every fault of the catalogue at every step."""
    said: dict[tuple[str, Step], set[Kind]] = {}
    for one in listed:
        for step in one.steps:
            said.setdefault((one.id, step), set()).add(_kind(one))
    for fault_id in IDS:
        for step in Step:
            yield Cell(fault_id, step, frozenset(said.get((fault_id, step), set())))


def cases(listed: Iterable[Listed] = LISTED) -> Iterator[FaultCase]:
    """Yield what the matrix runs."""
    return (one for one in listed if isinstance(one, FaultCase))


def counted(found: Iterable[Cell]) -> Mapping[str, int]:
    """Count faults and cells by what happens to them."""
    rows = list(found)
    counts = {kind.name.lower(): sum(1 for cell in rows if cell.kind is kind) for kind in Kind}
    run = {cell.fault_id for cell in rows if cell.kind is Kind.RUN}
    return {
        "faults": len(run),
        "steps": len({cell.step for cell in rows if cell.kind is Kind.RUN}),
        "cells": counts["run"],
        "cells_elsewhere": counts["elsewhere"],
        "cells_not_applicable": counts["not_applicable"],
        "cells_missing": counts["missing"],
    }


def drawn(found: Iterable[Cell], listed: Iterable[Listed] = LISTED) -> Table:
    """Return the table fault x step."""
    what: dict[str, list[str]] = {}
    for one in listed:
        what.setdefault(one.id, []).append(one.what)
    table = Table(title="fault x step", caption=" ".join(f"{kind.value} {kind.name.lower()}" for kind in Kind))
    table.add_column("id")
    table.add_column("fault", overflow="ellipsis", max_width=40, no_wrap=True)
    for step in Step:
        table.add_column(step.value, justify="center")
    rows: dict[str, dict[Step, Kind]] = {}
    for cell in found:
        rows.setdefault(cell.fault_id, {})[cell.step] = cell.kind
    for fault_id, marks in rows.items():
        words = ", ".join(dict.fromkeys(what.get(fault_id, ["?"])))
        table.add_row(fault_id, words, *(marks[step].value for step in Step))
    return table


def _kind(one: Listed) -> Kind:
    if isinstance(one, FaultCase):
        return Kind.RUN
    return Kind.ELSEWHERE if isinstance(one, Elsewhere) else Kind.NOT_APPLICABLE
