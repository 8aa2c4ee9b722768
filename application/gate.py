"""The one place that decides whether an entry may start, in one fixed order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

import attrs

from ..domain.alarm import AlarmKind
from ..domain.bracket import Bracket
from ..domain.budget import ENTRY_WORST_CASE
from ..domain.events import Halted, Resumed
from ..domain.halt import HaltLevel
from ..domain.instrument import Instrument
from ..domain.limits import EntryFacts
from ..domain.numbers import EXACT, magnitude
from ..domain.order import ZERO, Purpose
from ..domain.refusal import Declined, Refusal
from ..domain.side import position_side
from ..domain.signal import Signal
from ..domain.snapshot import Reference, Snapshot
from .desk import Desk
from .quota import room_for_legs
from .takeover import half_known

MINUTE_MS = 60_000
DAY_MS = 86_400_000


@attrs.frozen(kw_only=True)
class Facts:
    """What was read from the exchange before an entry: everything the decision needs, nothing it does not."""

    instrument: Instrument
    snapshot: Snapshot
    reference: Reference


def admit(desk: Desk, signal: Signal) -> Declined | None:
    """Judge an entry by what is known without asking the exchange. First refusal wins."""
    for check in _CHECKS:
        declined = check(desk, signal)
        if declined is not None:
            return declined
    return None


def obey_kill_switch(desk: Desk) -> HaltLevel:
    """Take over what the outer kill switch says, and return the level in force."""
    order = desk.kill_switch() if desk.kill_switch is not None else None
    if order is not None and order.level > desk.book.halt_level:
        desk.record(Halted(desk.now_ms(), order.level, order.reason, outside=True), vital=True)
        desk.alarm(AlarmKind.HALTED, f"halted at {order.level.name} from outside: {order.reason}")
    elif order is None and desk.book.halt_outside:
        own = desk.book.own_halt
        released = Resumed(desk.now_ms(), "the halt from outside was taken away")
        desk.record(released if own is None else attrs.evolve(own, at_ms=desk.now_ms()), vital=True)
    return desk.book.halt_level


def admit_plan(desk: Desk, signal: Signal, facts: Facts, bracket: Bracket) -> Declined | None:
    """Judge a planned entry by what the exchange shows, and by every limit: the last word before it is sent."""
    foreign = desk.symbol_book(signal.symbol).foreign(facts.snapshot)
    if foreign and not desk.protection.allow_foreign_position:
        sizes = ", ".join(f"{size} {direction.value}" for direction, size in foreign.items())
        return Declined(
            Refusal.FOREIGN_POSITION,
            f"{signal.symbol} holds {sizes} that is not ours; close it, or set "
            "ProtectionPolicy(allow_foreign_position=True)",
        )
    return room_for_legs(desk, bracket) or desk.limits.check(entry_facts(desk, signal, facts, bracket))


def entry_facts(desk: Desk, signal: Signal, facts: Facts, bracket: Bracket) -> EntryFacts:
    """Gather what the limits are held against; what costs a read is read only for a limit that is on.

    Raises:
        OrderExecutionError, AuthenticationError: the exchange did not answer.
    """
    now = desk.now_ms()
    limits = desk.limits
    held = facts.snapshot.position(position_side(facts.snapshot.mode, bracket.direction))
    return EntryFacts(
        symbol=signal.symbol,
        direction=bracket.direction,
        quantity=bracket.quantity,
        mark=facts.reference.mark,
        last=facts.reference.last,
        stop_price=bracket.stop_price,
        held=ZERO if held is None else held.amount,
        exposure=_exposure(desk) if limits.needs_exposure else ZERO,
        leverage=desk.patient.settings(signal.symbol).leverage if limits.needs_leverage else None,
        entries_last_minute=sum(1 for started in desk.entries if now - started.at_ms < MINUTE_MS),
        twin_age_ms=_twin_age(desk, signal, bracket, now),
        realized_today=desk.patient.income(now - now % DAY_MS) if limits.max_daily_loss is not None else ZERO,
        signal_age_ms=None if signal.created_ms is None else now - signal.created_ms,
    )


def _exposure(desk: Desk) -> Decimal:
    notional = ZERO
    for position in desk.patient.positions():
        price = position.entry_price if position.mark_price is None else position.mark_price
        notional = EXACT.add(notional, EXACT.multiply(magnitude(position.amount), price))
    return notional


def _twin_age(desk: Desk, signal: Signal, bracket: Bracket, now: int) -> int | None:
    twins = (
        now - started.at_ms
        for started in desk.entries
        if started.signal_id != signal.id
        and (started.symbol, started.direction, started.quantity)
        == (signal.symbol, bracket.direction, bracket.quantity)
    )
    return min(twins, default=None)


def _closing(desk: Desk, _: Signal) -> Declined | None:
    return Declined(Refusal.CLOSING, "the manager is closing") if desk.closing else None


def _halted(desk: Desk, _: Signal) -> Declined | None:
    level, book = obey_kill_switch(desk), desk.book
    if level is HaltLevel.NONE:
        return None
    if not book.halt_outside:
        return Declined(Refusal.HALTED, f"halted at {level.name}: {book.halt_reason}; resume() ends it")
    end = "it ends when that switch is released (`surefill resume`, or its file taken away), not by resume()"
    if book.own_halt is not None:
        end += f"; the halt at {book.own_halt.level.name} from inside, which resume() ends, stands again then"
    return Declined(Refusal.HALTED, f"halted at {level.name} from outside: {book.halt_reason}; {end}")


def _stores(desk: Desk, _: Signal) -> Declined | None:
    failure = desk.journal_failure or desk.audit_failure
    return None if failure is None else Declined(Refusal.STORE_FAILED, failure)


def _guarded(desk: Desk, _: Signal) -> Declined | None:
    if not desk.exchange.real_time or desk.host_guards or desk.guards > 0:
        return None
    return Declined(
        Refusal.UNGUARDED,
        "enter `with manager.guarding():`, or call reconcile() yourself and build with host_guards=True",
    )


def _fresh(desk: Desk, signal: Signal) -> Declined | None:
    if signal.valid_until_ms is not None and desk.now_ms() >= signal.valid_until_ms:
        return Declined(Refusal.STALE, f"valid_until {signal.valid_until} has passed")
    return None


def _frozen(desk: Desk, signal: Signal) -> Declined | None:
    reason = desk.book.frozen.get(signal.symbol)
    if reason is not None:
        return Declined(Refusal.FROZEN, reason)
    if half_known(desk, signal.symbol):
        return Declined(
            Refusal.FROZEN,
            "a bracket was taken over, and its other orders are not known yet; reconcile() goes on asking",
        )
    questions = desk.open_questions(signal.symbol)
    if not questions:
        return None
    return Declined(
        Refusal.FROZEN, f"nobody knows yet whether {questions[0].client_id} was executed; reconcile() goes on asking"
    )


def _overdue(desk: Desk, _: Signal) -> Declined | None:
    late = min(desk.due_ms.values(), default=None)
    if late is None or desk.now_ms() - late <= desk.timings.overdue_ms or not desk.exchange.real_time:
        return None
    text = f"a duty was due {desk.now_ms() - late} ms ago; call reconcile(), or keep guarding() running"
    desk.alarm(AlarmKind.DUTY_OVERDUE, text)
    return Declined(Refusal.OVERDUE, text)


def _traffic(desk: Desk, _: Signal) -> Declined | None:
    """Refuse now what the adapter would refuse at the first read or send, before the id is claimed."""
    now, capacity = desk.now_ms(), desk.exchange.capacity()
    barriers = (
        (capacity.banned_until_ms, Refusal.BANNED, "the exchange has banned this address: stop whatever else sends"),
        (capacity.entries_paused_until_ms, Refusal.RATE_LIMITED, "the exchange asked for a pause"),
        (capacity.entries_broken_until_ms, Refusal.BREAKER, "the exchange failed again and again; its breaker is open"),
    )
    for until_ms, refusal, why in barriers:
        if until_ms is not None and until_ms > now:
            return Declined(refusal, f"{why}; entries may start again in {until_ms - now} ms")
    return None


def _budget(desk: Desk, _: Signal) -> Declined | None:
    capacity = desk.exchange.capacity()
    if capacity.affords(Purpose.ENTRY, ENTRY_WORST_CASE, desk.now_ms()):
        return None
    used = ", ".join(f"{each.name} {each.used}/{each.limit}" for each in capacity.allowances)
    return Declined(Refusal.BUDGET, f"an entry with its whole worst case does not fit: {used}")


_Check = Callable[[Desk, Signal], Declined | None]
_CHECKS: tuple[_Check, ...] = (_closing, _halted, _stores, _guarded, _fresh, _frozen, _overdue, _traffic, _budget)


def checks() -> Iterator[str]:
    """Yield the names of the checks, in the order they are made: for `status()` and for people."""
    return (check.__name__.removeprefix("_") for check in _CHECKS)
