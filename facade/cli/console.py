"""Saying things: tables for people, JSON for machines, a progress bar for who watches."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import click
from rich.console import Console, Group, RenderableType
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from surefill.cli.market_data import Progress as Told

_WIDTH: Final = 140
"""Columns where nobody watches: a file has room."""


def console() -> Console:
    """Return where people read; without colours and wide unless it is a terminal."""
    if sys.stdout.isatty():
        return Console(highlight=False)
    return Console(file=sys.stdout, no_color=True, highlight=False, width=_WIDTH)


def say_json(value: object) -> None:
    """Print one JSON value, in ASCII."""
    click.echo(json.dumps(value, indent=2))


def table(
    title: str | None, columns: Sequence[str], rows: Sequence[Sequence[object]], numbers: Sequence[str] = ()
) -> RenderableType:
    """Return a table of texts under a line of its own; *numbers* names the columns that are set flush right."""
    made = Table(header_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        made.add_column(column, justify="right" if column in numbers else "left", no_wrap=column in numbers)
    for row in rows:
        made.add_row(*(shown(cell) for cell in row))
    return made if title is None else Group(shown(title), made)


def shown(value: object) -> str:
    """Return a cell's text: nothing is a dash, and markup in it stays text."""
    text = "–" if value is None else str(value)
    return text.replace("[", r"\[")


@contextmanager
def progress(title: str) -> Iterator[Told | None]:
    """Show a bar on stderr while the block lasts, if a person watches; yield what to tell it, or None."""
    if not sys.stderr.isatty():
        yield None
        return
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    with bar:
        task = bar.add_task(title, total=None)

        def tell(done: int, whole: int) -> None:
            bar.update(task, completed=done, total=whole)

        yield tell
