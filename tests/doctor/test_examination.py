"""The whole examination: what is looked at, in which order, and what is said of what cannot be looked at."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from surefill.adapters.wire.call import AnswerLostError, WireAnswer
from surefill.doctor import Finding, Verdict, examine, worst
from tests.doctor.scripts import (
    CONFIG_PATH,
    INFO_PATH,
    LOOK_PATH,
    SETTINGS_PATH,
    SYMBOL,
    TIME_PATH,
    TRADE_PATH,
    found,
    healthy,
    patient,
    place,
)
from tests.wire_script import NOW_MS, Script

NAMES = [
    "environment",
    "clock",
    "key rights",
    "position mode",
    "multi-assets mode",
    "open algo orders",
    f"filters {SYMBOL}",
    f"margin {SYMBOL}",
    "request budget",
    "state directory",
    "journal",
    "audit log",
    "kill switch",
]


def test_a_healthy_account_has_nothing_but_ok(tmp_path: Path) -> None:
    """Where all is as it should be, every check says ok, in a fixed order, and the exit code is 0."""
    findings = examine(patient(healthy()), place(tmp_path), [SYMBOL])

    assert [each.name for each in findings] == NAMES
    assert {each.verdict for each in findings} == {Verdict.OK}
    assert int(worst(findings)) == 0


def test_it_places_nothing_and_changes_nothing(tmp_path: Path) -> None:
    """Of all requests only one is no read: the cancel of an order that was looked for and not found just before."""
    script = healthy()

    examine(patient(script), place(tmp_path), [SYMBOL])

    (change,) = [call for call in script.calls if call.changes]
    assert (change.method, change.path) == TRADE_PATH
    assert change.params["clientAlgoId"] == "doctor-nobody-has-this-order"
    assert not change.params["clientAlgoId"].startswith("sf-")
    before = script.calls[script.calls.index(change) - 1]
    assert (before.method, before.path, before.params["clientAlgoId"]) == (*LOOK_PATH, change.params["clientAlgoId"])
    assert list(tmp_path.iterdir()) == []


def test_without_a_key_it_looks_at_the_rest(tmp_path: Path) -> None:
    """No signed request is made without a key; what needed one is a warning that says why it was not checked."""
    script = healthy()
    keyless = attrs.evolve(patient(script), key=None, key_environment=None)

    findings = found(keyless, tmp_path, SYMBOL)

    assert [call for call in script.calls if call.signed] == []
    skipped = [name for name, each in findings.items() if each.text.startswith("not checked: there is no API key")]
    assert skipped == ["key rights", "position mode", "multi-assets mode", "open algo orders", f"margin {SYMBOL}"]
    assert all(findings[name].verdict is Verdict.WARNING for name in [*skipped, "environment"])
    assert all("BINANCE_API_KEY" in findings[name].advice for name in [*skipped, "environment"])
    assert findings["clock"].verdict is findings[f"filters {SYMBOL}"].verdict is Verdict.OK


def test_an_exchange_that_cannot_be_reached_is_asked_once(tmp_path: Path) -> None:
    """When nobody answers, one problem says so, nothing else is waited for, and the disk is looked at."""
    script = healthy().on(*TIME_PATH, AnswerLostError("no answer within 10 s"))

    findings = found(patient(script), tmp_path, SYMBOL)

    assert len(script.calls) == 1
    assert findings["clock"].verdict is Verdict.PROBLEM
    assert "no answer within 10 s" in findings["clock"].text
    assert [name for name, each in findings.items() if "not checked" in each.text] == NAMES[2:9]
    assert findings["state directory"].verdict is Verdict.OK


def test_a_ban_is_told_with_its_end(tmp_path: Path) -> None:
    """A banned address learns of the ban, and the budget says for how long."""
    ban = WireAnswer(418, {"code": -1003, "msg": f"Way too many requests; IP banned until {NOW_MS + 90_000}."})
    script = healthy().on(*TIME_PATH, ban)

    findings = found(patient(script), tmp_path)

    assert findings["clock"].verdict is findings["request budget"].verdict is Verdict.PROBLEM
    assert findings["request budget"].text.startswith("banned for another 90 s; weight/1m: ")
    assert "wait" in findings["clock"].advice


def test_a_refused_key_is_not_tried_again(tmp_path: Path) -> None:
    """A key the exchange refuses is one problem with what to look at; no other signed request follows."""
    script = healthy().refuse(*CONFIG_PATH, -2015, 401, "Invalid API-key, IP, or permissions for action.")

    findings = found(patient(script), tmp_path, SYMBOL)

    assert [call.path for call in script.calls if call.signed] == [CONFIG_PATH[1]]
    assert findings["key rights"].verdict is Verdict.PROBLEM
    assert "-2015" in findings["key rights"].text
    assert "address" in findings["key rights"].advice
    for name in ("position mode", "multi-assets mode", "open algo orders", f"margin {SYMBOL}"):
        assert findings[name].verdict is Verdict.WARNING
        assert "not checked" in findings[name].text


def test_a_key_that_may_only_read_is_found_out(tmp_path: Path) -> None:
    """A key that reads but may not trade is a problem, although every read succeeds."""
    script = healthy().refuse(*TRADE_PATH, -2015, 401, "Invalid API-key, IP, or permissions for action.")

    findings = found(patient(script), tmp_path)

    assert findings["key rights"].verdict is Verdict.PROBLEM
    assert findings["position mode"].verdict is Verdict.OK


def test_no_exchange_at_all_is_a_problem_with_its_reason(tmp_path: Path) -> None:
    """When no exchange could be built, the reason is told, and whatever needs one is named as not checked."""
    nobody = attrs.evolve(
        patient(Script()), exchange=None, key=None, failure="trading with real money also needs a key"
    )

    findings = found(nobody, tmp_path, SYMBOL)

    assert findings["environment"].verdict is Verdict.PROBLEM
    assert "also needs a key" in findings["environment"].text
    assert all("not checked" in findings[name].text for name in NAMES[1:9])


def test_a_symbol_in_trouble_does_not_hide_the_next_one(tmp_path: Path) -> None:
    """Each symbol asked for has its own two lines, whatever became of the one before."""
    script = healthy().refuse(*SETTINGS_PATH, -1121, text="Invalid symbol.")

    findings = found(patient(script), tmp_path, "NOPEUSDT", SYMBOL)

    assert findings["filters NOPEUSDT"].verdict is findings["margin NOPEUSDT"].verdict is Verdict.PROBLEM
    assert findings[f"filters {SYMBOL}"].verdict is Verdict.OK


def test_unreadable_rules_are_a_problem_not_a_crash(tmp_path: Path) -> None:
    """An answer of another shape than promised is a finding like any other."""
    script = healthy().body(*INFO_PATH, {"symbols": "none"})

    finding = found(patient(script), tmp_path, SYMBOL)[f"filters {SYMBOL}"]

    assert finding.verdict is Verdict.PROBLEM
    assert "could not be read" in finding.text


@pytest.mark.parametrize(
    ("environment", "mark", "words"),
    [
        ("live", "live", "REAL MONEY: live at https://exchange.example; key …abcd, marked live"),
        ("testnet", None, "testnet at https://exchange.example; key …abcd, not marked, so never sent to live"),
    ],
)
def test_the_environment_is_told_with_host_and_key(
    tmp_path: Path, environment: str, mark: str | None, words: str
) -> None:
    """The first line says where requests go, with which key, and whether it is real money."""
    whom = attrs.evolve(patient(healthy(), environment=environment), key_environment=mark)

    assert found(whom, tmp_path)["environment"].text == words


def test_the_worst_finding_is_the_verdict() -> None:
    """One problem among many a good thing decides; nothing found is no reason for alarm."""
    levels = [Finding("a", level, "") for level in Verdict]

    assert worst(levels) is Verdict.PROBLEM
    assert worst(levels[:2]) is Verdict.WARNING
    assert worst([]) is Verdict.OK
