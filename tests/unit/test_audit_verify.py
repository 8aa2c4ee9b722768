"""Reading audit files back: whether they are whole, and what they say."""

import json
import pathlib
from collections.abc import Callable, Iterator
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loguru import logger

from surefill.adapters.audit import AuditVerdict, JsonLinesAudit, audit_files, read, verify
from surefill.adapters.audit.line import LINE_BYTES_MAX
from surefill.adapters.audit.verdict import fields_of
from surefill.domain.audit_record import AuditRecord, AuditType
from surefill.domain.errors import JournalError

NOON_MS = 1_795_348_800_000  # 2026-11-22T12:00:00Z
DAY_MS = 86_400_000


def _write(folder: pathlib.Path, *at_ms: int, tag: str = "a") -> pathlib.Path:
    with JsonLinesAudit(folder, tag=tag) as audit:
        for moment in at_ms:
            audit.write(AuditRecord(moment, AuditType.REPORTED, f"by {tag}", "paper"))
        assert audit.path is not None
        return audit.path


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    """A whole file of three lines."""
    return _write(tmp_path, NOON_MS, NOON_MS + 1, NOON_MS + 2)


def test_a_whole_file_is_whole(path: pathlib.Path) -> None:
    """Every line counts, and the verdict says when it began and ended."""
    verdict = verify(path)

    assert verdict == AuditVerdict(3, "2026-11-22T12:00:00.000Z", "2026-11-22T12:00:00.002Z")
    assert verdict.whole


def test_an_empty_file_is_whole(tmp_path: pathlib.Path) -> None:
    """Nothing is missing in nothing."""
    path = tmp_path / "empty.jsonl"
    path.touch()

    assert verify(path) == AuditVerdict(0, None, None)


def test_the_chain_can_be_checked_by_anybody(path: pathlib.Path) -> None:
    """Numbers rise by one from 1, and each hash is SHA-256 of the line before without its newline."""
    lines = path.read_bytes().split(b"\n")[:-1]

    assert [json.loads(line)["seq"] for line in lines] == [1, 2, 3]
    assert [json.loads(line)["prev_hash"] for line in lines] == [
        "0" * 64,
        sha256(lines[0]).hexdigest(),
        sha256(lines[1]).hexdigest(),
    ]


def _lines(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[bytes], bytes]:
    return lambda content: b"".join(change(content.splitlines(keepends=True)))


@pytest.mark.parametrize(
    ("change", "line", "problem"),
    [
        (lambda content: content[:-1], 3, "torn"),
        (lambda content: content[:-50], 3, "torn"),
        (_lines(lambda lines: [lines[0], lines[2]]), 2, "seq should be 2, was 3"),
        (_lines(lambda lines: [lines[0], lines[2], lines[1]]), 2, "seq should be 2, was 3"),
        (_lines(lambda lines: lines[1:]), 1, "seq should be 1, was 2"),
        (_lines(lambda lines: [*lines[:2], lines[1]]), 3, "seq should be 3, was 2"),
        (lambda content: content.replace(b"by a", b"by b", 1), 2, "one of the two was changed"),
        (lambda content: content.replace(b'"prev_hash":"0', b'"prev_hash":"1', 1), 1, "one of the two was changed"),
        (_lines(lambda lines: [lines[0], b"\n", *lines[1:]]), 2, "not a JSON object"),
        (_lines(lambda lines: [lines[0], b"[1]\n"]), 2, "not a JSON object"),
        (_lines(lambda lines: [lines[0], b"[" * 60_000 + b"\n"]), 2, "not a JSON object"),
        (_lines(lambda lines: [lines[0], b"\xff\xfe\n"]), 2, "not a JSON object"),
        (_lines(lambda lines: [lines[0], b'{"seq":2}\n']), 2, "fields are not those of an audit line: 'seq'"),
        (_lines(lambda lines: [lines[0], b"x" * LINE_BYTES_MAX + b"\n"]), 2, "longer than 65536 bytes"),
    ],
    ids=[
        "newline",
        "half",
        "gap",
        "swapped",
        "beheaded",
        "doubled",
        "changed",
        "unchained",
        "blank",
        "list",
        "deep",
        "bytes",
        "fields",
        "long",
    ],
)
def test_the_first_problem_is_found(
    path: pathlib.Path, change: Callable[[bytes], bytes], line: int, problem: str
) -> None:
    """What is missing, torn, out of order, changed or foreign is named, with its line; sound lines before it count."""
    path.write_bytes(change(path.read_bytes()))

    verdict = verify(path)

    assert (verdict.whole, verdict.line, verdict.lines) == (False, line, line - 1)
    assert verdict.problem is not None
    assert problem in verdict.problem


@given(data=st.data())
def test_no_changed_byte_passes_unseen(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Any byte changed before the last line breaks the file's wholeness."""
    path = _write(tmp_path_factory.mktemp("audit"), NOON_MS, NOON_MS + 1, NOON_MS + 2)
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, content.rindex(b"\n", 0, -1)))
    content[place] = data.draw(st.integers(0, 255).filter(lambda byte: byte != content[place]))
    path.write_bytes(content)

    assert not verify(path).whole


@given(st.binary(max_size=300))
def test_any_bytes_get_a_verdict(content: bytes) -> None:
    """A line of any bytes is an object or none, never an error."""
    found = fields_of(content)

    assert found is None or isinstance(found, dict)


def test_what_cannot_be_read_is_an_error(tmp_path: pathlib.Path) -> None:
    """A file or folder that is not there is reported, not taken for an empty log."""
    with pytest.raises(JournalError, match="cannot be read"):
        verify(tmp_path / "missing.jsonl")
    with pytest.raises(JournalError, match="cannot be read"):
        audit_files(tmp_path / "missing")
    with pytest.raises(JournalError, match="cannot be read"):
        list(read(tmp_path / "missing"))


def test_a_file_that_goes_away_is_an_error(tmp_path: pathlib.Path) -> None:
    """A record that cannot be read any more is not passed over."""
    path = _write(tmp_path, NOON_MS)
    path.unlink()
    path.mkdir()

    with pytest.raises(JournalError, match="cannot be read"):
        list(read(tmp_path))


def test_files_are_listed_oldest_first(tmp_path: pathlib.Path) -> None:
    """Only audit files are, whatever else lies beside them."""
    later = _write(tmp_path, NOON_MS + DAY_MS)
    sooner = _write(tmp_path, NOON_MS)
    for name in ("audit-2026-11-22-a.jsonl.torn", "audit.jsonl", "notes.txt", "audit-2026-11-22-a.jsonl.gz"):
        (tmp_path / name).touch()

    assert audit_files(str(tmp_path)) == (sooner, later)


def test_records_of_all_processes_come_in_order_of_time(tmp_path: pathlib.Path) -> None:
    """Files of one day are merged by time, days follow each other, and each record is there once."""
    _write(tmp_path, NOON_MS, NOON_MS + 20, NOON_MS + DAY_MS, tag="a")
    _write(tmp_path, NOON_MS + 10, NOON_MS + 30, NOON_MS + DAY_MS - 1, tag="b")

    assert [(fields["operation"], fields["seq"]) for fields in read(tmp_path)] == [
        ("by a", 1),
        ("by b", 1),
        ("by a", 2),
        ("by b", 2),
        ("by b", 1),
        ("by a", 1),
    ]
    assert [fields["timestamp"] for fields in read(tmp_path)] == sorted(str(f["timestamp"]) for f in read(tmp_path))


@pytest.fixture
def warnings() -> Iterator[list[str]]:
    """What was logged at WARNING or above."""
    logger.enable("surefill")
    texts: list[str] = []
    logger.add(lambda message: texts.append(str(message)), level="WARNING", format="{message}")
    yield texts
    logger.remove()


def test_a_damaged_line_is_passed_over_with_a_warning(path: pathlib.Path, warnings: list[str]) -> None:
    """People still read the rest; the log says what they do not see."""
    content = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(content[0] + b"not json\n" + content[2])

    assert [fields["seq"] for fields in read(path.parent)] == [1, 3]
    assert len(warnings) == 1
    assert "line 2" in warnings[0]
