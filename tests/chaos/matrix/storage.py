"""Family H: what the disk under journal and audit log does."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from surefill.domain.alarm import AlarmKind, Severity
from surefill.domain.report import Outcome
from surefill.testing.world import World
from tests.chaos.matrix.case import Aftermath, Armed, Check, Listed
from tests.chaos.matrix.checks import both, fill_told
from tests.chaos.matrix.disk import Trouble, disk_of, on_disk
from tests.chaos.matrix.events import happens
from tests.chaos.matrix.family import Way, fault, proved
from tests.chaos.matrix.steps import ALL, Step

_DAMAGE: Final = "tests/integration/test_sqlite_damage.py"
_FAULTS: Final = "tests/integration/test_sqlite_faults.py"
_JOURNAL: Final = "tests/integration/test_sqlite_journal.py"
_AUDIT: Final = "tests/unit/test_audit_files.py"


def _fails(trouble: Trouble, *, audit: bool = False) -> Callable[[World, Step], Armed]:
    """Return what breaks the disk at a step; in the end it is repaired, and the owner starts anew."""

    def inject(world: World, step: Step) -> Armed:
        disk = disk_of(world)

        def act(world: World) -> bool:
            del world
            disk.journal_trouble, disk.audit_trouble = (None, trouble) if audit else (trouble, None)
            return True

        def heal() -> None:
            disk.heal()
            world.restart()

        armed = happens(world, step, act, heal=heal)
        return Armed(struck=lambda: disk.struck if armed.struck() else 0, heal=heal)

    return inject


def _said_loudly(aftermath: Aftermath) -> Iterable[str]:
    """Ask for a critical alarm that names the store."""
    if not any(a.kind is AlarmKind.STORE_FAILED and a.severity is Severity.CRITICAL for a in aftermath.alarms):
        yield "no critical alarm said that a store failed"


def _no_entry_after(aftermath: Aftermath) -> Iterable[str]:
    """Ask that nothing was entered once the store had failed: an entry needs both stores."""
    failed_ms = min((a.at_ms for a in aftermath.alarms if a.kind is AlarmKind.STORE_FAILED), default=None)
    for carried in aftermath.calls:
        sends = carried.call.method == "POST" and carried.call.path.endswith("/order")
        entering = sends and carried.call.params.get("reduceOnly") != "true"
        if entering and failed_ms is not None and carried.sent_ms > failed_ms:
            yield f"an entry was sent {carried.sent_ms - failed_ms} ms after the store had failed"


def _never_naked(aftermath: Aftermath) -> Iterable[str]:
    """Ask that protection and exits went on."""
    if aftermath.report is not None and aftermath.report.outcome is Outcome.UNPROTECTED:
        yield "the position was left unprotected"


_CORRECT: Final[Check] = both(_said_loudly, _no_entry_after, _never_naked, fill_told)
_QUIET: Final[Check] = both(_never_naked, fill_told)

CASES: Final[tuple[Listed, ...]] = (
    *(
        case
        for number, what, trouble in (
            ("H1", "the disk is full", Trouble.FULL),
            ("H2", "the disk fails to write", Trouble.BROKEN),
            ("H8", "the file system becomes read-only", Trouble.READ_ONLY),
        )
        for case in fault(number, what, Way(steps=ALL, inject=_fails(trouble), expect=_CORRECT, world=on_disk))
    ),
    *fault(
        "H3",
        "the disk fails to sync",
        Way(steps=ALL, inject=_fails(Trouble.SYNC_LOST), expect=_CORRECT, world=on_disk, variant="and loses it"),
        Way(steps=ALL, inject=_fails(Trouble.SYNC_KEPT), expect=_CORRECT, world=on_disk, variant="and keeps it"),
    ),
    proved(
        "H4",
        "a write is cut short",
        f"{_AUDIT}::test_a_failed_write_leaves_nothing_behind",
        f"{_AUDIT}::test_half_a_line_that_stays_is_repaired",
        f"{_FAULTS}::test_a_full_disk_keeps_whole_batches",
    ),
    proved(
        "H5",
        "the last record is torn",
        f"{_DAMAGE}::test_a_torn_log_loses_whole_batches_only",
        f"{_AUDIT}::test_a_torn_line_is_moved_aside",
    ),
    proved(
        "H6",
        "a bit flips",
        f"{_DAMAGE}::test_no_flipped_bit_changes_what_is_told",
        "tests/unit/test_audit_verify.py::test_no_changed_byte_passes_unseen",
    ),
    proved(
        "H7",
        "the journal is taken away or replaced under us",
        f"{_FAULTS}::test_a_file_taken_away_is_noticed",
        f"{_FAULTS}::test_a_second_writer_is_noticed",
        f"{_AUDIT}::test_a_file_changed_under_us_is_opened_anew",
    ),
    *fault(
        "H9",
        "a sync takes long",
        Way(
            steps=frozenset({Step.TIME, Step.EXCHANGE_INFO, Step.SETTINGS, Step.POSITION}),
            inject=_fails(Trouble.STALL),
            expect=fill_told,
            world=on_disk,
            variant="one takes ten seconds, before the entry",
        ),
        Way(steps=ALL, inject=_fails(Trouble.SLOW), expect=fill_told, world=on_disk, variant="each takes a second"),
    ),
    *fault(
        "H10",
        "the audit log fails and the journal does not",
        Way(steps=ALL, inject=_fails(Trouble.FULL, audit=True), expect=_CORRECT, world=on_disk, variant="full"),
        Way(steps=ALL, inject=_fails(Trouble.SYNC_KEPT, audit=True), expect=_CORRECT, world=on_disk, variant="sync"),
    ),
    *fault(
        "H11",
        "the journal fails and the audit log does not",
        Way(steps=ALL, inject=_fails(Trouble.BROKEN), expect=both(_CORRECT, _QUIET), world=on_disk),
    ),
)
