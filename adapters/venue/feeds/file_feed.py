"""What the feeds that read a file have in common: an iterator that knows how far it is and what it left out."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Generic, Self, TypeVar

from ..quotes import Candle, Quote
from .lines import LineReader

Item_co = TypeVar("Item_co", bound=Quote | Candle, covariant=True)


class FileFeed(ABC, Generic[Item_co]):
    """An iterator over the items of one file, good for one pass; the file is open only while it is consumed.

    `skipped` counts, by reason, what the file contained but the feed left out. The rest is as in `LineReader`.
    """

    def __init__(self, path: Path | str) -> None:
        self._reader = LineReader(path)
        self._items: Iterator[Item_co] = self._read(self._reader)
        self.skipped: Counter[str] = Counter()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Item_co:
        return next(self._items)

    @property
    def line(self) -> int:
        """Return the number of the line read last; reading may be ahead of the item returned last."""
        return self._reader.line

    @property
    def bytes_read(self) -> int:
        """Return how many bytes of the file (packed, if it is) were read."""
        return self._reader.bytes_read

    @property
    def total_bytes(self) -> int:
        """Return the size of the file; 0 before the first item."""
        return self._reader.total_bytes

    @abstractmethod
    def _read(self, reader: LineReader) -> Iterator[Item_co]:
        """Yield the items; it runs only after the subclass is built, as nothing happens before the first item."""
