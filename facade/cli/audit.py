"""``surefill audit``: what happened, in words, in numbers, and whether the record is whole."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click

from surefill.cli.console import console, say_json, table
from surefill.cli.moments import iso
from surefill.cli.option_types import FOLDER
from surefill.cli.state_dir import F, StateDir, json_option, state_dir_option
from surefill.cli.story import Moment, story_of
from surefill.domain.errors import ConfigurationError, JournalError
from surefill.wiring import audit_files, audit_folder, journal_path, read_audit, read_journal, verify_audit

_EXPLAIN_EPILOG: Final = """\b
Exit codes: 0 told, 2 no such signal, or nothing to read.

\b
Example (after `surefill demo`):
  surefill audit explain demo-7-lost-reply --state-dir var/surefill-demo-1
"""
_SUMMARY_EPILOG: Final = """\b
Exit codes: 0 counted, 2 there is no audit log.

\b
Example (after `surefill demo`):
  surefill audit summary --state-dir var/surefill-demo-1
"""
_VERIFY_EPILOG: Final = """\b
A chain proves that nothing between two lines was changed, added or taken out; it cannot see lines cut off at the end.
Exit codes: 0 all whole, 1 something is broken, 2 there is no audit log.

\b
Example (after `surefill demo`):
  surefill audit verify --state-dir var/surefill-demo-1
"""


@click.group()
def audit() -> None:
    """Look into journal and audit log."""


def _audit_dir_option(command: F) -> F:
    return click.option("--audit-dir", type=FOLDER, help="Where the audit log lies, if not in the state directory.")(
        command
    )


@audit.command(epilog=_EXPLAIN_EPILOG)
@click.argument("signal_id")
@state_dir_option
@_audit_dir_option
@json_option
def explain(*, signal_id: str, state_dir: Path, audit_dir: Path | None, as_json: bool) -> None:
    """Tell the story of one signal, in order of time."""
    with StateDir(state_dir).journal() as journal:
        events = journal.events_of(signal_id)
        known = journal.signal_ids()
    story = story_of(events, _records_of(signal_id, _folder(state_dir, audit_dir)))
    if not story:
        near = difflib.get_close_matches(signal_id, known, n=3, cutoff=0.4)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        raise ConfigurationError(f"no signal is called {signal_id!a} in {state_dir}{hint}")
    if as_json:
        told = [{"at": iso(each.at_ms), "source": each.source, "text": each.text} for each in story]
        say_json({"signal_id": signal_id, "story": told})
        return
    _say_story(signal_id, story)


@audit.command(epilog=_SUMMARY_EPILOG)
@state_dir_option
@_audit_dir_option
@json_option
def summary(*, state_dir: Path, audit_dir: Path | None, as_json: bool) -> None:
    """Count what the audit log holds.

    By kind of event, by day, by outcome.
    """
    folder = _folder(state_dir, audit_dir)
    kinds: Counter[str] = Counter()
    days: Counter[str] = Counter()
    outcomes: dict[str, str] = {}
    for record in read_audit(_existing(folder)):
        kinds[str(record.get("event_type"))] += 1
        days[str(record.get("timestamp"))[:10]] += 1
        _note_outcome(outcomes, record)
    counts = {"event_types": kinds, "days": days, "outcomes": Counter(outcomes.values())}
    if as_json:
        say_json({name: dict(sorted(count.items())) for name, count in counts.items()})
        return
    for name, count in counts.items():
        rows = count.most_common() if name != "days" else sorted(count.items())
        console().print(table(None, (name.replace("_", " "), "count"), rows, numbers=("count",)))
        console().print()


@audit.command(epilog=_VERIFY_EPILOG)
@state_dir_option
@_audit_dir_option
@json_option
def verify(*, state_dir: Path, audit_dir: Path | None, as_json: bool) -> int:
    """Check that audit files and journal are whole.

    Every audit file line by line, the journal event by event.
    """
    rows: list[dict[str, object]] = []
    for path in audit_files(_existing(_folder(state_dir, audit_dir))):
        verdict = verify_audit(path)
        rows.append({"file": str(path), "entries": verdict.lines, "line": verdict.line, "problem": verdict.problem})
    rows.append(_journal_verdict(state_dir))
    broken = [row for row in rows if row["problem"] is not None]
    if as_json:
        say_json({"whole": not broken, "files": rows})
        return 1 if broken else 0
    cells = [(row["file"], row["entries"], "whole" if row["problem"] is None else _place(row)) for row in rows]
    console().print(table(None, ("file", "entries", "verdict"), cells, numbers=("entries",)))
    return 1 if broken else 0


def _place(row: Mapping[str, object]) -> str:
    where = "" if row["line"] is None else f"line {row['line']}: "
    return f"BROKEN, {where}{row['problem']}"


def _journal_verdict(state_dir: Path) -> dict[str, object]:
    entries, problem = 0, None
    try:
        with read_journal(state_dir) as journal:
            entries = journal.verify()
    except JournalError as error:
        problem = str(error)
    return {"file": str(journal_path(state_dir)), "entries": entries, "line": None, "problem": problem}


def _note_outcome(outcomes: dict[str, str], record: Mapping[str, object]) -> None:
    """Keep the latest outcome of each signal."""
    response, signal_id = record.get("response"), record.get("signal_id")
    if not isinstance(response, dict) or signal_id is None:
        return
    if record.get("event_type") == "reported":
        outcomes[str(signal_id)] = str(response.get("outcome"))
    elif record.get("event_type") == "bracket_closed":
        outcomes[str(signal_id)] = f"CLOSED {response.get('closed_by', '')}".strip()
    elif record.get("event_type") == "signal_refused":
        outcomes[str(signal_id)] = f"REFUSED {response.get('reason', '')}".strip()


def _say_story(signal_id: str, story: list[Moment]) -> None:
    begin_ms = story[0].at_ms
    rows = [(iso(each.at_ms), f"+{(each.at_ms - begin_ms) / 1000:.3f} s", each.text) for each in story]
    console().print(table(signal_id, ("time", "", "what happened"), rows))


def _records_of(signal_id: str, folder: Path) -> list[Mapping[str, object]]:
    if not folder.is_dir():
        return []
    return [record for record in read_audit(folder) if record.get("signal_id") == signal_id]


def _folder(state_dir: Path, audit_dir: Path | None) -> Path:
    return audit_folder(state_dir) if audit_dir is None else audit_dir


def _existing(folder: Path) -> Path:
    if not folder.is_dir():
        raise ConfigurationError(f"{folder} is missing; name the folder of the audit log with --audit-dir")
    return folder
