"""One order of ours: what is known of it, from what was answered and seen."""

from decimal import Decimal

import pytest

from surefill.domain.ids import Leg
from surefill.domain.leg_state import Fate, LegState
from surefill.domain.order import OrderStatus
from surefill.domain.refusal import Refusal
from surefill.domain.reply import NOTHING_HAPPENED, Reply, ReplyKind
from tests.doubles import ONE, a_bracket, an_intent, an_order

_STOP = a_bracket().stop(ONE, 1)


def _leg(kind: ReplyKind | None = None, *, refusal: Refusal | None = None, absent: bool = False) -> LegState:
    reply = None if kind is None else Reply(kind, refusal)
    return LegState(an_intent(_STOP, Leg.STOP), reply=reply, absent_ms=5 if absent else None)


def _looked(leg: LegState) -> tuple[int, int, int | None]:
    return leg.sighted_ms, leg.inquired_ms, leg.missing_since_ms


def _since(leg: LegState) -> int | None:
    return leg.triggering_since_ms


@pytest.mark.parametrize(
    ("kind", "fate"),
    [
        (None, Fate.OPEN_QUESTION),  # a crash came between the intent and the answer
        (ReplyKind.NOT_SENT, Fate.NOTHING),
        (ReplyKind.REJECTED, Fate.NOTHING),
        (ReplyKind.RETRYABLE, Fate.NOTHING),
        (ReplyKind.ACCEPTED, Fate.OPEN),
        (ReplyKind.EXISTS, Fate.OPEN_QUESTION),  # an order with that id is there; which, nobody has looked
        (ReplyKind.UNKNOWN, Fate.OPEN_QUESTION),
    ],
)
def test_an_answer_decides_the_fate(kind: ReplyKind | None, fate: Fate) -> None:
    """Only a written list of answers says that nothing happened; silence and doubt leave a question."""
    assert _leg(kind).fate is fate


@pytest.mark.parametrize(
    ("kind", "fate"),
    [
        (None, Fate.ABSENT),
        (ReplyKind.UNKNOWN, Fate.ABSENT),
        (ReplyKind.ACCEPTED, Fate.ABSENT),
        (ReplyKind.REJECTED, Fate.NOTHING),  # a refusal is certain, absence is a belief
    ],
)
def test_absence_answers_a_question(kind: ReplyKind | None, fate: Fate) -> None:
    """After the evidence of absence a question becomes a belief; certainty stays certainty."""
    assert _leg(kind, absent=True).fate is fate


@pytest.mark.parametrize("kind", [*ReplyKind, None])
@pytest.mark.parametrize("status", OrderStatus)
def test_a_sight_outweighs_every_answer(kind: ReplyKind | None, status: OrderStatus) -> None:
    """Once the exchange showed the order, what it answered before, or what we believed, counts no more."""
    leg = _leg(kind, absent=True)
    order = an_order(status=status)

    leg.sight(order, 10)

    assert leg.fate is (Fate.ENDED if order.final else Fate.OPEN)


def test_what_is_known_to_be_filled() -> None:
    """Nothing is filled until it was seen, whatever was asked for."""
    leg = _leg(ReplyKind.ACCEPTED)
    assert (leg.quantity, leg.executed) == (ONE, Decimal(0))

    leg.sight(an_order(status=OrderStatus.PARTIALLY_FILLED, executed_quantity=Decimal("0.4")), 10)
    assert leg.executed == Decimal("0.4")


@pytest.mark.parametrize("kind", ReplyKind)
def test_why_it_was_refused(kind: ReplyKind) -> None:
    """An answer carries a reason only where it says that nothing happened."""
    leg = _leg(kind, refusal=Refusal.STOP_CROSSED)

    assert leg.refusal is (Refusal.STOP_CROSSED if kind in NOTHING_HAPPENED else None)
    assert leg.refused_for_good is (kind is ReplyKind.REJECTED)


def test_nothing_is_refused_before_an_answer() -> None:
    """Without an answer there is no reason, and no finality."""
    assert (_leg().refusal, _leg().refused_for_good) == (None, False)


def test_a_refusal_at_the_trigger() -> None:
    """A stop that was accepted and refused when it triggered has a reason, but could be sent again."""
    leg = _leg(ReplyKind.ACCEPTED)
    leg.sight(an_order(status=OrderStatus.REJECTED), 10)

    assert leg.refusal is Refusal.BAD_REQUEST
    assert not leg.refused_for_good


def test_an_order_seen_was_not_refused_for_good() -> None:
    """A sight corrects even an answer that called it rejected."""
    leg = _leg(ReplyKind.REJECTED, refusal=Refusal.MARGIN)
    leg.sight(an_order(), 10)

    assert not leg.refused_for_good


def test_an_answer_is_no_reading() -> None:
    """What the answer to a send showed is taken in, but the order does not count as looked at."""
    leg = _leg(ReplyKind.ACCEPTED)
    leg.missing_since_ms = 3

    leg.take(an_order(), 10)

    assert leg.order == an_order()
    assert _looked(leg) == (0, 0, 3)


def test_a_reading_is_remembered() -> None:
    """A reading notes when it began, never goes back in time, and ends the absence."""
    leg = _leg(ReplyKind.ACCEPTED)
    leg.missing_since_ms = 3

    leg.sight(an_order(), 10)
    leg.sight(an_order(), 7)

    assert _looked(leg) == (10, 10, None)


@pytest.mark.parametrize("status", [OrderStatus.TRIGGERING, OrderStatus.TRIGGERED, OrderStatus.PARTIALLY_FILLED])
def test_the_time_under_way_is_counted_from_its_first_sight(status: OrderStatus) -> None:
    """From the first sight between trigger and end the clock runs, through every such status, until the end."""
    leg = _leg(ReplyKind.ACCEPTED)
    leg.sight(an_order(), 10)
    assert _since(leg) is None

    leg.sight(an_order(status=status), 20)
    leg.sight(an_order(status=OrderStatus.PARTIALLY_FILLED, executed_quantity=Decimal("0.4")), 30)
    assert _since(leg) == 20

    leg.sight(an_order(status=OrderStatus.FILLED, executed_quantity=ONE), 40)
    assert _since(leg) is None


def test_a_stale_reading_does_not_stop_the_clock() -> None:
    """A lagging replica that still shows the stop as resting does not reset the time it has been triggering."""
    leg = _leg(ReplyKind.ACCEPTED)
    leg.sight(an_order(status=OrderStatus.TRIGGERING), 20)

    leg.sight(an_order(), 30)

    assert _since(leg) == 20


@pytest.mark.parametrize(("triggered_ms", "since_ms"), [(None, 20), (12, 12), (20, 20), (25, 20)])
def test_the_exchange_may_say_since_when_it_is_under_way(triggered_ms: int | None, since_ms: int) -> None:
    """Its word counts where it is older than our sight; a time in the future does not."""
    leg = _leg(ReplyKind.ACCEPTED)

    leg.sight(an_order(status=OrderStatus.TRIGGERING, triggered_ms=triggered_ms), 20)

    assert _since(leg) == since_ms
