"""The caller's word beats the guard: what he cancels stays cancelled, and he is told once what it means."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs
import pytest

from surefill.adapters.simulated import Fault
from surefill.domain.alarm import AlarmKind
from surefill.domain.audit_record import AuditType
from surefill.domain.errors import ConfigurationError, ExchangeUnavailableError
from surefill.domain.events import Waived
from surefill.domain.ids import Leg
from surefill.domain.order import OrderKey
from surefill.domain.protection_policy import ProtectionPolicy
from surefill.domain.report import ClosedBy, Outcome
from surefill.domain.snapshot import CancelOutcome
from tests.papers import ACME, BOLT, close, entry, events, held, id_of, paper_desk, restart, resting, stop_by_hand


def test_only_ours_are_cancelled() -> None:
    """Stop and target go, others' orders stay, other symbols are not touched; the position is kept."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    desk.execute(entry("s2", BOLT, stop="1900", target="2100"))
    stop_by_hand(desk.exchange, "theirs")

    report = desk.manager.cancel_all_orders(ACME)

    assert set(report.cancelled) == {id_of("s1", Leg.STOP), id_of("s1", Leg.TARGET)}
    assert (report.failed, report.still_open, report.unprotected) == ((), (), ("s1",))
    assert resting(desk.exchange) == ["?"]
    assert resting(desk.exchange, BOLT) == ["S1", "T1"]
    assert held(desk.exchange) == 1
    assert desk.lines(AuditType.ORDERS_CANCELLED)[-1].operation == "cancel_all_orders"


def test_everyones_are_cancelled_if_asked() -> None:
    """Both services, whoever placed them."""
    desk = paper_desk()
    desk.execute(entry())
    stop_by_hand(desk.exchange, "theirs")

    report = desk.manager.cancel_all_orders(ACME, only_ours=False)

    assert resting(desk.exchange) == []
    assert "theirs" in report.cancelled
    assert len(report.cancelled) == 3
    assert report.unprotected == ("s1",)


def test_what_was_cancelled_so_is_not_put_back() -> None:
    """Waived: one alarm, and the guard leaves it, also after a restart; the report says unprotected."""
    desk = paper_desk()
    desk.execute(entry())

    desk.manager.cancel_all_orders(ACME)
    desk.guard(60)
    after = restart(desk)
    after.manager.reconcile()
    after.guard(60)

    assert resting(desk.exchange) == []
    assert desk.kinds() == [AlarmKind.WAIVED]
    assert after.alarms == []
    assert len(events(desk.journal, "s1", Waived)) == 1
    report = after.report()
    assert report.outcome is Outcome.UNPROTECTED


def test_a_waived_position_can_still_be_closed() -> None:
    """The caller has the last word there too."""
    desk = paper_desk()
    desk.execute(entry())
    desk.manager.cancel_all_orders(ACME)

    assert desk.execute(close(), None).outcome is Outcome.CLOSED
    assert held(desk.exchange) == 0
    report = desk.report()
    assert report.closed_by is ClosedBy.EXIT


def test_a_new_signal_is_protected_again() -> None:
    """The waiver is that bracket's, not the symbol's."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    desk.manager.cancel_all_orders(ACME)

    assert desk.execute(entry("s2")).outcome is Outcome.PROTECTED
    assert resting(desk.exchange) == ["S1", "T1"]


def test_nothing_to_cancel() -> None:
    """No order, no alarm, an empty report."""
    desk = paper_desk()

    report = desk.manager.cancel_all_orders(ACME)

    assert (report.cancelled, report.failed, report.still_open, report.unprotected) == ((), (), (), ())
    assert desk.alarms == []


def test_leftovers_of_a_flat_position_need_no_waiver() -> None:
    """Orders whose position is gone protect nothing: cancelled without an alarm."""
    desk = paper_desk()
    desk.execute(entry())
    desk.exchange.tick(ACME, last="94")
    desk.wait(1)

    report = desk.manager.cancel_all_orders(ACME)

    assert (report.cancelled, report.unprotected) == ((id_of("s1", Leg.TARGET),), ())
    assert resting(desk.exchange) == []
    assert desk.alarms == []
    desk.guard(10)
    closed = desk.report()
    assert closed.closed_by is ClosedBy.STOP_LOSS


def test_a_stop_that_fills_while_it_is_cancelled_is_counted() -> None:
    """Waived, and then it was faster: the position is gone by its stop, and the bracket is closed as such."""
    desk = paper_desk()
    desk.execute(entry())

    def cancel(itself: Callable[..., object], keys: object) -> object:
        desk.exchange.tick(ACME, last="94")
        desk.wait(0.5)
        return itself(keys)

    desk.exchange.script["cancel"] = cancel
    desk.manager.cancel_all_orders(ACME)
    desk.exchange.script.clear()
    desk.guard(10)

    report = desk.report()
    assert (report.outcome, report.closed_by) == (Outcome.CLOSED, ClosedBy.STOP_LOSS)
    assert desk.manager.next_due() is None


def test_what_cannot_be_cancelled_is_said() -> None:
    """A stop that is triggering this very moment: refused, still open, with the exchange's words."""
    desk = paper_desk()
    desk.execute(entry())
    desk.exchange.venue.stick_triggers(id_of("s1", Leg.STOP))
    desk.exchange.tick(ACME, last="94")

    report = desk.manager.cancel_all_orders(ACME)

    assert [name for name, _ in report.failed] == [id_of("s1", Leg.STOP)]
    assert report.failed[0][1]
    assert report.still_open == (id_of("s1", Leg.STOP),)
    assert report.cancelled == (id_of("s1", Leg.TARGET),)


def test_no_answer_is_an_error() -> None:
    """The caller asked for it now: he is told that nobody knows."""
    desk = paper_desk(Fault.unreachable(method="GET", path="openAlgoOrders"))

    with pytest.raises(ExchangeUnavailableError):
        desk.manager.cancel_all_orders(ACME)


def test_a_callback_may_not_cancel_on_its_own_symbol() -> None:
    """It would wait for itself."""
    errors: list[Exception] = []

    def ring(_: object) -> None:
        try:
            desk.manager.cancel_all_orders(ACME)
        except ConfigurationError as error:
            errors.append(error)

    desk = paper_desk(Fault.refused(-1008, status=503, leg="S"), alerts=ring)
    desk.execute(entry())

    assert errors
    assert "callback" in str(errors[0])


def test_each_bracket_is_waived_for_its_own_legs() -> None:
    """A bracket without orders loses nothing and is not named."""
    desk = paper_desk(protection=ProtectionPolicy(require_stop=False))
    desk.execute(entry("s1", stop=None, target=None))
    desk.execute(entry("s2"))

    report = desk.manager.cancel_all_orders(ACME)

    assert report.unprotected == ("s2",)
    assert "s2" in desk.alarms[0].text
    assert "s1" not in desk.alarms[0].text


def test_strays_with_our_mark_are_ours() -> None:
    """An order of a closed signal of ours goes too; it belongs to no bracket any more."""
    desk = paper_desk()
    desk.execute(entry("s1"))
    desk.execute(close("c1"), None)
    stop_by_hand(desk.exchange, id_of("s1", Leg.STOP, 7))

    assert desk.manager.cancel_all_orders(ACME).cancelled == (id_of("s1", Leg.STOP, 7),)
    assert resting(desk.exchange) == []
    assert desk.alarms == []


def test_a_cancel_that_shows_nothing_is_believed() -> None:
    """Cancelled, and the order is not shown any more: it counts as cancelled, and nobody asks for it for ever."""
    desk = paper_desk()
    desk.execute(entry())

    def cancel(itself: Callable[..., tuple[CancelOutcome, ...]], keys: object) -> tuple[CancelOutcome, ...]:
        return tuple(attrs.evolve(outcome, order=None) for outcome in itself(keys))

    desk.exchange.script["cancel"] = cancel
    desk.execute(close(), None)

    assert resting(desk.exchange) == []
    assert desk.manager.next_due() is None


def test_a_failed_cancel_that_shows_nothing_proves_nothing() -> None:
    """Neither cancelled nor shown: asked again, and settled when the exchange shows it."""
    desk = paper_desk()
    desk.execute(entry())

    def cancel(_: object, keys: Sequence[OrderKey]) -> tuple[CancelOutcome, ...]:
        return tuple(CancelOutcome(key.client_id, cancelled=False, text="Unknown order sent.") for key in keys)

    desk.exchange.script["cancel"] = cancel
    desk.execute(close(), None)
    assert resting(desk.exchange) == ["S1", "T1"]

    desk.exchange.script.clear()
    desk.guard(10)
    assert resting(desk.exchange) == []
