"""Alarms in the log."""

from collections.abc import Iterator
from typing import Any

import pytest
from loguru import logger

from surefill.adapters.alerts import LogAlerts
from surefill.domain.alarm import Alarm, AlarmKind
from surefill.ports.alerts import Alerts


@pytest.fixture
def lines() -> Iterator[list[tuple[str, str, dict[str, Any]]]]:
    """What reaches the log: level, message, and what is bound to it."""
    logger.enable("surefill")
    found: list[tuple[str, str, dict[str, Any]]] = []
    logger.add(
        lambda line: found.append((line.record["level"].name, line.record["message"], dict(line.record["extra"]))),
        level="TRACE",
    )
    yield found
    logger.remove()


def test_an_alarm_is_one_line_as_loud_as_it_is(lines: list[tuple[str, str, dict[str, Any]]]) -> None:
    """Each alarm is one line at its own severity, with its facts bound for sinks that forward them."""
    alerts: Alerts = LogAlerts()
    alerts(Alarm(AlarmKind.UNPROTECTED, 5, "no stop", symbol="BTCUSDT", signal_id="s1"))
    alerts(Alarm(AlarmKind.HALTED, 6, "stopped by hand"))

    assert lines == [
        (
            "CRITICAL",
            "UNPROTECTED [BTCUSDT s1]: no stop",
            {"alarm_kind": "UNPROTECTED", "alarm_at_ms": 5, "symbol": "BTCUSDT", "signal_id": "s1"},
        ),
        (
            "WARNING",
            "HALTED: stopped by hand",
            {"alarm_kind": "HALTED", "alarm_at_ms": 6, "symbol": None, "signal_id": None},
        ),
    ]


def test_no_text_forges_a_line_or_a_format(lines: list[tuple[str, str, dict[str, Any]]]) -> None:
    """Line breaks, terminal codes, braces and colour marks in an alarm are shown, not obeyed."""
    LogAlerts()(
        Alarm(AlarmKind.LATE_FILL, 1, "a\nCRITICAL b\x1b[2J\u2028\u202e <red>{symbol}{0}</red> 测试", signal_id="{s}")
    )

    assert [message for _, message, _ in lines] == [
        r"LATE_FILL [{s}]: a\nCRITICAL b\x1b[2J\u2028\u202e <red>{symbol}{0}</red> 测试"
    ]


def test_a_long_text_is_cut_visibly(lines: list[tuple[str, str, dict[str, Any]]]) -> None:
    """A text of any length makes a line of bearable length that says how long it was."""
    LogAlerts()(Alarm(AlarmKind.LATE_FILL, 1, "x" * 5_000))

    (message,) = [message for _, message, _ in lines]
    assert message.endswith("xxx… (5000 characters)")
    assert len(message) < 2_100


def test_nothing_is_said_to_a_host_that_did_not_ask() -> None:
    """A host that has the library's log disabled, as it is from the start, gets no line of its alarms."""
    found: list[str] = []
    logger.disable("surefill")
    logger.add(lambda line: found.append(str(line)), level="TRACE")

    LogAlerts()(Alarm(AlarmKind.UNPROTECTED, 5, "no stop"))

    assert found == []
