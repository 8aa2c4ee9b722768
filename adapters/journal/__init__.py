"""Journals: the durable one on SQLite, and one in memory under the same contract."""

from .memory import MemoryJournal
from .sqlite import SqliteJournal

__all__ = ["MemoryJournal", "SqliteJournal"]
