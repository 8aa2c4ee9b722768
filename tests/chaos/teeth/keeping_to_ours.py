"""Broken builds: what the core may touch, spend, remember and show."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from decimal import Decimal
from sqlite3 import Connection
from typing import Final

import attrs
from loguru import logger

from surefill.adapters.binance.channel import Channel
from surefill.adapters.binance.clock import ServerClock
from surefill.adapters.binance.deadline import Deadline
from surefill.adapters.journal import connection
from surefill.adapters.journal.lock import OwnerLock
from surefill.adapters.journal.store import Store, head_of
from surefill.adapters.wire.account import WireExchange
from surefill.adapters.wire.call import AnswerLostError, Call, NotSentError, Result, WireAnswer
from surefill.adapters.wire.meter import Meter
from surefill.application import gate
from surefill.application.close import _order
from surefill.application.desk import Desk
from surefill.application.exits import ExitOrder
from surefill.application.turns import Turns
from surefill.domain.book import Book
from surefill.domain.budget import Capacity
from surefill.domain.events import Event
from surefill.domain.limits import RiskLimits
from surefill.domain.order import OrderKey
from surefill.domain.rate_budget import RateBudget
from surefill.domain.signal import Signal
from surefill.domain.snapshot import CancelOutcome, Snapshot
from tests.chaos.matrix.steps import Step
from tests.chaos.teeth import scenarios as told
from tests.chaos.teeth.broken_build import BrokenBuild, Claim
from tests.chaos.teeth.layers import cell, crashed_stores
from tests.chaos.teeth.patch import attribute, function
from tests.chaos.teeth.probes import by_test, scenarios

_close_order, _ask, _carry = _order, Channel._ask, Channel.carry


def _everybodys(exchange: WireExchange, keys: Sequence[OrderKey]) -> tuple[CancelOutcome, ...]:
    for symbol in {key.symbol for key in keys}:
        exchange.cancel_everything(symbol)
    return tuple(CancelOutcome(key.client_id, cancelled=True) for key in keys)


def _all_that_is_held(desk: Desk, signal: Signal, quantity: Decimal | None, snapshot: Snapshot) -> ExitOrder | None:
    order = _close_order(desk, signal, quantity, snapshot)
    held = sum((position.quantity for position in snapshot.positions), Decimal(0))
    return None if order is None else attrs.evolve(order, quantity=held, allotments=())  # no bracket's size bounds it


def _always_affordable(capacity: Capacity, *what: object) -> bool:
    del capacity, what
    return True


def _no_wait(budget: RateBudget, *what: object) -> None:
    del budget, what


def _never_barred(meter: Meter, *what: object) -> None:
    del meter, what


def _within_limits(limits: RiskLimits, facts: object) -> None:
    del limits, facts


def _empty_book(events: Iterable[Event]) -> Book:
    del events
    return Book()


def _anybody(lock: OwnerLock, *where: object) -> None:
    del lock, where


def _committed_later(store: Store) -> Iterator[tuple[Connection, int, bytes]]:
    with store.reading() as connection:
        if connection.in_transaction:
            connection.execute("COMMIT")
        connection.execute("BEGIN IMMEDIATE")
        yield connection, *head_of(connection)


def _no_waiting(turns: Turns, name: str) -> AbstractContextManager[None]:
    del turns, name
    return nullcontext()


def _with_its_locals(channel: Channel, call: Call, request: object, signature: str) -> Result:
    try:
        return _ask(channel, call, request, signature)  # type: ignore[arg-type]  # passed on as it came
    except (NotSentError, AnswerLostError):
        logger.exception("the request failed")
        raise


def _follow_redirects(channel: Channel, call: Call, deadline: Deadline, on_sent: Callable[[], None]) -> Result:
    result = _carry(channel, call, deadline, on_sent)
    if isinstance(result, WireAnswer) and 300 <= result.status < 400:
        return _carry(channel, call, deadline, on_sent)
    return result


def _machine_time(clock: ServerClock) -> int:
    return clock._machine.now_ms()


BUILDS: Final = (
    BrokenBuild(
        name="cancel everything",
        broken="clearing up cancels every order on the symbol, whoever placed it",
        patches=(attribute(WireExchange, "cancel", _everybodys),),
        claims=(
            Claim({"I13"}, scenarios((told.made(), told.stop_hit_beside_foreign))),
            cell("F7", Step.STOP, "of another namespace"),
        ),
    ),
    BrokenBuild(
        name="close foreign size",
        broken="a close closes all that is held, whoever opened it",
        patches=(function(_order, _all_that_is_held),),
        claims=(Claim({"I13"}, scenarios((told.made(), told.closed_beside_foreign))),),
    ),
    BrokenBuild(
        name="budget without a reserve",
        broken="an entry starts although the request weight for its protection is not left",
        patches=(attribute(Capacity, "affords", _always_affordable), attribute(RateBudget, "wait_ms", _no_wait)),
        claims=(Claim({"I6"}, scenarios((told.made(), told.entered_when_little_is_left))),),
    ),
    BrokenBuild(
        name="ban passed over",
        broken="requests go on in a ban",
        patches=(attribute(Capacity, "affords", _always_affordable), attribute(Meter, "barrier", _never_barred)),
        claims=(Claim({"I6"}, scenarios((told.made(), told.entered_in_a_ban))), cell("C3", Step.ENTRY)),
    ),
    BrokenBuild(
        name="journal forgotten",
        broken="a new process does not read its journal",
        patches=(attribute(Book, "of", staticmethod(_empty_book)),),
        claims=(Claim({"I2"}, scenarios((told.made(), told.restarted))),),
    ),
    BrokenBuild(
        name="freeze dropped",
        broken="a symbol with an open question takes entries",
        patches=(attribute(gate, "_CHECKS", tuple(check for check in gate._CHECKS if check is not gate._frozen)),),
        claims=(
            by_test("tests/application/test_resolve.py::test_an_unknown_entry_freezes_its_symbol_for_entries_only"),
        ),
    ),
    BrokenBuild(
        name="limits passed over",
        broken="no risk limit is looked at",
        patches=(attribute(RiskLimits, "check", _within_limits),),
        claims=(by_test("tests/application/test_gate.py::test_each_limit_refuses"),),
    ),
    BrokenBuild(
        name="no sync",
        broken="the journal leaves it to the system when its writes reach the disk",
        patches=(
            attribute(connection, "SETTINGS", tuple(each for each in connection.SETTINGS if each[0] != "synchronous")),
        ),
        claims=(by_test("tests/integration/test_sqlite_journal.py::test_full_sync_is_in_force"),),
    ),
    BrokenBuild(
        name="commit put off",
        broken="a write to the journal is acknowledged at once and committed together with the next one",
        patches=(attribute(Store, "writing", contextmanager(_committed_later)),),
        claims=(crashed_stores("an entry", at="POST order"),),
    ),
    BrokenBuild(
        name="lease ignored",
        broken="a journal takes a second owner",
        patches=(attribute(OwnerLock, "_take", _anybody),),
        claims=(by_test("tests/contract/test_journal.py::TestSqliteJournal::test_j19_a_journal_has_one_owner"),),
    ),
    BrokenBuild(
        name="turns not kept",
        broken="threads do not wait for each other's work on a signal or a symbol",
        patches=(attribute(Turns, "of", _no_waiting),),
        claims=(by_test("tests/application/test_threads.py::test_one_signal_from_many_threads_has_one_effect"),),
    ),
    BrokenBuild(
        name="this machine's clock",
        broken="requests are dated by this machine's clock",
        patches=(attribute(ServerClock, "now_ms", _machine_time),),
        claims=(by_test("tests/binance/test_clock.py::test_it_is_right_within_half_the_way"),),
    ),
    BrokenBuild(
        name="redirects followed",
        broken="a redirect is followed, and the order posted again",
        patches=(attribute(Channel, "carry", _follow_redirects),),
        claims=(by_test("tests/binance/test_wire.py::test_a_redirect_is_not_followed"),),
    ),
    BrokenBuild(
        name="tracebacks with their values",
        broken="a failed request is logged with its traceback, in which loguru shows the values",
        patches=(attribute(Channel, "_ask", _with_its_locals),),
        claims=(by_test("tests/binance/test_wire.py::test_a_refused_connection_was_never_used"),),
    ),
)
