"""The contract of the Journal port as a test suite: whoever writes a journal proves it in one line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from surefill.ports.journal import Journal
from surefill.testing.journal_record_cases import RecordCases
from surefill.testing.journal_store_cases import StoreCases


class JournalContract(RecordCases, StoreCases):
    """Cases J01 to J22. A subclass, made by `journal_contract`, says where journals come from."""


def journal_contract(factory: Callable[[Path], Journal]) -> type[JournalContract]:
    """Return a pytest class that holds a journal to its port.

    *factory* opens the journal that lies in a folder, or begins one; each case gets a new folder::

        TestMyJournal = journal_contract(lambda folder: MyJournal(folder / "journal"))

    The name must begin with ``Test`` for pytest to find it.
    """

    class Contract(JournalContract):
        """The contract over the journals of one factory."""

        def open(self, folder: Path) -> Journal:
            """Open the journal in *folder*."""
            return factory(folder)

    return Contract
