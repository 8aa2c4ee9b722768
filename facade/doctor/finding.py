"""What the doctor found: one line about one thing."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

import attrs

from surefill.domain.errors import (
    AuthenticationError,
    ClockSkewError,
    ExchangeUnavailableError,
    RateLimitedError,
    SurefillError,
)


class Verdict(IntEnum):
    """How bad it is; the worst one is the exit code."""

    OK = 0
    WARNING = 1
    PROBLEM = 2


@attrs.frozen
class Finding:
    """One thing looked at.

    Attributes:
        name: the thing, always the same word for the same check.
        verdict: ok; a warning, also for what could not be looked at; or a problem, with which trading must not start.
        text: what was seen.
        advice: what to do; empty when there is nothing to do.
    """

    name: str
    verdict: Verdict
    text: str
    advice: str = ""


def ok(name: str, text: str, advice: str = "") -> Finding:
    """Everything is as it has to be."""
    return Finding(name, Verdict.OK, text, advice)


def warning(name: str, text: str, advice: str) -> Finding:
    """It works, and somebody should look at it."""
    return Finding(name, Verdict.WARNING, text, advice)


def problem(name: str, text: str, advice: str) -> Finding:
    """It does not work, or would fail when it matters."""
    return Finding(name, Verdict.PROBLEM, text, advice)


def skipped(name: str, why: str, advice: str) -> Finding:
    """It was not looked at, which is no reason for calm."""
    return warning(name, f"not checked: {why}", advice)


def failed(name: str, error: SurefillError) -> Finding:
    """The exchange, or the configuration, did not let us look."""
    return problem(name, str(error), _ADVICE.get(type(error), "mend what the text says, and run the doctor again"))


def worst(findings: Iterable[Finding]) -> Verdict:
    """Return the verdict over all of them."""
    return max((finding.verdict for finding in findings), default=Verdict.OK)


_ADVICE: dict[type[SurefillError], str] = {
    AuthenticationError: (
        "look at the key at Binance: does it belong to this environment, are reading and futures enabled, is this "
        "machine's address on its list?"
    ),
    ClockSkewError: "set this machine's clock (NTP), and look at the way to the exchange: answers come too late",
    ExchangeUnavailableError: "look at the network, the proxy, the exchange's status page: nothing can be traded now",
    RateLimitedError: "wait as long as the text says; if it repeats, find out who else sends from this address",
}
