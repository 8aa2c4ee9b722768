import json
from decimal import Decimal
from pathlib import Path

import pytest

from surefill.cli.signals_file import read_signals
from surefill.domain.side import SignalType
from surefill.wiring import FeedError
from tests.cli.files import COLUMNS, START_MS, SYMBOL

LONG = {
    "id": "a",
    "at": START_MS,
    "symbol": SYMBOL,
    "type": "LONG_ENTRY",
    "quantity": "0.50",
    "stop_loss": "90",
    "take_profit": "110",
}
CSV = f"a,{START_MS},{SYMBOL},LONG_ENTRY,0.50,90,110"


def written(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def refusal(path: Path) -> str:
    with pytest.raises(FeedError) as caught:
        read_signals(path, SYMBOL)
    return str(caught.value).removeprefix(str(path))


def test_json_and_csv_say_the_same(tmp_path: Path) -> None:
    """One signal in either form is one signal, told apart by the first character of the file and nothing else."""
    from_csv = read_signals(written(tmp_path / "a.jsonl", COLUMNS, CSV), SYMBOL)
    from_json = read_signals(written(tmp_path / "a.csv", json.dumps(LONG)), SYMBOL)

    (first,), (second,) = from_csv, from_json
    assert (first.signal, first.quantity, first.at_ms) == (second.signal, second.quantity, second.at_ms)
    assert (first.line, second.line) == (2, 1)
    assert first.quantity == Decimal("0.50")
    assert first.signal.stop_loss == Decimal(90)
    assert first.signal.created_ms == START_MS


def test_columns_may_stand_in_any_order(tmp_path: Path) -> None:
    """Names in the first line decide, quotes and blanks around cells are no part of them, blank lines no lines."""
    lines = (
        " type, take_profit,stop_loss,quantity ,symbol,at,id",
        "",
        f'LONG_ENTRY,110,90,0.50,{SYMBOL},{START_MS},"a"',
        "   ",
    )

    assert read_signals(written(tmp_path / "s.csv", *lines), SYMBOL)[0].signal.id == "a"


def test_numbers_in_json_keep_their_digits(tmp_path: Path) -> None:
    """A JSON number is read by its digits, never as a float."""
    line = (
        f'{{"id": "a", "at": {START_MS}, "symbol": "{SYMBOL}", "type": "LONG_ENTRY", "quantity": 0.10000000000000001}}'
    )

    assert read_signals(written(tmp_path / "s", line), SYMBOL)[0].quantity == Decimal("0.10000000000000001")


def test_closes_need_only_who_when_and_what(tmp_path: Path) -> None:
    """A close may leave quantity, stop and target empty, null, or out."""
    lines = (COLUMNS, f"c,{START_MS},{SYMBOL},CLOSE_LONG,,,")
    (from_csv,) = read_signals(written(tmp_path / "s.csv", *lines), SYMBOL)
    close = {"id": "c", "at": START_MS, "symbol": SYMBOL, "type": "CLOSE_LONG", "stop_loss": None}
    (from_json,) = read_signals(written(tmp_path / "s.jsonl", json.dumps(close)), SYMBOL)

    assert from_csv.quantity is None
    assert from_csv.signal == from_json.signal
    assert from_csv.signal.type is SignalType.CLOSE_LONG


def test_the_same_decision_may_be_repeated(tmp_path: Path) -> None:
    """A line with a known id and the same contents is kept: a host repeats itself, too."""
    later = CSV.replace(str(START_MS), str(START_MS + 5)).replace("0.50", "0.5")

    assert [each.line for each in read_signals(written(tmp_path / "s.csv", COLUMNS, CSV, later), SYMBOL)] == [2, 3]


@pytest.mark.parametrize(
    ("lines", "place", "words"),
    [
        ((), ":1", "holds no signal"),
        ((COLUMNS,), ":1", "holds no signal"),
        ((COLUMNS.replace(",at", ""),), ":1", "missing column at"),
        ((COLUMNS.replace(",take_profit", ""),), ":1", "missing column take_profit"),
        ((f"{COLUMNS},note",), ":1", "unknown column 'note'"),
        ((f"{COLUMNS},at",), ":1", "column at appears 2 times"),
        ((COLUMNS, CSV + ",1"), ":2", "8 columns, not 7"),
        ((COLUMNS, CSV.rpartition(",")[0]), ":2", "6 columns, not 7"),
        ((COLUMNS, f'"a"b{CSV[1:]}'), ":2", "quoting is broken"),
        ((COLUMNS, CSV.replace("0.50", "1e3")), ":2", "quantity: must be a number in plain"),
        ((COLUMNS, CSV.replace("0.50", "0")), ":2", "quantity: must be greater than zero"),
        ((COLUMNS, CSV.replace("0.50", "")), ":2", "quantity was empty"),
        ((COLUMNS, CSV.replace(",90,", ",90_0,")), ":2", "stop_loss: must be a number"),
        ((COLUMNS, CSV.replace(",90,", ",120,")), ":2", "stop_loss, take_profit: a LONG_ENTRY needs"),
        ((COLUMNS, CSV.replace("LONG_ENTRY", "long")), ":2", "type must be one of LONG_ENTRY, SHORT_ENTRY"),
        ((COLUMNS, CSV.replace(SYMBOL, "ETHUSDT")), ":2", "the signal is of 'ETHUSDT', not BTCUSDT"),
        ((COLUMNS, CSV.replace(str(START_MS), "1700000000")), ":2", "at must be milliseconds"),
        ((COLUMNS, CSV.replace(str(START_MS), "")), ":2", "at was empty"),
        ((COLUMNS, CSV.replace("a,", ",", 1)), ":2", "id was empty"),
        (
            (COLUMNS, CSV, CSV.replace(str(START_MS), str(START_MS - 1))),
            ":3",
            "at is earlier than the line above it (2)",
        ),
        ((COLUMNS, CSV, CSV.replace("110", "111")), ":3", "id 'a' stood in line 2 with other contents"),
        (('{"id": "a"',), ":1", "the line was no JSON"),
        (("{" * 100_000,), ":1", "the line was no JSON"),
        (('{"id": "a", "id": "b"}',), ":1", "a field appears twice"),
        ((json.dumps(LONG), "[1]"), ":2", "no JSON object"),
        ((json.dumps({**LONG, "note": 1}),), ":1", "unknown column 'note'"),
        ((json.dumps({name: value for name, value in LONG.items() if name != "type"}),), ":1", "missing column type"),
        ((json.dumps({**LONG, "id": ["a"]}),), ":1", "id must be text, was list"),
        ((json.dumps({**LONG, "id": "\n"}),), ":1", "id: must be printable"),
        ((json.dumps({**LONG, "quantity": True}),), ":1", "quantity: must be a Decimal, an int or a str"),
        ((json.dumps({**LONG, "quantity": float("nan")}),), ":1", "quantity: must be a number"),
        ((json.dumps({**LONG, "at": "2026-11-22T10:00:00"}),), ":1", "time zone"),
        ((json.dumps({**LONG, "type": {}}),), ":1", "type must be one of"),
        ((COLUMNS, "x" * 1_100_000), ":2", "the line was longer than"),
    ],
)
def test_a_bad_file_is_refused_with_line_and_reason(
    tmp_path: Path, lines: tuple[str, ...], place: str, words: str
) -> None:
    """Every defect names the file, the line and what is wrong with it."""
    path = tmp_path / "s.csv"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    text = refusal(path)

    assert text.startswith(f"{place}: ")
    assert words in text


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """A file that is not there is named, with what the system says."""
    assert "could not be read" in refusal(tmp_path / "nothing.csv")
