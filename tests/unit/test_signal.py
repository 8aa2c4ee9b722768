"""A signal: what makes one, what refuses to be one, and what makes two the same decision."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import attrs
import pytest

from surefill.domain.errors import ValidationError
from surefill.domain.side import SignalType
from surefill.domain.signal import Signal, utc_ms
from tests.doubles import a_signal

_NOON = datetime(2026, 11, 22, 12, 0, 0, 987_654, tzinfo=UTC)


def test_prices_come_in_by_the_one_gate() -> None:
    """Text and whole numbers become exact decimals."""
    signal = a_signal(stop_loss="90.10", take_profit=120)

    assert (signal.stop_loss, signal.take_profit) == (Decimal("90.10"), Decimal(120))
    assert isinstance(signal.take_profit, Decimal)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": ""}, "id"),
        ({"id": 7}, "id"),
        ({"id": "a\nb"}, "id"),
        ({"symbol": "BTC\x00USDT"}, "symbol"),
        ({"symbol": None}, "symbol"),
        ({"type": "LONG_ENTRY"}, "type"),
        ({"stop_loss": 90.0}, "stop_loss"),
        ({"stop_loss": Decimal("NaN")}, "stop_loss"),
        ({"stop_loss": 0}, "stop_loss"),
        ({"take_profit": "-120"}, "take_profit"),
        ({"take_profit": "1e3"}, "take_profit"),
        ({"created_at": datetime(2026, 11, 22)}, "created_at"),  # noqa: DTZ001 naive on purpose
        ({"valid_until": datetime(2026, 11, 22)}, "valid_until"),  # noqa: DTZ001 naive on purpose
        ({"created_at": 1_795_300_000_000}, "created_at"),
    ],
)
def test_unusable_fields_are_refused_by_name(changes: dict[str, Any], field: str) -> None:
    """A signal with one unusable field cannot exist; the error names the field and what it was."""
    with pytest.raises(ValidationError, match=", was ") as refused:
        a_signal(**changes)

    assert refused.value.field == field


@pytest.mark.parametrize(
    ("signal_type", "stop", "target"),
    [
        (SignalType.LONG_ENTRY, 120, 90),
        (SignalType.LONG_ENTRY, 100, 100),
        (SignalType.SHORT_ENTRY, 90, 120),
        (SignalType.SHORT_ENTRY, 100, 100),
    ],
)
def test_stop_and_target_must_not_be_swapped(signal_type: SignalType, stop: int, target: int) -> None:
    """A long has its stop below its target and a short above it; equal prices are refused too."""
    with pytest.raises(ValidationError, match=f"stop {stop}, target {target}"):
        a_signal(type=signal_type, stop_loss=stop, take_profit=target)


@pytest.mark.parametrize(
    ("signal_type", "stop", "target"),
    [
        (SignalType.LONG_ENTRY, 90, 120),
        (SignalType.SHORT_ENTRY, 110, 80),
        (SignalType.LONG_ENTRY, None, 120),
        (SignalType.SHORT_ENTRY, 110, None),
        (SignalType.CLOSE_LONG, None, None),
        (SignalType.CLOSE_SHORT, None, None),
    ],
)
def test_each_type_takes_its_prices(signal_type: SignalType, stop: int | None, target: int | None) -> None:
    """Entries may have either price or both, in the right order; closes have none."""
    signal = a_signal(type=signal_type, stop_loss=stop, take_profit=target)

    assert (signal.stop_loss, signal.take_profit) == (stop, target)


@pytest.mark.parametrize("signal_type", [SignalType.CLOSE_LONG, SignalType.CLOSE_SHORT])
@pytest.mark.parametrize("prices", [{"stop_loss": 90}, {"take_profit": 120}])
def test_closes_have_no_prices(signal_type: SignalType, prices: dict[str, int]) -> None:
    """A close with a stop or a target is a misunderstanding, and refused."""
    with pytest.raises(ValidationError, match=f"belong to entries, the type was {signal_type.value}"):
        a_signal(**({"type": signal_type, "stop_loss": None, "take_profit": None} | prices))


def test_a_signal_is_frozen() -> None:
    """A decision once made cannot be changed under way."""
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        a_signal().id = "other"  # type: ignore[misc]  # that it is refused is the fact


def test_times_are_utc_milliseconds_floored() -> None:
    """Times become whole milliseconds, never later than the moment, in whatever zone they were given."""
    east = _NOON.astimezone(timezone(timedelta(hours=9)))
    signal = a_signal(created_at=_NOON, valid_until=east)

    assert signal.created_ms == signal.valid_until_ms == 1_795_348_800_987


def test_times_not_given_stay_unknown() -> None:
    """Without times there are no milliseconds either."""
    assert (a_signal().created_ms, a_signal().valid_until_ms) == (None, None)


def test_times_before_the_epoch_are_floored_too() -> None:
    """Flooring goes toward the past on both sides of 1970."""
    assert utc_ms(datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)) == -1


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "s2"},
        {"symbol": "ETHUSDT"},
        {"stop_loss": "89.9"},
        {"stop_loss": None},
        {"take_profit": "120.1"},
        {"take_profit": None},
        {"type": SignalType.SHORT_ENTRY, "stop_loss": 120, "take_profit": 90},
    ],
)
def test_another_decision_has_another_digest(changes: dict[str, Any]) -> None:
    """Whatever changes what is traded changes the fingerprint."""
    assert a_signal(**changes).digest(Decimal(1)) != a_signal().digest(Decimal(1))


def test_the_quantity_is_part_of_the_decision() -> None:
    """Another quantity is another decision, and no quantity is another one still."""
    signal = a_signal()

    assert len({signal.digest(None), signal.digest(Decimal(1)), signal.digest(Decimal(10))}) == 3


@pytest.mark.parametrize(
    "repeated",
    [
        a_signal(created_at=_NOON, valid_until=_NOON),
        a_signal(stop_loss="90.000", take_profit="120.0"),
    ],
)
def test_the_same_decision_has_the_same_digest(repeated: Signal) -> None:
    """Neither the moment of repeating nor the spelling of a number makes a decision another one."""
    assert repeated.digest(Decimal("1.00")) == a_signal().digest(Decimal(1))


def test_the_digest_is_this_and_no_other() -> None:
    """The journal keeps fingerprints, so they must stay what they are in every version."""
    assert a_signal().digest(Decimal("0.010")) == "83caedab6315c44fcb47b224c57185ce"
