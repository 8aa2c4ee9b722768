"""What the caller wishes when protection cannot be had."""

from __future__ import annotations

from enum import Enum

import attrs

from .side import TriggerPrice


class OnUnprotected(Enum):
    """At the hard deadline without a live stop: keep trying and alarm, or close the position."""

    ALARM = "ALARM"
    FLATTEN = "FLATTEN"


class OnLateFill(Enum):
    """An order reported NOT_FILLED turns out filled: close it, for the caller was told of none, or protect it."""

    FLATTEN = "FLATTEN"
    PROTECT = "PROTECT"


@attrs.frozen(kw_only=True)
class ProtectionPolicy:
    """How a position is guarded.

    Attributes:
        require_stop: an entry without a stop is refused.
        on_unprotected: what happens at the hard deadline.
        on_late_fill: what happens when an order believed absent was filled.
        trigger_on: the price stops and targets are compared with.
        allow_foreign_position: enter although the symbol holds size that is not ours; that size is never touched.
        leg_replacements_max: how often a leg removed by somebody else is put back before a person is asked.
    """

    require_stop: bool = attrs.field(default=True, validator=attrs.validators.instance_of(bool))
    on_unprotected: OnUnprotected = attrs.field(
        default=OnUnprotected.ALARM, validator=attrs.validators.instance_of(OnUnprotected)
    )
    on_late_fill: OnLateFill = attrs.field(
        default=OnLateFill.FLATTEN, validator=attrs.validators.instance_of(OnLateFill)
    )
    trigger_on: TriggerPrice = attrs.field(
        default=TriggerPrice.MARK, validator=attrs.validators.instance_of(TriggerPrice)
    )
    allow_foreign_position: bool = attrs.field(default=False, validator=attrs.validators.instance_of(bool))
    leg_replacements_max: int = attrs.field(default=1, validator=attrs.validators.ge(0))
