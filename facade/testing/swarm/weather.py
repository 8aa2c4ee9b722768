"""What a seed's world is like: how much goes wrong on the way, who else acts, and what the owner wants."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Final, TypeAlias

import attrs

from surefill.adapters.simulated import Fault, FaultPlan, Latency
from surefill.adapters.venue import VenueSettings
from surefill.domain.protection_policy import OnLateFill, OnUnprotected, ProtectionPolicy

Share: TypeAlias = float
"""A probability, 0 to 1."""

FAULTS: Final[Mapping[str, Callable[[Share], Fault]]] = {
    "order: reply lost": lambda share: Fault.reply_lost(probability=share, method="POST"),
    "order: request lost": lambda share: Fault.request_lost(probability=share, method="POST"),
    "order: unreachable": lambda share: Fault.unreachable(probability=share, method="POST"),
    "order: overloaded": lambda share: Fault.refused(-1008, status=503, probability=share, method="POST"),
    "order: unclear, done": lambda share: Fault.unclear(executed=True, probability=share, method="POST"),
    "order: unclear, not done": lambda share: Fault.unclear(executed=False, probability=share, method="POST"),
    "order: slow": lambda share: Fault.latency(2_000, probability=share, method="POST"),
    "order: slower than our patience": lambda share: Fault.latency(5_500, probability=share, method="POST"),
    "order: slower than its window": lambda share: Fault.latency(12_000, probability=share, method="POST"),
    "order: time is off": lambda share: Fault.refused(-1021, probability=share, method="POST"),
    "order: refused by the engine": lambda share: Fault.refused(-5028, probability=share, method="POST"),
    "entry: no margin": lambda share: Fault.refused(-2019, probability=share, leg="E"),
    "stop: too many": lambda share: Fault.refused(-4045, probability=share, leg="S"),
    "stop: would trigger at once": lambda share: Fault.refused(-2021, probability=share, leg="S"),
    "target: too many": lambda share: Fault.refused(-4045, probability=share, leg="T"),
    "cancel: reply lost": lambda share: Fault.reply_lost(probability=share, method="DELETE"),
    "cancel: request lost": lambda share: Fault.request_lost(probability=share, method="DELETE"),
    "read: reply lost": lambda share: Fault.reply_lost(probability=share, method="GET"),
    "read: unreachable": lambda share: Fault.unreachable(probability=share, method="GET"),
    "read: overloaded": lambda share: Fault.refused(-1008, status=503, probability=share, method="GET"),
    "read: slow": lambda share: Fault.latency(900, probability=share, method="GET"),
    "read: orders of a moment ago": lambda share: Fault.visibility_lag(900, probability=share),
    "read: orders of a while ago": lambda share: Fault.visibility_lag(2_500, probability=share),
    "read: everything of a moment ago": lambda share: Fault.visibility_lag(
        900, trades=True, positions=True, probability=share
    ),
}
"""Faults by a name for people; each takes a share of the requests it concerns."""

SHARES: Final = (0.02, 0.05, 0.1, 0.3)
"""Losses from rare to every third."""


@attrs.frozen(kw_only=True)
class Weather:
    """Everything about a world that holds for all of a seed; the same seed, the same weather.

    Attributes:
        seed: of this weather, of the faults' dice and of the exchange's ids.
        faults: what goes wrong on the way, with its share.
        hedge: whether the account keeps long and short apart.
        trigger_latency_ms: how long the exchange takes from a trigger to its order.
        latency: travel times.
        protection: what the owner wants done when protection cannot be had.
        crash: probability that a step of the script is preceded by a death.
        down: probability of an outage of the whole process.
        hands: probability that somebody else acts.
        drills: probability of a halt, a change of leverage, a cancellation of everything.
        jumps: probability that a price jumps beyond stops.
        forgets: probability that the journal is lost.
    """

    seed: int
    faults: Mapping[str, Share] = attrs.field(factory=dict[str, Share])
    hedge: bool = False
    trigger_latency_ms: int = 20
    latency: Latency = attrs.field(factory=Latency)
    protection: ProtectionPolicy = attrs.field(factory=ProtectionPolicy)
    crash: Share = 0
    down: Share = 0
    hands: Share = 0
    drills: Share = 0
    jumps: Share = 0
    forgets: Share = 0

    @classmethod
    def of(cls, seed: int) -> Weather:
        """Draw the weather of a seed: every kind of trouble is there in some seeds and absent in most."""
        random = Random(f"weather {seed}")
        names = random.sample(sorted(FAULTS), k=random.choice((0, 1, 1, 2, 3, 5)))
        return cls(
            seed=seed,
            faults={name: random.choice(SHARES) for name in names},
            hedge=random.random() < 0.2,
            trigger_latency_ms=random.choice((20, 20, 20, 800, 4_000)),
            latency=Latency(up_ms=random.choice((5, 20, 60)), down_ms=random.choice((5, 20, 60))),
            protection=ProtectionPolicy(
                on_unprotected=random.choice(tuple(OnUnprotected)), on_late_fill=random.choice(tuple(OnLateFill))
            ),
            crash=random.choice((0, 0, 0.03, 0.1)),
            down=random.choice((0, 0, 0, 0.02)),
            hands=random.choice((0, 0, 0, 0.03)),
            drills=random.choice((0, 0, 0.02)),
            jumps=random.choice((0, 0.02, 0.1)),
            forgets=random.choice((0, 0, 0, 0, 0.01)),
        )

    def plan(self) -> FaultPlan:
        """Return the faults, ready to strike."""
        return FaultPlan(*(FAULTS[name](share) for name, share in self.faults.items()), seed=self.seed)

    def settings(self) -> VenueSettings:
        """Return the exchange's switches."""
        return VenueSettings(hedge_mode=self.hedge, trigger_latency_ms=self.trigger_latency_ms)
