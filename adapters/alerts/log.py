"""Alarms into the log: the bell of last resort."""

from __future__ import annotations

from loguru import logger

from ...domain.alarm import Alarm

TEXT_CHARACTERS_MAX = 2_000


class LogAlerts:
    """Writes each alarm as one log line, CRITICAL or WARNING as the alarm is.

    The library is silent until the host calls ``logger.enable("surefill")``: a host that does not needs alerts of its
    own. The facts are bound to the record as ``alarm_kind``, ``alarm_at_ms``, ``symbol`` and ``signal_id``, for sinks
    that filter or forward.
    """

    def __call__(self, alarm: Alarm) -> None:
        """Write *alarm*; it never raises for what the alarm says."""
        bound = logger.bind(
            alarm_kind=alarm.kind.name, alarm_at_ms=alarm.at_ms, symbol=alarm.symbol, signal_id=alarm.signal_id
        )
        about = " ".join(part for part in (alarm.symbol, alarm.signal_id) if part is not None)
        # Arguments, never part of the format: a signal id may hold braces.
        bound.log(
            alarm.severity.value,
            "{}{}: {}",
            alarm.kind.name,
            f" [{one_line(about)}]" if about else "",
            one_line(alarm.text),
        )


def one_line(text: str) -> str:
    """Return *text* cut to a bearable length, everything unprintable escaped: it cannot forge a second log line."""
    shown = "".join(
        character if character.isprintable() else ascii(character)[1:-1] for character in text[:TEXT_CHARACTERS_MAX]
    )
    return shown if len(text) <= TEXT_CHARACTERS_MAX else f"{shown}… ({len(text)} characters)"
