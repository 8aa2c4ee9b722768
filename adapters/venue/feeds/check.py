"""Reading a feed once to the end before anything is done with it, so that a bad line stops nothing half-way."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final

import attrs

from ..quotes import Candle, Quote
from .file_feed import FileFeed

_PROGRESS_EVERY: Final = 1_000


@attrs.frozen
class FeedSummary:
    """What a feed contains: its first and last millisecond, items, lines read (0 if not a file), what it left out."""

    first_ms: int
    last_ms: int
    items: int
    lines: int
    skipped: Mapping[str, int]


def check(
    feed_factory: Callable[[], Iterable[Quote | Candle]], progress: Callable[[int, int], None] | None = None
) -> FeedSummary:
    """Run through a fresh feed of *feed_factory* and say what it holds; the feed's errors pass through.

    *progress* is called now and then with the bytes read and the size of the file, and once at the end; never for a
    feed that is not a file. Raises `ValueError` for a feed without items.
    """
    feed = feed_factory()
    first_ms: int | None = None
    last_ms = items = 0
    for item in feed:
        start_ms, last_ms = (item.at_ms, item.at_ms) if isinstance(item, Quote) else (item.open_ms, item.close_ms)
        first_ms = start_ms if first_ms is None else first_ms
        items += 1
        if progress is not None and items % _PROGRESS_EVERY == 0 and isinstance(feed, FileFeed):
            progress(feed.bytes_read, feed.total_bytes)
    if first_ms is None:
        raise ValueError("the feed is empty; give one with at least one quote or candle")
    if not isinstance(feed, FileFeed):
        return FeedSummary(first_ms, last_ms, items, 0, MappingProxyType({}))
    if progress is not None:
        progress(feed.bytes_read, feed.total_bytes)
    return FeedSummary(first_ms, last_ms, items, feed.line, MappingProxyType(dict(feed.skipped)))
