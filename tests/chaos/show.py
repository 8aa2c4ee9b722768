"""Progress for a person: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Final, Self

import attrs
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

_LINE_EVERY_SECONDS: Final = 10.0


@attrs.define
class Show:
    """Shows how far each layer is; counts in hundredths of its parts."""

    console: Console = attrs.field(factory=Console)
    _bars: Progress | None = None
    _tasks: dict[str, TaskID] = attrs.field(factory=dict[str, TaskID])
    _over: set[str] = attrs.field(factory=set[str])
    _began: float = attrs.field(factory=time.monotonic)
    _last_line: float = attrs.field(factory=time.monotonic)

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            columns = (TextColumn("{task.description:8}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
            self._bars = Progress(*columns, console=self.console)
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._bars is not None:
            self._bars.stop()

    def say(self, text: str) -> None:
        """Print one line; markup in it means nothing."""
        if self._bars is None:
            sys.stdout.write(f"[{time.monotonic() - self._began:5.0f} s] {text}\n")
            sys.stdout.flush()
        else:
            self._bars.console.print(text, markup=False, highlight=False)

    def at(self, layer: str, done: float, planned: int) -> None:
        """A layer has done so many of its parts, fractions included."""
        if self._bars is not None:
            if layer not in self._tasks:
                self._tasks[layer] = self._bars.add_task(layer, total=planned)
            self._bars.update(self._tasks[layer], completed=done)
            return
        now = time.monotonic()
        if done >= planned:
            if layer not in self._over:
                self._over.add(layer)
                self.say(f"{layer}: all {planned} parts")
        elif now - self._last_line >= _LINE_EVERY_SECONDS:
            self._last_line = now
            self.say(f"{layer}: {done:.1f} of {planned} parts")
