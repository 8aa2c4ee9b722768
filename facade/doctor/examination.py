"""The whole examination: every check that can be made, in a fixed order, and a word about every one that cannot."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final

from surefill.adapters.wire.account import WireExchange
from surefill.doctor import account_checks as account
from surefill.doctor import place_checks as machine
from surefill.doctor import symbol_checks as of_symbol
from surefill.doctor.finding import Finding, failed, ok, problem, skipped, warning
from surefill.doctor.patient import Patient, Place
from surefill.domain.errors import RateLimitedError, SurefillError

ENVIRONMENT: Final = "environment"

_NO_KEY: Final = "there is no API key"
_NO_KEY_ADVICE: Final = "set BINANCE_API_KEY and BINANCE_API_SECRET, or name a key file"
_AGAIN: Final = "mend that first, and run the doctor again"

_Check = Callable[[], Finding]


def examine(patient: Patient, place: Place, symbols: Sequence[str] = ()) -> tuple[Finding, ...]:
    """Look at everything that has to be right before trading, and return a finding for each.

    It places no order and changes no setting; the only cancel it sends names an order that was looked for and not
    found. Without a key it looks at what can be seen without one. What the exchange refuses or does not answer is a
    finding, never raised.

    Args:
        patient: the account.
        place: where its memory is to be kept.
        symbols: whose filters and settings to look at.
    """
    return (
        check_environment(patient),
        *_of_exchange(patient, symbols),
        machine.check_state_dir(place, patient.environment),
        machine.check_journal(place),
        machine.check_audit(place),
        machine.check_halt(place),
    )


def check_environment(patient: Patient) -> Finding:
    """Where requests go, and with which key."""
    text = f"{patient.environment} at {patient.host}; {_key(patient)}"
    if patient.exchange is None:
        return problem(ENVIRONMENT, f"{text}: {patient.failure}", "mend what the text says")
    if patient.key is None:
        return warning(ENVIRONMENT, text, f"{_NO_KEY_ADVICE}: nothing can be traded without")
    return ok(ENVIRONMENT, f"REAL MONEY: {text}" if patient.environment == "live" else text)


def _key(patient: Patient) -> str:
    if patient.key is None:
        return "no key"
    if patient.key_environment is None:
        return f"key {patient.key}, not marked, so never sent to live"
    return f"key {patient.key}, marked {patient.key_environment}"


def _of_exchange(patient: Patient, symbols: Sequence[str]) -> Iterator[Finding]:
    exchange = patient.exchange
    if exchange is None:
        yield from _skip(_names(symbols), "there is no exchange to ask", _AGAIN)
        return
    try:
        yield account.check_clock(exchange, patient.machine)
    except SurefillError as error:
        yield failed(account.CLOCK, error)
        yield from _skip(_names(symbols)[1:-1], "the exchange did not tell its time", _AGAIN)
        if isinstance(error, RateLimitedError):
            yield account.check_budget(exchange)
        else:
            yield from _skip([account.BUDGET], "the exchange told nothing of it", _AGAIN)
        return
    yield from _of_account(exchange, symbols, has_key=patient.key is not None)
    yield account.check_budget(exchange)


def _of_account(exchange: WireExchange, symbols: Sequence[str], *, has_key: bool) -> Iterator[Finding]:
    """Check what needs a key, as far as it is accepted, and what needs none."""
    signed: list[tuple[str, _Check]] = []
    why, advice = _NO_KEY, _NO_KEY_ADVICE
    if has_key:
        try:
            config = exchange.inspection.account()
        except SurefillError as error:
            yield failed(account.KEY, error)
            why, advice = "the exchange did not show the account", _AGAIN
        else:
            yield _tried(account.KEY, partial(account.check_key, exchange, config))
            signed = [
                (account.MODE, partial(account.check_mode, config)),
                (account.ASSETS, partial(account.check_assets, config)),
                (account.CONDITIONALS, partial(account.check_conditionals, exchange)),
            ]
    else:
        yield skipped(account.KEY, why, advice)
    for name, check in signed:
        yield _tried(name, check)
    if not signed:
        yield from _skip((account.MODE, account.ASSETS, account.CONDITIONALS), why, advice)
    for symbol in symbols:
        yield _tried(of_symbol.filters_name(symbol), partial(of_symbol.check_filters, exchange, symbol))
        name = of_symbol.settings_name(symbol)
        if signed:
            yield _tried(name, partial(of_symbol.check_settings, exchange, symbol))
        else:
            yield skipped(name, why, advice)


def _names(symbols: Sequence[str]) -> list[str]:
    """Return the names of all that is asked of the exchange, in order."""
    names = [account.CLOCK, account.KEY, account.MODE, account.ASSETS, account.CONDITIONALS]
    for symbol in symbols:
        names += [of_symbol.filters_name(symbol), of_symbol.settings_name(symbol)]
    return [*names, account.BUDGET]


def _skip(names: Sequence[str], why: str, advice: str) -> Iterator[Finding]:
    for name in names:
        yield skipped(name, why, advice)


def _tried(name: str, check: _Check) -> Finding:
    """Make a check; what it raises is its finding."""
    try:
        return check()
    except SurefillError as error:
        return failed(name, error)
