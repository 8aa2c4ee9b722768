"""Replies: what may be concluded from them."""

from surefill.domain.reply import NOTHING_HAPPENED, ReplyKind


def test_only_three_kinds_say_that_nothing_happened() -> None:
    """Whoever resends relies on this list: anything else may have been executed."""
    assert {kind.name for kind in NOTHING_HAPPENED} == {"NOT_SENT", "REJECTED", "RETRYABLE"}
    assert {kind.name for kind in set(ReplyKind) - NOTHING_HAPPENED} == {"ACCEPTED", "EXISTS", "UNKNOWN"}
