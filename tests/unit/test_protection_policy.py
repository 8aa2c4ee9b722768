"""The caller's wishes for when protection cannot be had."""

from typing import Any

import pytest

from surefill.domain.protection_policy import OnLateFill, OnUnprotected, ProtectionPolicy
from surefill.domain.side import TriggerPrice


def test_the_default_policy() -> None:
    """A stop is required, triggers on the mark, is put back once; danger is alarmed, a late fill closed."""
    assert ProtectionPolicy() == ProtectionPolicy(
        require_stop=True,
        on_unprotected=OnUnprotected.ALARM,
        on_late_fill=OnLateFill.FLATTEN,
        trigger_on=TriggerPrice.MARK,
        allow_foreign_position=False,
        leg_replacements_max=1,
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"require_stop": "no"},
        {"on_unprotected": "FLATTEN"},
        {"on_late_fill": "PROTECT"},
        {"trigger_on": "MARK"},
        {"allow_foreign_position": 1},
        {"leg_replacements_max": -1},
    ],
)
def test_a_policy_that_says_nothing_clear_cannot_exist(changes: dict[str, Any]) -> None:
    """A word where a choice is meant is refused: read as true or false it would say the opposite."""
    (name,) = changes
    with pytest.raises((TypeError, ValueError), match=name):
        ProtectionPolicy(**changes)
