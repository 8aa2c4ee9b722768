import json
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest

from surefill.domain.errors import OrderRejectedError
from surefill.testing.invariants import Violation
from tests.cli.files import COLUMNS, FLAT, SYMBOL, Inputs, Ran, at, run, signal

FALL = ("100.0", "100.1", "80.0", "81.0")
RISE = ("81.0", "121.0", "80.9", "120.0")
BOTH = ("100.0", "120.0", "80.0", "100.0")


def replayed(capsys: pytest.CaptureFixture[str], inputs: Inputs, *options: str | Path) -> dict[str, Any]:
    ran = run(capsys, "replay", *inputs.options, "--json", *options)
    assert (ran.code, ran.err) == (0, "")
    return cast("dict[str, Any]", ran.json)


def ledger_rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def leaves(value: object) -> list[object]:
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in leaves(item)]
    return [leaf for item in value for leaf in leaves(item)] if isinstance(value, list) else [value]


def test_a_stop_out_is_told_in_full(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """One long that falls through its stop: every field of the object, every number as text."""
    inputs = Inputs.make(tmp_path, [FLAT, FALL, RISE], [signal("a", 0.5, stop="90.04", target="130")])

    result = replayed(capsys, inputs)

    assert list(result) == ["symbol", "from", "to", "events", "signals", "balance", "open_position", "violations"]
    assert (result["symbol"], result["events"]) == (SYMBOL, "3")
    assert (result["from"], result["to"]) == ("2023-11-14T23:00:00.000Z", "2023-11-15T01:59:59.999Z")
    assert result["signals"] == [
        {
            "id": "a",
            "type": "LONG_ENTRY",
            "outcome": "PROTECTED",
            "reason": None,
            "filled_quantity": "1",
            "entry_price": "100.1",
            "exit_price": "89.9",
            "closed_by": "STOP_LOSS",
            "realized_pnl": "-10.2",
            "fees": "0.095",
            "funding": "0",
        }
    ]
    assert result["balance"] == {"start": "10000", "end": "9989.705"}
    assert (result["open_position"], result["violations"]) == (None, [])
    assert all(leaf is None or isinstance(leaf, str) for leaf in leaves(result))


def test_one_candle_over_stop_and_target_hits_the_stop(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """When a candle spans both, the stop comes first, for longs and for shorts."""
    signals = [signal("a", 0.5, stop="90", target="110")]
    long = replayed(capsys, Inputs.make(tmp_path, [FLAT, BOTH, FLAT], signals))["signals"][0]
    signals = [signal("a", 0.5, "SHORT_ENTRY", stop="110", target="90")]
    short = replayed(capsys, Inputs.make(tmp_path, [FLAT, BOTH, FLAT], signals))["signals"][0]

    assert (long["closed_by"], short["closed_by"]) == ("STOP_LOSS", "STOP_LOSS")


def test_every_end_has_its_name(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A target, a close, a flip, and a position that stays: each with its own closed_by and prices."""
    inputs = Inputs.make(
        tmp_path,
        [FLAT, FALL, RISE, ("120.0", "120.1", "119.9", "120.0"), ("120.0", "120.1", "119.9", "120.0")],
        [
            signal("target", 0.5, "SHORT_ENTRY", stop="110", target="90"),
            signal("closed", 1.9, stop="75"),
            signal("close", 3.1, "CLOSE_LONG", quantity=""),
            signal("flipped", 3.2, stop="100"),
            signal("flip", 3.5, "SHORT_ENTRY", stop="130", quantity="2"),
        ],
    )

    result = replayed(capsys, inputs)

    rows = {row["id"]: row for row in result["signals"]}
    assert {name: row["closed_by"] for name, row in rows.items()} == {
        "target": "TAKE_PROFIT",
        "closed": "EXIT",
        "close": None,
        "flipped": "EXIT",
        "flip": None,
    }
    assert {name: row["outcome"] for name, row in rows.items()} == {
        "target": "PROTECTED",
        "closed": "PROTECTED",
        "close": "CLOSED",
        "flipped": "PROTECTED",
        "flip": "PROTECTED",
    }
    assert rows["close"]["exit_price"] == rows["closed"]["exit_price"] == "119.8"
    assert (rows["close"]["entry_price"], rows["close"]["filled_quantity"]) == (None, "1")
    assert (rows["close"]["realized_pnl"], rows["close"]["fees"]) == ("0", "0")
    held = result["open_position"]
    assert held == {
        "side": "SHORT",
        "quantity": "2",
        "entry_price": "119.7",
        "mark_price": "120",
        "unrealized_pnl": "-0.6",
    }


def test_the_end_balance_is_the_sum_of_the_ledger(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Summing the rows that change the wallet, by code that knows nothing else, gives the end balance exactly."""
    inputs = Inputs.make(
        tmp_path,
        [FLAT, FALL, RISE],
        [signal("a", 0.5, stop="90", quantity="0.333"), signal("b", 1.5, stop="79.5", target="100", quantity="0.777")],
    )
    result = replayed(capsys, inputs, "--ledger", tmp_path / "ledger", "--balance", "123.45678901")

    rows = ledger_rows(tmp_path / "ledger")
    wallet = Decimal(0)
    for row in rows:
        if "balance_change" in row:
            wallet += Decimal(row["balance_change"])
            assert Decimal(row["balance_after"]) == wallet
    assert Decimal(result["balance"]["end"]) == wallet
    assert result["balance"]["start"] == "123.45678901"
    fills = [row for row in rows if row["kind"] == "fill"]
    names = {"time_ms", "symbol", "side", "price", "quantity", "fee", "realized_pnl", "client_order_id", "order_id"}
    assert len(fills) == 4
    assert all(names <= fill.keys() for fill in fills)
    for field, column in (("realized_pnl", "realized_pnl"), ("fees", "fee")):
        assert sum(Decimal(row[field]) for row in result["signals"]) == sum(Decimal(fill[column]) for fill in fills)


def test_equal_inputs_give_equal_bytes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Result, ledger and picture of two runs are the same, journal on disk or not; another seed gives other ids."""
    inputs = Inputs.make(tmp_path, [FLAT, FALL, RISE], [signal("a", 0.5, stop="90"), signal("b", 1.5, stop="79.5")])
    runs = []
    for name, more in (("1", []), ("2", ["--state-dir", str(tmp_path / "state")]), ("3", ["--seed", "7"])):
        ledger, picture = tmp_path / f"ledger{name}", tmp_path / f"{name}.png"
        ran = run(capsys, "replay", *inputs.options, "--json", "--ledger", ledger, "--plot", picture, *more)
        runs.append((ran.out, ledger.read_bytes(), picture.read_bytes()))

    assert runs[0] == runs[1]
    assert runs[0][0] == runs[2][0]
    assert runs[0][1] != runs[2][1]
    assert runs[0][2].startswith(b"\x89PNG")


def test_a_tick_comes_before_a_signal_of_the_same_millisecond(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A signal at the very moment a candle opens is judged by that candle's price; an earlier one by the old price."""
    candles = [FLAT, ("110.0", "110.1", "109.9", "110.0"), ("110.0", "110.1", "109.9", "110.0")]
    late = Inputs.make(tmp_path, candles, [signal("a", 1, stop="90")])
    assert replayed(capsys, late, "--ledger", tmp_path / "ledger")["signals"][0]["entry_price"] == "110.2"
    requests = [row["time_ms"] for row in ledger_rows(tmp_path / "ledger") if row["kind"] == "request"]
    assert min(time_ms for time_ms in requests if time_ms > at(0)) == at(1, 20), "its first request left at its moment"

    # The orders of the earlier one arrive after the candle has opened, but it is judged by the price before.
    early = Inputs.make(tmp_path, candles, [signal("a", 1, stop="105", ms=-1_000)])
    assert replayed(capsys, early)["signals"][0]["reason"] == "STOP_CROSSED"


def test_signals_outside_the_data_are_refused_by_name(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Before the first and after the last moment there is no price: NO_DATA; at those moments there is one."""
    inputs = Inputs.make(
        tmp_path,
        [FLAT, FLAT],
        [
            signal("early", 0, stop="90", ms=-1),
            signal("first", 0, stop="90"),
            signal("last", 2, stop="90", ms=-1),
            signal("late", 2, stop="90"),
        ],
    )

    rows = replayed(capsys, inputs)["signals"]

    assert [(row["outcome"], row["reason"]) for row in rows] == [
        ("REFUSED", "NO_DATA"),
        ("PROTECTED", None),
        ("PROTECTED", None),
        ("REFUSED", "NO_DATA"),
    ]


def test_a_repeated_signal_is_one_signal(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The same line again does not trade again; a refused one that is given again may."""
    inputs = Inputs.make(
        tmp_path,
        [FLAT, FALL, RISE],
        [
            signal("twice", 0.2, stop="85"),
            signal("twice", 0.4, stop="85"),
            signal("second", 0.5, "SHORT_ENTRY", stop="99"),
            signal("second", 1.6, "SHORT_ENTRY", stop="99"),
            signal("never", 1.7, stop="999"),
            signal("never", 1.8, stop="999"),
        ],
    )

    rows = {row["id"]: row for row in replayed(capsys, inputs)["signals"]}

    assert list(rows) == ["twice", "second", "never"]
    assert (rows["twice"]["outcome"], rows["twice"]["filled_quantity"]) == ("PROTECTED", "1")
    assert (rows["second"]["outcome"], rows["second"]["reason"]) == ("PROTECTED", None)
    assert (rows["never"]["outcome"], rows["never"]["reason"]) == ("REFUSED", "STOP_CROSSED")


def test_a_thin_book_fills_in_part(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A tenth of a candle's volume is all there is: the rest of an entry is not filled, its stop covers what was."""
    inputs = Inputs.make(tmp_path, [FLAT, FLAT], [signal("a", 0.5, stop="90", quantity="5")], volume="20")
    result = replayed(capsys, inputs, "--ledger", tmp_path / "ledger")

    assert result["signals"][0]["filled_quantity"] == "2"
    stops = [row for row in ledger_rows(tmp_path / "ledger") if row["kind"] == "algo"]
    assert [row["quantity"] for row in stops] == ["2"]


def test_liquidations_are_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A crash through the liquidation price before the stop's fill ends the position as LIQUIDATION."""
    crash = ("60.0", "60.1", "20.0", "21.0")
    inputs = Inputs.make(tmp_path, [FLAT, crash, FLAT, FLAT], [signal("a", 0.5, stop="40", quantity="40")])
    result = replayed(capsys, inputs, "--balance", "1000", "--leverage", "20", "--ledger", tmp_path / "ledger")

    assert (result["signals"][0]["closed_by"], result["open_position"]) == ("LIQUIDATION", None)
    wallet = sum(Decimal(row.get("balance_change", "0")) for row in ledger_rows(tmp_path / "ledger"))
    assert Decimal(result["balance"]["end"]) == wallet >= 0


def test_people_get_tables(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Without --json the outcome is told in words: signals, money, what is open, promises; no colours in a file."""
    inputs = Inputs.make(
        tmp_path, [FLAT, FALL, RISE], [signal("a[b]", 0.5, stop="90"), signal("b", 1.5, stop="79"), signal("c", 9)]
    )
    ran = run(capsys, "replay", *inputs.options)

    assert (ran.code, ran.err) == (0, "")
    for words in (
        "a[b]    LONG_ENTRY  PROTECTED then STOP_LOSS",
        "REFUSED NO_DATA",
        "balance at the end",
        "open at the end: LONG 1 from ",
        "longest without a live stop: 0.040 s   alarms: 0",
        "violations: none",
    ):
        assert words in ran.out
    assert "\x1b" not in ran.out


def test_many_signals_are_counted_not_listed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Beyond thirty signals the table of single ones is left out."""
    inputs = Inputs.make(tmp_path, [FLAT, FLAT], [signal(f"s{number}", 9) for number in range(31)])
    ran = run(capsys, "replay", *inputs.options)

    assert ran.code == 0
    assert "s30" not in ran.out
    assert "31" in ran.out


def test_a_violation_is_exit_code_one(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken promise is shown with time and words, in the object and in the table, and is the exit code."""
    broken = Violation(invariant="I2", time_ms=at(1), text="it was naked", symbol=SYMBOL, signal_id="a")
    monkeypatch.setattr("surefill.testing.invariants.Watch.look", lambda *_, **__: (broken,))
    inputs = Inputs.make(tmp_path, [FLAT, FLAT], [signal("a", 0.5, stop="90")])

    ran = run(capsys, "replay", *inputs.options, "--json")
    told = run(capsys, "replay", *inputs.options)

    assert (ran.code, told.code) == (1, 1)
    assert cast("dict[str, Any]", ran.json)["violations"] == [
        {"invariant": "I2", "time_ms": str(at(1)), "signal_id": "a", "text": "it was naked"}
    ]
    assert "I2       2023-11-15T00:00:00.000Z  a       it was naked" in told.out


def test_defects_of_the_core_are_found(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A build that rounds stops to the looser side and one that never sends them are caught by the replay itself."""
    inputs = Inputs.make(tmp_path, [FLAT, FLAT], [signal("a", 2, stop="90.04", ms=-20_000)])
    with monkeypatch.context() as patch:
        patch.setattr("surefill.domain.grid.TickSize.ceil", lambda tick, price: tick.floor(price))
        looser = run(capsys, "replay", *inputs.options)
    with monkeypatch.context() as patch:
        patch.setattr("surefill.application.protect._place", lambda *_: None)
        patch.setattr("surefill.application.desk.Desk.alarm", lambda *_, **__: None)
        naked = run(capsys, "replay", *inputs.options)

    assert (looser.code, naked.code) == (1, 1)
    assert "I7" in looser.out
    assert "I2" in naked.out


def bad(capsys: pytest.CaptureFixture[str], inputs: Inputs, *options: str | Path) -> Ran:
    before = sorted(inputs.folder.rglob("*"))
    ran = run(capsys, "replay", *inputs.options, "--state-dir", inputs.folder / "state", *options)
    assert (ran.code, ran.out) == (2, "")
    assert sorted(inputs.folder.rglob("*")) == before, "something was written"
    return ran


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("signals.csv", "", "signals.csv:1: the file holds no signal"),
        ("signals.csv", f"{COLUMNS}\n{signal('a', 1, quantity='x')}", "signals.csv:2: quantity: must be"),
        ("signals.csv", f"{COLUMNS}\n{signal('a', 2)}\n{signal('b', 1)}", "signals.csv:3: at is earlier"),
        ("candles.csv", "", "candles.csv:1: the file is empty"),
        ("candles.csv", "open_time,open,high,low,close\n", "candles.csv:1: missing column volume"),
        ("candles.csv", "open_time,open,high,low,close,volume\n1,2,3\n", "candles.csv:2: the row has 3 columns"),
        ("info.json", "nothing", "info.json:1: the file was no JSON"),
        ("info.json", '{"symbols": []}', "info.json:1: none of the 0 symbols listed is 'BTCUSDT'"),
        ("info.json", '{"symbols": [{"symbol": "BTCUSDT"}]}', "info.json:1: BTCUSDT cannot be traded"),
    ],
)
def test_bad_files_leave_nothing_behind(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str, content: str, words: str
) -> None:
    """Whatever file is bad: its name, line and reason, exit code 2, and no output, journal or folder was begun."""
    inputs = Inputs.make(tmp_path, [FLAT, FLAT], [signal("a", 0.5, stop="90")])
    (tmp_path / name).write_text(content, encoding="utf-8")

    ran = bad(capsys, inputs, "--ledger", tmp_path / "ledger", "--plot", tmp_path / "plot.png")

    assert words in ran.err


def test_options_are_checked_before_any_work(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outputs that could not be written, contradictions and bad numbers end at once, with what to do."""
    inputs = Inputs.make(tmp_path, [FLAT, FLAT], [signal("a", 0.5, stop="90")])

    assert "missing or cannot be written" in bad(capsys, inputs, "--ledger", tmp_path / "no" / "ledger").err
    assert "is a directory" in bad(capsys, inputs, "--ledger", tmp_path).err
    assert "to one file" in bad(capsys, inputs, "--ledger", tmp_path / "x", "--plot", tmp_path / "x").err
    assert "either --candles or --stream" in bad(capsys, inputs, "--stream", "x").err
    assert "--balance" in bad(capsys, inputs, "--balance", "-1").err
    assert "--leverage" in bad(capsys, inputs, "--leverage", "0").err
    monkeypatch.setattr("surefill.cli.plot.find_spec", lambda _: None)
    assert 'pip install "surefill[plot]"' in bad(capsys, inputs, "--plot", tmp_path / "x").err


def test_no_market_data_at_all_is_a_usage_error(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Neither candles nor stream: the message names both options."""
    inputs = Inputs.make(tmp_path, [FLAT], [])
    options = inputs.options
    place = options.index("--candles")
    ran = run(capsys, "replay", *options[:place], *options[place + 2 :])

    assert ran.code == 2
    assert "give either --candles or --stream" in ran.err


def test_a_leverage_the_exchange_refuses_is_bad_input(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the exchange does not take the leverage, the replay does not begin."""

    def refuse(*_: object, **__: object) -> None:
        raise OrderRejectedError("code -4028")

    inputs = Inputs.make(tmp_path, [FLAT, FLAT], [signal("a", 0.5, stop="90")])
    monkeypatch.setattr("surefill.application.manager.OrderExecutionManager.set_leverage", refuse)
    ran = run(capsys, "replay", *inputs.options, "--leverage", "99")

    assert (ran.code, "leverage 99 was refused: code -4028" in ran.err) == (2, True)


def test_a_state_directory_keeps_journal_audit_and_balances(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """With --state-dir the run can be looked into later; the same folder is not used twice."""
    inputs = Inputs.make(tmp_path, [FLAT, FALL, RISE], [signal("a", 0.5, stop="90")])
    state = tmp_path / "state"

    assert run(capsys, "replay", *inputs.options, "--state-dir", state).code == 0
    assert run(capsys, "audit", "verify", "--state-dir", state).code == 0
    balance = cast("dict[str, Any]", run(capsys, "balance", "--state-dir", state, "--json").json)
    again = run(capsys, "replay", *inputs.options, "--state-dir", state)

    assert balance["balances"] == {"USDT": {"start": "10000", "end": "9989.60505"}}
    assert (again.code, "holds a journal already" in again.err) == (2, True)


def test_an_audit_folder_alone_keeps_the_audit_log(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """--audit-dir without --state-dir writes the audit log and no journal."""
    inputs = Inputs.make(tmp_path, [FLAT, FLAT], [signal("a", 0.5, stop="90")])

    assert run(capsys, "replay", *inputs.options, "--audit-dir", tmp_path / "audit").code == 0
    assert {path.suffix for path in (tmp_path / "audit").iterdir()} == {".jsonl"}


def test_a_stream_replays_like_candles(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Raw stream messages drive the same exchange: a target between two trades is hit."""
    inputs = Inputs.make(tmp_path, [FLAT], [signal("a", 0, stop="90", target="105", ms=1_500)])
    lines = []
    for second, price in enumerate(["100.0", "100.0", "100.0", "104.0", "106.0", "106.0"]):
        event = {"e": "trade", "E": at(0, second * 1000), "T": 1, "s": SYMBOL, "p": price, "q": "1", "X": "MARKET"}
        lines.append(f"{1_700_000_000_000_000_000 + second} {json.dumps(event)}")
    (tmp_path / "stream").write_text("\n".join(lines), encoding="utf-8")
    options = [option for option in inputs.options if option not in ("--candles", str(inputs.candles))]

    ran = run(capsys, "replay", *options, "--stream", tmp_path / "stream", "--json")

    result = cast("dict[str, Any]", ran.json)
    assert (result["events"], result["signals"][0]["closed_by"]) == ("6", "TAKE_PROFIT")


def test_a_failed_picture_leaves_no_ledger(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outputs appear together or not at all: a crash while drawing takes the written ledger back."""

    def fail(*_: object) -> None:
        raise RuntimeError("no ink")

    monkeypatch.setattr("surefill.cli.replay.draw", fail)
    inputs = Inputs.make(tmp_path, [FLAT, FLAT], [signal("a", 0.5, stop="90")])
    before = sorted(tmp_path.iterdir())

    ran = run(capsys, "replay", *inputs.options, "--ledger", tmp_path / "ledger", "--plot", tmp_path / "x.png")

    assert ran.code == 3
    assert "no ink" in ran.err
    assert "a defect of surefill" in ran.err
    assert sorted(tmp_path.iterdir()) == before


def test_violations_are_values() -> None:
    """What was found broken cannot be changed after the fact."""
    with pytest.raises(AttributeError):
        cast("Any", Violation(invariant="I2", time_ms=1, text="", symbol="")).text = "other"


def test_a_stop_hit_by_the_last_trade_is_carried_out(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """What the exchange has pending after the last event still happens, and is cleared up."""
    inputs = Inputs.make(tmp_path, [FLAT], [signal("a", 0, stop="90", target="120", ms=1_500)])
    lines = []
    for second, price in enumerate(["100.0", "100.0", "100.0", "100.0", "89.0"]):
        event = {"e": "trade", "E": at(0, second * 1000), "T": 1, "s": SYMBOL, "p": price, "q": "1", "X": "MARKET"}
        lines.append(f"{1_700_000_000_000_000_000 + second} {json.dumps(event)}")
    (tmp_path / "stream").write_text("\n".join(lines), encoding="utf-8")
    options = [option for option in inputs.options if option not in ("--candles", str(inputs.candles))]

    ran = run(capsys, "replay", *options, "--stream", tmp_path / "stream", "--json", "--ledger", tmp_path / "ledger")

    assert cast("dict[str, Any]", ran.json)["signals"][0]["closed_by"] == "STOP_LOSS"
    last = {row["client_algo_id"]: row["status"] for row in ledger_rows(tmp_path / "ledger") if row["kind"] == "algo"}
    assert sorted(last.values()) == ["CANCELED", "FINISHED"]


def test_a_picture_without_trades_and_with_a_foreign_script(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A symbol that the font cannot write is drawn all the same, and so is a market nobody traded."""
    inputs = Inputs.make(tmp_path, [FLAT, FALL], [signal("a", 0.5, stop="999")])
    for path in (inputs.info, inputs.signals):
        path.write_text(path.read_text(encoding="utf-8").replace(SYMBOL, "测试USDT"), encoding="utf-8")
    options = [option.replace(SYMBOL, "测试USDT") for option in inputs.options]

    ran = run(capsys, "replay", *options, "--plot", tmp_path / "x.png")

    assert (ran.code, ran.err) == (0, "")
    assert (tmp_path / "x.png").stat().st_size > 10_000
