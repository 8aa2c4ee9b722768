"""A plan of faults: which of them strike a request, decided by counts and a seed alone, and what has struck so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from threading import Lock
from typing import Any, Final, cast

import attrs

from ...domain.errors import ValidationError
from ..wire.call import Call, WireAnswer
from .fault import Fault, FaultKind, client_id_of

_CONSTRUCTORS: Final[Mapping[str, Callable[..., Fault]]] = {
    FaultKind.REPLY_LOST.value: Fault.reply_lost,
    FaultKind.REQUEST_LOST.value: Fault.request_lost,
    FaultKind.UNREACHABLE.value: Fault.unreachable,
    FaultKind.REFUSED.value: Fault.refused,
    FaultKind.UNCLEAR.value: Fault.unclear,
    FaultKind.LATENCY.value: Fault.latency,
    FaultKind.VISIBILITY_LAG.value: Fault.visibility_lag,
    FaultKind.DELIVERED_TWICE.value: Fault.delivered_twice,
    FaultKind.STALE_REPLY.value: Fault.stale_reply,
    FaultKind.DRIP.value: Fault.drip,
    FaultKind.GARBLED.value: Fault.garbled,
    FaultKind.REDIRECT.value: Fault.redirect,
    FaultKind.BANNED.value: Fault.banned,
    FaultKind.CROWDED.value: Fault.crowded,
    FaultKind.SHORT_LIST.value: Fault.short_list,
    FaultKind.DOUBLED_ROWS.value: Fault.doubled_rows,
    FaultKind.WRONG_TIME.value: Fault.wrong_time,
}


def fault_named(name: str, **options: Any) -> Fault:
    """Return a fault by its configuration name: ``fault_named("reply_lost", leg="E", nth=1)``.

    Raises:
        ValidationError: no fault has that name, or it lacks an option or has no such option.
    """
    constructor = _CONSTRUCTORS.get(name)
    if constructor is None:
        raise ValidationError("fault", f"must be one of {', '.join(_CONSTRUCTORS)}, was {name!a}")
    try:
        return constructor(**options)
    except TypeError as error:
        raise ValidationError("fault", f"{name}: {error}") from error


@attrs.frozen
class Struck:
    """One fault that struck: when, what, and the request it struck."""

    at_ms: int
    kind: FaultKind
    method: str
    path: str
    client_id: str


class FaultPlan:
    """Faults in force together: ``FaultPlan(Fault.reply_lost(leg="E", nth=1), seed=7)``. Safe for many threads.

    Every fault counts and draws for itself; several may strike one request. The same plan over the same requests
    strikes in the same places. While the plan is off nothing strikes and nothing is counted.
    """

    def __init__(self, *faults: Fault, seed: int = 0) -> None:
        self._lock = Lock()
        self._random = Random(seed)  # decides where a simulation fails; nothing secret depends on it
        self._faults: list[tuple[Fault, int]] = []
        self._enabled = True
        self._log: list[Struck] = []
        self._answers: dict[tuple[str, str], WireAnswer] = {}
        self._last_answer: WireAnswer | None = None
        self._remembers = False
        self.add(*faults)

    @property
    def enabled(self) -> bool:
        """Whether anything may strike."""
        return self._enabled

    @property
    def log(self) -> tuple[Struck, ...]:
        """What struck so far, in order."""
        with self._lock:
            return tuple(self._log)

    def on(self) -> None:
        """Let the faults strike (again)."""
        self._enabled = True

    def off(self) -> None:
        """Let nothing strike until `on`."""
        self._enabled = False

    def add(self, *faults: Fault) -> None:
        """Add faults; each starts counting now.

        Raises:
            ValidationError: something else was handed in.
        """
        for fault in faults:
            if not isinstance(cast("object", fault), Fault):
                raise ValidationError("faults", f"must be Fault objects, was {type(fault).__name__}")
        with self._lock:
            self._faults.extend((fault, 0) for fault in faults)
            self._remembers = self._remembers or any(fault.kind is FaultKind.STALE_REPLY for fault in faults)

    def clear(self) -> None:
        """Remove every fault; the log stays."""
        with self._lock:
            self._faults.clear()

    def strike(self, call: Call, at_ms: int) -> tuple[Fault, ...]:
        """Return the faults that strike *call*, sent at *at_ms*, and write them down."""
        struck: list[Fault] = []
        with self._lock:
            if not self._enabled or not self._faults:
                return ()
            for index, (fault, seen) in enumerate(self._faults):
                if not fault.concerns(call) or not fault.is_due(at_ms):
                    continue
                self._faults[index] = (fault, seen + 1)
                if self._chosen(fault, seen + 1):
                    struck.append(fault)
                    self._log.append(Struck(at_ms, fault.kind, call.method, call.path, client_id_of(call)))
        return tuple(struck)

    def remember(self, call: Call, answer: WireAnswer) -> None:
        """Keep *answer* for a stale reply, if there is a fault that may want one."""
        if not self._remembers:
            return
        with self._lock:
            self._answers[call.method, call.path] = self._last_answer = answer

    def earlier(self, call: Call) -> WireAnswer | None:
        """Return the last answer that was remembered to a request like *call*, or else to any; None without one."""
        if not self._remembers:
            return None
        with self._lock:
            return self._answers.get((call.method, call.path), self._last_answer)

    def _chosen(self, fault: Fault, occurrence: int) -> bool:
        nth, probability = fault.conditions.get("nth"), fault.conditions.get("probability")
        if nth is not None and occurrence != nth:
            return False
        return probability is None or self._random.random() < probability
