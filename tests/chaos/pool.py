"""Runs the parts of all layers in worker processes, one after the other, until they are done or the time is over."""

from __future__ import annotations

import multiprocessing
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from functools import partial
from multiprocessing.queues import Queue
from typing import TypeAlias

import attrs

from tests.chaos.layer import Found
from tests.chaos.plan import Part, load

Note: TypeAlias = "tuple[str, int, float]"
"""A layer, the share, and how much of it is done, 0 to 1."""

_to_main: list[Queue[Note]] = []
"""Of a worker: where its progress goes; filled once, when the worker starts."""


@attrs.define
class Crew:
    """Workers and what they have done; one more waits for what costs no CPU of its own.

    Attributes:
        workers: how many processes.
        ends_at: when no new part is begun any more, by the monotonic clock.
        at: called with a layer, how many of its parts are done, and how many there are.
        found: the results so far.
        left: parts not begun when the time was over, by layer.
        cpu_s: what each layer cost the workers, seconds of CPU; processes of their own are not counted.
    """

    workers: int
    ends_at: float
    at: Callable[[str, float, int], None]
    found: list[Found] = attrs.field(factory=list[Found])
    left: Counter[str] = attrs.field(factory=Counter[str])
    cpu_s: dict[str, float] = attrs.field(factory=dict[str, float])

    def work(self, parts: Sequence[Part]) -> None:
        """Do all *parts*, in order; a part that raises is a violation."""
        context = multiprocessing.get_context("spawn")
        notes: Queue[Note] = context.Queue()
        planned = Counter(part.layer for part in parts)
        done: dict[str, dict[int, float]] = {layer: {} for layer in planned}
        busy = iter([part for part in parts if not part.idle])
        idle = iter([part for part in parts if part.idle])
        running: dict[Future[tuple[Found, float]], Part] = {}
        with ProcessPoolExecutor(self.workers + 1, mp_context=context, initializer=_begin, initargs=(notes,)) as pool:
            while True:
                waiting = sum(1 for part in running.values() if part.idle)
                for part in (*self._next(busy, self.workers - len(running) + waiting), *self._next(idle, 1 - waiting)):
                    running[pool.submit(_do, part)] = part
                if not running:
                    return
                ended, _ = wait(running, timeout=0.5, return_when=FIRST_COMPLETED)
                self._drain(notes, done, planned)
                for future in ended:
                    part = running.pop(future)
                    found, cpu_s = future.result()
                    self.found.append(found)
                    self.cpu_s[part.layer] = self.cpu_s.get(part.layer, 0.0) + cpu_s
                    done[part.layer][part.share] = 1.0
                    self.at(part.layer, sum(done[part.layer].values()), planned[part.layer])

    def _next(self, queue: Iterator[Part], count: int) -> Iterator[Part]:
        for _ in range(count):
            if time.monotonic() >= self.ends_at:
                self.left.update(part.layer for part in queue)
                return
            part = next(queue, None)
            if part is None:
                return
            yield part

    def _drain(self, notes: Queue[Note], done: dict[str, dict[int, float]], planned: Counter[str]) -> None:
        layers = set[str]()
        while not notes.empty():
            layer, share, fraction = notes.get()
            done[layer][share] = max(fraction, done[layer].get(share, 0.0))
            layers.add(layer)
        for layer in layers:
            self.at(layer, sum(done[layer].values()), planned[layer])


def _begin(notes: Queue[Note]) -> None:
    _to_main.append(notes)


def _do(part: Part) -> tuple[Found, float]:
    began = time.process_time()
    try:
        found = load(part.layer)(part.share, part.of, part.seeds, partial(_tell, part))
    except Exception:  # noqa: BLE001 - a layer that breaks proves nothing, and must not end the others
        problem = f"{part.layer}, part {part.share} of {part.of}, raised:\n{traceback.format_exc()}"
        found = Found(layer=part.layer, counts={}, violations=(problem,))
    return found, time.process_time() - began


def _tell(part: Part, done: int, planned: int) -> None:
    _to_main[0].put((part.layer, part.share, done / max(1, planned)))
