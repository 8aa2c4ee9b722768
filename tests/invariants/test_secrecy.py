from collections.abc import Callable
from pathlib import Path

import pytest

from surefill.domain.alarm import Alarm, AlarmKind
from surefill.domain.audit_record import AuditRecord, AuditType
from surefill.domain.events import Frozen
from surefill.domain.report import Outcome
from surefill.testing.invariants import leaking_files, leaks
from tests.invariants.facts import Scene, report

KEY = "canary/key+000=1"
"""No secret: what a test looks for."""


@pytest.mark.parametrize(
    "form",
    [KEY, "canary%2Fkey%2B000%3D1", KEY.encode().hex(), "Y2FuYXJ5L2tleSswMDA9MQ==", "xxY2FuYXJ5L2tleSswMDA9M2"],
)
def test_a_secret_is_found_in_every_form(form: str) -> None:
    """Plain, percent-encoded, in hex and in base64, among anything else, in texts and in bytes."""
    assert leaks([KEY], f"before {form} after") == ("ca… of 16 characters",)
    assert leaks(["another-key", KEY], b"\xff\x00" + form.encode()) == ("ca… of 16 characters",)


def test_what_holds_no_secret_is_clean() -> None:
    """Parts of it are not it, and lone surrogates are no obstacle."""
    assert leaks([KEY], "canary", "", b"canary/key+000=2", "\ud800") == ()


def test_a_secret_too_short_to_mean_anything_is_refused() -> None:
    """Seven characters turn up by chance."""
    with pytest.raises(ValueError, match="8 characters or more, had 7"):
        leaks(["1234567"], "text")


def test_files_and_folders_are_searched(tmp_path: Path) -> None:
    """Every file below a folder, and each file named."""
    inner = tmp_path / "logs" / "deep"
    inner.mkdir(parents=True)
    (inner / "a.log").write_text(f"key={KEY}")
    (inner / "b.log").write_text("nothing")
    alone = tmp_path / "c.log"
    alone.write_bytes(KEY.encode())

    found = leaking_files([KEY], [tmp_path / "logs", alone, tmp_path / "none"])
    assert [path.name for path, _ in found] == ["a.log", "c.log"]


def an_alarm(scene: Scene) -> None:
    scene.alarms.append(Alarm(AlarmKind.HALTED, 1, KEY))


def a_line(scene: Scene) -> None:
    scene.written.append(AuditRecord(1, AuditType.ALARM, KEY, "paper"))


def a_report(scene: Scene) -> None:
    scene.tell(report(Outcome.REFUSED, text=KEY), 1)


def an_event(scene: Scene) -> None:
    scene.keep(Frozen(1, "BTCUSDT", KEY), 1)


@pytest.mark.parametrize(
    ("add", "source"),
    [(an_alarm, "an alarm"), (a_line, "the audit log"), (a_report, "a report"), (an_event, "the journal")],
)
def test_everything_that_is_told_is_searched(add: Callable[[Scene], None], source: str) -> None:
    """Alarms, audit lines, reports and the journal: each of them is named when it leaks."""
    scene, blind = Scene(secrets=(KEY,)), Scene()
    add(scene)
    add(blind)

    assert scene.found("I8", 5) == [(5, f"a secret stands in {source}")]
    assert blind.found("I8", 5) == []
    assert scene.found("I8", 6) == []
