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

FAULTS: Final[Mapping[str, Callable[[Share, Random], Fault]]] = {
    "reply lost": lambda share, random: Fault.reply_lost(probability=share, method="POST"),
    "reply to a read lost": lambda share, random: Fault.reply_lost(probability=share, method="GET"),
    "reply to a cancel lost": lambda share, random: Fault.reply_lost(probability=share, method="DELETE"),
    "request lost": lambda share, random: Fault.request_lost(probability=share, method="POST"),
    "read lost": lambda share, random: Fault.request_lost(probability=share, method="GET"),
    "cancel lost": lambda share, random: Fault.request_lost(probability=share, method="DELETE"),
    "unreachable": lambda share, random: Fault.unreachable(probability=share, method=random.choice(("GET", "POST"))),
    "overloaded": lambda share, random: Fault.refused(-1008, status=503, probability=share, method="POST"),
    "unclear, done": lambda share, random: Fault.unclear(executed=True, probability=share, method="POST"),
    "unclear, not done": lambda share, random: Fault.unclear(executed=False, probability=share, method="POST"),
    "slow": lambda share, random: Fault.latency(random.choice((300, 2_000)), probability=share, method="POST"),
    "slower than our patience": lambda share, random: Fault.latency(
        random.choice((5_500, 12_000)), probability=share / 3, method="POST"
    ),
    "stale orders": lambda share, random: Fault.visibility_lag(random.choice((200, 900, 2_500))),
    "stale fills": lambda share, random: Fault.visibility_lag(random.choice((200, 900)), trades=True, positions=True),
    "stop refused": lambda share, random: Fault.refused(-4045, probability=share / 2, leg="S"),
    "target refused": lambda share, random: Fault.refused(-4045, probability=share, leg="T"),
    "margin": lambda share, random: Fault.refused(-2019, probability=share / 2, leg="E"),
    "would trigger at once": lambda share, random: Fault.refused(-2021, probability=share / 4, leg="S"),
    "time is off": lambda share, random: Fault.refused(-1021, probability=share / 2, method="POST"),
    "refused by the engine": lambda share, random: Fault.refused(-5028, probability=share / 2, method="POST"),
}
"""Faults by a name for people; each takes its share of the requests, and draws what else it needs."""

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
            latency=Latency(up_ms=random.choice((5, 20, 150)), down_ms=random.choice((5, 20, 150))),
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
        random = Random(f"faults {self.seed}")
        return FaultPlan(*(FAULTS[name](share, random) for name, share in self.faults.items()), seed=self.seed)

    def settings(self) -> VenueSettings:
        """Return the exchange's switches."""
        return VenueSettings(hedge_mode=self.hedge, trigger_latency_ms=self.trigger_latency_ms)
