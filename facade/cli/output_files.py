"""Files that appear whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path

import attrs

from surefill.domain.errors import ConfigurationError


@attrs.define
class OutputFiles:
    """Writes each file beside its place, and moves all of them there together at the end."""

    _parts: list[tuple[Path, Path]] = attrs.field(factory=list[tuple[Path, Path]])

    @staticmethod
    def check(*places: Path | None) -> None:
        """Refuse what could not be written in the end, before any work is done.

        Raises:
            ConfigurationError: a folder is missing or cannot be written, a folder has that name, or two places are one.
        """
        wanted = [place for place in places if place is not None]
        for place in wanted:
            if place.is_dir():
                raise ConfigurationError(f"{place}: there is a folder of that name; name a file")
            if not place.parent.is_dir() or not os.access(place.parent, os.W_OK):
                raise ConfigurationError(f"{place}: the folder {place.parent} is missing or cannot be written")
        if len({place.resolve() for place in wanted}) < len(wanted):
            raise ConfigurationError(f"{wanted[0]}: two outputs were to be written to one file")

    def lines(self, place: Path, lines: Iterable[str]) -> None:
        """Write text, one line each."""
        with self._part(place).open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(f"{line}\n" for line in lines)

    def drawn(self, place: Path, draw: Callable[[Path], None]) -> None:
        """Let *draw* write the file."""
        draw(self._part(place))

    def commit(self) -> None:
        """Move every file to its place."""
        for part, place in self._parts:
            part.replace(place)
        self._parts.clear()

    def discard(self) -> None:
        """Remove what was written and not moved."""
        with ExitStack() as stack:
            for part, _ in self._parts:
                stack.callback(part.unlink, missing_ok=True)
        self._parts.clear()

    def _part(self, place: Path) -> Path:
        part = place.with_name(f".{place.stem}.{os.getpid()}.part{place.suffix}")
        self._parts.append((part, place))
        return part
