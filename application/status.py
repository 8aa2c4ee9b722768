"""How the manager stands: for people, and for a host's health check."""

from __future__ import annotations

import attrs

from ..domain.budget import Capacity
from ..domain.halt import HaltLevel
from .desk import Desk
from .duties import Duty, duties


@attrs.frozen(kw_only=True)
class Status:
    """A look at the whole desk.

    Attributes:
        environment: paper, local, testnet or live.
        at_ms: exchange time.
        halt_level: the kill switch.
        halt_reason: why it was set.
        halt_outside: it was set from outside and is released there, not by `resume()`.
        own_halt_level: the halt from inside, which only `resume()` releases, also behind a stronger one from outside.
        frozen: symbols closed to entries, with the reason.
        duties: what is left to do, soonest first.
        capacity: the request budget.
        journal_failure: why the journal cannot be written; None when it can.
        audit_failure: why the audit log cannot be written; None when it can.
        guarded: somebody watches: a guarding() thread, or the host by its word.
        closing: the manager is closing.
    """

    environment: str
    at_ms: int
    halt_level: HaltLevel
    halt_reason: str
    halt_outside: bool
    own_halt_level: HaltLevel
    frozen: tuple[tuple[str, str], ...]
    duties: tuple[Duty, ...]
    capacity: Capacity
    journal_failure: str | None
    audit_failure: str | None
    guarded: bool
    closing: bool


def status(desk: Desk) -> Status:
    """Look at the whole desk; no request is sent."""
    frozen = dict(desk.book.frozen)
    for symbol in desk.symbols():
        for leg in desk.open_questions(symbol):
            frozen.setdefault(symbol, f"nobody knows yet whether {leg.client_id} was executed")
    return Status(
        environment=desk.exchange.environment,
        at_ms=desk.now_ms(),
        halt_level=desk.book.halt_level,
        halt_reason=desk.book.halt_reason,
        halt_outside=desk.book.halt_outside,
        own_halt_level=HaltLevel.NONE if desk.book.own_halt is None else desk.book.own_halt.level,
        frozen=tuple(frozen.items()),
        duties=duties(desk),
        capacity=desk.exchange.capacity(),
        journal_failure=desk.journal_failure,
        audit_failure=desk.audit_failure,
        guarded=not desk.exchange.real_time or desk.host_guards or desk.guards > 0,
        closing=desk.closing,
    )
