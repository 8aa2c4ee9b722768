"""The thread that works off what is due, for hosts that do not call by themselves."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from loguru import logger

from ..domain.alarm import AlarmKind
from ..domain.errors import ValidationError
from .desk import Desk


@contextmanager
def guarding(desk: Desk, work: Callable[[], object], interval: float) -> Iterator[None]:
    """Run a thread that calls *work* every *interval* seconds, as long as the block lasts.

    Raises:
        ValidationError: the interval was not positive.
    """
    if not interval > 0:
        raise ValidationError("interval", f"must be greater than zero, was {interval}")
    stop = threading.Event()
    thread = threading.Thread(target=_guard, args=(desk, work, stop, interval), name="surefill-guard", daemon=True)
    with desk.watched():
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


def _guard(desk: Desk, work: Callable[[], object], stop: threading.Event, interval: float) -> None:
    while not stop.wait(interval):
        try:
            work()
        except Exception as error:  # noqa: BLE001 - whatever went wrong, nobody else watches: go on, and say so
            logger.error("guarding: {}: {}", type(error).__name__, error)
            desk.alarm(AlarmKind.DUTY_OVERDUE, f"the guard could not work: {type(error).__name__}: {error}")
