"""Every wait, window and deadline in one place, in milliseconds."""

from __future__ import annotations

import attrs

_positive = attrs.validators.gt(0)


@attrs.frozen(kw_only=True)
class Timings:
    """The constants of the algorithm. The defaults are the promise; tests run them faster.

    Attributes:
        protect_soft_ms: a fill without a stop seen live raises the first UNPROTECTED alarm after this.
        protect_hard_ms: the protection policy acts after this.
        alarm_repeat_ms: an alarm that still holds is raised again this often.
        triggering_max_ms: a stop that is TRIGGERING for longer, with the position open, protects nothing.
        visibility_grace_ms: how long an accepted order may stay invisible before another stop is sent.
        flat_confirm_ms: how long a position must be seen smaller than ours before it is believed.
        loss_unexplained_ms: and for how long when the fills that should explain it cannot be read.
        loss_denied_ms: and for how long when they were read, and explain nothing.
        poll_ms: first wait between two looks; it doubles up to `poll_max_ms`.
        poll_max_ms: longest wait between two looks.
        leg_send_ms: a stop or target not answered after this is sent again: twice does no harm, too late does.
        settle_ms: how long a call waits for an accepted order to reach a final state.
        clock_margin_ms: how far the exchange's own clocks may disagree.
        quiet_ms: absence needs clean rounds over at least this long.
        quiet_rounds: and at least so many of them.
        verdict_ms: with a reachable exchange an unknown outcome has a verdict by then.
        preflight_ms: what an entry must know is read within this, or the entry is refused.
        unknown_call_ms: an entry call returns UNKNOWN at the latest after this.
        accepted_call_ms: an entry call on the accepted path returns at the latest after this.
        call_ms: any call returns at the latest after this, reachable exchange or not.
        late_watch_ms: an order believed absent is looked for at these ages.
        late_watch_every_ms: and then this often
        late_watch_until_ms: until this age.
        late_look_ms: for so long the position is looked at every `guard_ms` after an entry was believed absent.
        guard_ms: how often an open position is looked at.
        overdue_ms: a duty later than this blocks entries and raises an alarm.
        reference_age_max_ms: older prices are read anew before an entry.
        drain_ms: how long `close()` goes on protecting.
    """

    protect_soft_ms: int = attrs.field(default=3_000, validator=_positive)
    protect_hard_ms: int = attrs.field(default=10_000, validator=_positive)
    alarm_repeat_ms: int = attrs.field(default=5_000, validator=_positive)
    triggering_max_ms: int = attrs.field(default=5_000, validator=_positive)
    visibility_grace_ms: int = attrs.field(default=1_000, validator=_positive)
    flat_confirm_ms: int = attrs.field(default=3_000, validator=_positive)
    loss_unexplained_ms: int = attrs.field(default=60_000, validator=_positive)
    loss_denied_ms: int = attrs.field(default=900_000, validator=_positive)
    poll_ms: int = attrs.field(default=250, validator=_positive)
    poll_max_ms: int = attrs.field(default=1_000, validator=_positive)
    leg_send_ms: int = attrs.field(default=2_500, validator=_positive)
    settle_ms: int = attrs.field(default=5_000, validator=_positive)
    clock_margin_ms: int = attrs.field(default=1_000, validator=_positive)
    quiet_ms: int = attrs.field(default=6_000, validator=_positive)
    quiet_rounds: int = attrs.field(default=3, validator=_positive)
    verdict_ms: int = attrs.field(default=15_000, validator=_positive)
    preflight_ms: int = attrs.field(default=8_000, validator=_positive)
    unknown_call_ms: int = attrs.field(default=30_000, validator=_positive)
    accepted_call_ms: int = attrs.field(default=15_000, validator=_positive)
    call_ms: int = attrs.field(default=75_000, validator=_positive)
    late_watch_ms: tuple[int, ...] = (15_000, 30_000, 60_000, 120_000, 300_000, 900_000)
    late_watch_every_ms: int = attrs.field(default=3_600_000, validator=_positive)
    late_watch_until_ms: int = attrs.field(default=86_400_000, validator=_positive)
    late_look_ms: int = attrs.field(default=900_000, validator=_positive)
    guard_ms: int = attrs.field(default=5_000, validator=_positive)
    overdue_ms: int = attrs.field(default=10_000, validator=_positive)
    reference_age_max_ms: int = attrs.field(default=2_000, validator=_positive)
    drain_ms: int = attrs.field(default=10_000, validator=_positive)

    def __attrs_post_init__(self) -> None:
        if self.protect_hard_ms < self.protect_soft_ms:
            raise ValueError("protect_hard_ms: must not come before protect_soft_ms")
        if sorted({0, *self.late_watch_ms}) != [0, *self.late_watch_ms]:
            raise ValueError(f"late_watch_ms: must ascend from above zero, was {self.late_watch_ms}")

    def next_watch_ms(self, age_ms: int) -> int | None:
        """Return the age at which an absent order is looked for next, or None when the watch is over."""
        if age_ms >= self.late_watch_until_ms:
            return None
        following = next((age for age in self.late_watch_ms if age > age_ms), None)
        if following is None:
            last = self.late_watch_ms[-1] if self.late_watch_ms else 0
            following = last + ((age_ms - last) // self.late_watch_every_ms + 1) * self.late_watch_every_ms
        return min(following, self.late_watch_until_ms)
