"""All invariants over one account, each fact looked at once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Final, cast

import attrs

from surefill.adapters.wire.call import WireAnswer
from surefill.application.status import Status
from surefill.domain.alarm import Alarm
from surefill.domain.events import Waived, WrittenOff
from surefill.domain.limits import RiskLimits
from surefill.domain.timings import Timings
from surefill.testing.invariants.ahead import WriteAhead
from surefill.testing.invariants.asked import Asked
from surefill.testing.invariants.audited import Audited
from surefill.testing.invariants.bounded import Bounded
from surefill.testing.invariants.durations import Durations
from surefill.testing.invariants.evidence import Carried, Evidence, Kept, Life, Told
from surefill.testing.invariants.exposure import BoundedExposure
from surefill.testing.invariants.filters import filters_by_symbol
from surefill.testing.invariants.foreign import MindYourOwn
from surefill.testing.invariants.knowledge import (
    Knowledge,
    answered,
    id_not_shown,
    is_read,
    is_undone_order,
    name_of,
    refused_cancel,
)
from surefill.testing.invariants.limits import WithinLimits
from surefill.testing.invariants.lives import Lives
from surefill.testing.invariants.moments import Fact, Moments
from surefill.testing.invariants.naked import NoSilentNakedPosition
from surefill.testing.invariants.numbers_sent import NumbersSent
from surefill.testing.invariants.once import AtMostOnce
from surefill.testing.invariants.orphans import NoOrphans
from surefill.testing.invariants.row import Row, text
from surefill.testing.invariants.secrecy import NoSecrets
from surefill.testing.invariants.sizes import Sizes
from surefill.testing.invariants.standing import Standing
from surefill.testing.invariants.truth import Truth
from surefill.testing.invariants.violation import Violation
from surefill.testing.invariants.writers import SingleWriter

_STATES: Final = frozenset({"fill", "position", "order", "algo"})


@attrs.define(kw_only=True)
class Watch:
    """Follows an account as it goes on: a look costs what is new since the last one.

    A bare ledger with its alarms (`look`) is judged as if somebody lived always and knew everything at once; `judge`
    takes all that was seen at the edges of the process, too. I5 needs two runs: see `converge`.

    Attributes:
        once: I1.
        naked: I2.
        orphans: I3.
        ahead: I4.
        limits: I6.
        numbers: I7.
        secrecy: I8.
        audited: I9.
        exposure: I10.
        truth: I11.
        bounded: I12.
        foreign: I13.
        writers: I14.
        sizes, lives, knowledge: what they share.
        durations: the numbers that are published.
        standing: the account as it stands.
        moments: puts facts in order.
    """

    naked: NoSilentNakedPosition = attrs.field(factory=NoSilentNakedPosition)
    orphans: NoOrphans = attrs.field(factory=NoOrphans)
    numbers: NumbersSent = attrs.field(factory=NumbersSent)
    exposure: BoundedExposure = attrs.field(factory=BoundedExposure)
    once: AtMostOnce = attrs.field(factory=AtMostOnce)
    ahead: WriteAhead = attrs.field(factory=WriteAhead)
    limits: WithinLimits = attrs.field(factory=WithinLimits)
    secrecy: NoSecrets = attrs.field(factory=NoSecrets)
    audited: Audited = attrs.field(factory=Audited)
    bounded: Bounded = attrs.field(factory=Bounded)
    foreign: MindYourOwn = attrs.field(factory=MindYourOwn)
    writers: SingleWriter = attrs.field(factory=SingleWriter)
    sizes: Sizes = attrs.field(factory=Sizes)
    lives: Lives = attrs.field(factory=Lives)
    knowledge: Knowledge | None = None
    durations: Durations = attrs.field(init=False)
    truth: Truth = attrs.field(init=False)
    standing: Standing = attrs.field(factory=Standing)
    moments: Moments = attrs.field(factory=Moments)
    _strangers: set[str] = attrs.field(factory=set[str])

    def __attrs_post_init__(self) -> None:
        self.durations = Durations(lives=self.lives)
        self.truth = Truth(sizes=self.sizes)

    @classmethod
    def over(
        cls,
        exchange_info: Mapping[str, object],
        *,
        asked: Mapping[str, Asked],
        timings: Timings,
        limits: RiskLimits,
        secrets: tuple[str, ...] = (),
    ) -> Watch:
        """Make the judge of one account; *asked* may grow while it watches."""
        sizes, lives = Sizes(asked=asked), Lives()
        knowledge = Knowledge(lives=lives, sizes=sizes)
        return cls(
            naked=NoSilentNakedPosition(
                protect_ms=timings.protect_soft_ms, guard_ms=timings.guard_ms, knowledge=knowledge
            ),
            orphans=NoOrphans(knowledge=knowledge),
            numbers=NumbersSent(filters=filters_by_symbol(exchange_info), asked=asked),
            exposure=BoundedExposure(limits=limits),
            once=AtMostOnce(asked=asked, knowledge=knowledge),
            secrecy=NoSecrets(secrets=secrets),
            bounded=Bounded(timings=timings),
            sizes=sizes,
            lives=lives,
            knowledge=knowledge,
        )

    def judge(self, evidence: Evidence, *, now_ms: int) -> tuple[Violation, ...]:
        """Take in all that is new, and return what it breaks; what is open is judged as of *now_ms*."""
        self.truth.seen_by_answers = self.truth.seen_by_answers or bool(evidence.carried)
        found: list[Violation] = []
        for called in evidence.called:
            self.foreign.call(called)
        self.bounded.ask(evidence.carried)
        for kept in evidence.kept:
            self.bounded.keep(kept.event)
        found += self.limits.ask(evidence.carried)
        for called in evidence.called:
            found += self.bounded.call(called)
        found += self._look(evidence, now_ms)
        for record in evidence.written:
            self.audited.write(record)
        found += self.foreign.until(now_ms)
        found += self.secrecy.see(evidence, now_ms=now_ms)
        return tuple(sorted(found, key=lambda violation: violation.time_ms))

    def at_rest(self, status: Status, *, now_ms: int) -> tuple[Violation, ...]:
        """Return what is still restless although every fault has been healed for long: the end of a run."""
        found = [*self.bounded.at_rest(status, now_ms), *self.truth.at_rest(now_ms)]
        found += self.audited.at_rest(forgotten=self.sizes.forgotten)
        return tuple(found)

    def look(self, rows: Iterable[Row], alarms: Iterable[Alarm] = (), *, now_ms: int) -> tuple[Violation, ...]:
        """Take in what is new, and return what it breaks.

        Args:
            rows: ledger rows since the last look, in order.
            alarms: raised since the last look.
            now_ms: exchange time of this look; what is open is judged as of then.
        """
        found = self._look(Evidence(rows=tuple(rows), alarms=tuple(alarms)), now_ms)
        return tuple(sorted(found, key=lambda violation: violation.time_ms))

    def _look(self, evidence: Evidence, now_ms: int) -> list[Violation]:
        for alarm in evidence.alarms:
            for each in (self.naked, self.once, self.ahead, self.audited, self.bounded):
                each.hear(alarm)
        if self.knowledge is not None:
            for called in evidence.called:
                self.knowledge.call(called, self.bounded.recent)
            for carried in evidence.carried:
                self.knowledge.wait(carried)
        found: list[Violation] = []
        for fact in self._facts(evidence):
            if isinstance(fact, Carried):
                found += self._ask(fact)
            elif isinstance(fact, Kept):
                found += self._keep(fact)
            elif isinstance(fact, Told):
                found += self.truth.tell(fact, self.standing)
            elif isinstance(fact, Life):
                found += self._live(fact)
            elif isinstance(fact, Alarm):
                self.sizes.hear(fact)
                found += self._anew(fact.at_ms, self.moments.passed)
            else:
                found += self._row(fact)
        for alarm in evidence.alarms:
            self.truth.hear(alarm)
            found += self.orphans.hear(alarm, self.standing)
        found += self.naked.until(now_ms)
        found += self.orphans.until(now_ms)
        found += self.once.until(now_ms)
        return found

    def _facts(self, evidence: Evidence) -> Iterable[Fact]:
        return self.moments.rows(evidence.rows) if self.knowledge is None else self.moments.of(evidence)

    def _row(self, row: Row) -> Iterable[Violation]:
        kind = row["kind"]
        if kind == "request":
            return self._request(row)
        if kind in _STATES:
            return self._change(self._of_nobody(row))
        if kind == "rollback":
            self.sizes.undo(row)
            self.standing.undo(row)
        if kind != "answer":
            return ()
        self.audited.row(row)
        return () if row["request_seq"] in self.moments.by_hand else self.limits.answer(row)

    def _request(self, row: Row) -> Iterator[Violation]:
        sent = cast("dict[str, str]", json.loads(text(row, "params")))
        if row.get("seq") in self.moments.by_hand:
            self.limits.by_hand(row)
            self.audited.by_hand()
            if row["method"] == "POST":
                self._strangers.update(sent[name] for name in ("newClientOrderId", "clientAlgoId") if name in sent)
            return
        yield from self.numbers.request(row, sent)
        yield from self.exposure.request(row, sent)
        self.once.request(row, sent)
        if self.knowledge is not None:
            yield from self.foreign.request(row, sent)
            yield from self.ahead.request(row, sent)
            self.audited.request(row, sent)

    def _of_nobody(self, row: Row) -> Row:
        """Return *row* so that an order that somebody else gave an id of our form is not taken for ours."""
        if not self._strangers:
            return row
        name = "client_algo_id" if row["kind"] == "algo" else "client_order_id"
        return {**row, name: f"of others {row[name]}"} if row.get(name) in self._strangers else row

    def _change(self, row: Row) -> Iterator[Violation]:
        kind, standing = row["kind"], self.standing
        if kind == "fill":
            yield from self._fill(row)
            return
        if kind == "position":
            place = text(row, "symbol"), text(row, "position_side")
            before = standing.at_most(place)
            self.exposure.position(row)
            standing.apply(row)
            if standing.at_most(place) != before:
                self.foreign.after(row, place, before)
            yield from self.naked.see(row, place, standing)
            yield from self.orphans.see(row, place, standing)
            return
        self.foreign.row(row)
        self.audited.row(row)
        if kind == "algo" and row["status"] == "NEW":
            yield from self.truth.row(row)
            self.durations.row(row)
        key = standing.apply(row)
        if key is not None:
            if kind == "algo":
                yield from self.naked.see(row, key, standing)
            yield from self.orphans.see(row, key, standing)

    def _fill(self, row: Row) -> Iterator[Violation]:
        """Take in a fill; what it leaves naked or behind is judged with the position, whose row follows."""
        place = text(row, "symbol"), text(row, "position_side")
        before = self.standing.at_most(place)
        yield from self.foreign.before_fill(row, self.standing)
        yield from self.exposure.fill(row)
        self.sizes.fill(row)
        yield from self.once.fill(row)
        yield from self.truth.row(row)
        self.audited.row(row)
        self.durations.row(row)
        self.naked.fill(row, place)
        self.standing.apply(row)
        if self.standing.at_most(place) != before:
            self.foreign.after(row, place, before)

    def _keep(self, kept: Kept) -> Iterator[Violation]:
        event = kept.event
        self.ahead.keep(kept)
        self.durations.keep(event, kept.at_ms)
        forgotten = len(self.sizes.forgotten)
        self.sizes.keep(event)
        uncovers = isinstance(event, (Waived, WrittenOff)) or len(self.sizes.forgotten) != forgotten
        if isinstance(event, WrittenOff):
            key = self.sizes.place(self.sizes.stem_of(event.signal_id) or "")
            if key is not None:
                self.standing.write_off(key, event.quantity)
        if self.knowledge is not None:
            self.knowledge.keep(event)
        yield from self.limits.keep(kept)
        yield from self.truth.keep(kept, self.standing)
        if uncovers:
            yield from self._anew(kept.at_ms, kept.after_seq)

    def _ask(self, carried: Carried) -> Iterable[Violation]:
        name = name_of(carried)
        self.truth.ask(carried, name)
        self.limits.hear(carried)
        if name == "exchangeInfo":
            self._take_rules(carried)
        restless = self.naked.waiting or self.orphans.waiting or self.once.waiting
        return self._asked(carried) if restless or carried.call.changes else ()

    def _asked(self, carried: Carried) -> Iterator[Violation]:
        """Take in a request that may have changed something, or shown what is naked or left over."""
        yield from self.writers.ask(carried)
        knowledge, at_ms = self.knowledge, carried.arrived_ms
        if knowledge is None or at_ms is None:
            return
        self.naked.ask(carried, self.standing)
        if not answered(carried):
            yield from self.orphans.until(carried.sent_ms)
            yield from self.once.until(carried.sent_ms)
            knowledge.block(knowledge.symbol_of(carried), at_ms)
            knowledge.block(None, self.limits.banned_until_ms(carried.owner))
        elif is_undone_order(carried) or self.standing.is_open(refused_cancel(carried) or ""):
            knowledge.block(knowledge.symbol_of(carried), at_ms)  # the larger order goes when the smaller one is seen
        elif self.orphans.waiting and self.sizes.is_exit(id_not_shown(carried) or ""):
            yield from self.orphans.until(carried.sent_ms)
            knowledge.block(knowledge.symbol_of(carried), at_ms)  # how much is left to protect is not known
        elif self.orphans.waiting and is_read(carried):
            for symbol in tuple(self.orphans.unseen(carried, self.standing)):
                yield from self.orphans.until(carried.sent_ms)
                knowledge.block(symbol, at_ms)

    def _live(self, life: Life) -> Iterator[Violation]:
        if not life.alive:
            yield from self.orphans.until(life.at_ms)
            yield from self.once.until(life.at_ms)
        was_alive = self.lives.told and self.lives.alive
        if life.alive and self.knowledge is not None:
            if life.lost_journal:
                self.sizes.forget()
                self.audited.forget()
            if life.lost_journal or not was_alive:
                self.knowledge.begin(lost_journal=life.lost_journal)
        if life.alive and not was_alive:
            self.limits.live()
        self.lives.apply(life)
        self.writers.live(life)
        if was_alive != self.lives.alive:
            yield from self.naked.live(life.at_ms, alive=self.lives.alive)
        if (life.alive and self.sizes.succeed()) or life.lost_journal:
            yield from self._anew(life.at_ms, self.moments.passed)

    def _anew(self, at_ms: int, seq: int) -> Iterator[Violation]:
        """Judge every place again: what needs cover has changed without anything having happened at the exchange."""
        for key in tuple(self.standing.held_keys()):
            yield from self.naked.at(at_ms, seq, key, self.standing)
            yield from self.orphans.at(at_ms, key, self.standing)

    def _take_rules(self, carried: Carried) -> None:
        """Judge numbers by the rules that the owner was last shown."""
        result = carried.result
        if isinstance(result, WireAnswer) and result.ok and isinstance(result.body, dict):
            try:
                rules = filters_by_symbol(cast("dict[str, object]", result.body))
            except (ArithmeticError, AttributeError, TypeError, ValueError):
                return  # garbage; whoever believes it is judged by what was in force before
            whole = {symbol: each for symbol, each in rules.items() if each.tick and each.steps}
            self.numbers.filters = {**self.numbers.filters, **whole}


def check(
    ledger: Iterable[Row],
    alarms: Iterable[Alarm] = (),
    *,
    now_ms: int,
    exchange_info: Mapping[str, object] | None = None,
    asked: Mapping[str, Asked] | None = None,
    known_ms: Mapping[str, int] | None = None,
    max_position: Mapping[str, Decimal] | None = None,
) -> tuple[Violation, ...]:
    """Judge a whole ledger at once; an empty result means that all that can be told from it held: I1, I2, I3, I7, I10.

    Args:
        ledger: its rows from the first on.
        alarms: every alarm raised meanwhile.
        now_ms: exchange time at the end.
        exchange_info: the rules in force, for I7.
        asked: what the callers asked for by the stem of their client ids, for I1 and I7.
        known_ms: when fills became known, where that was later than their moment, for I2.
        max_position: the largest position allowed by symbol, base units, for I10.
    """
    watch = Watch(
        naked=NoSilentNakedPosition(known_ms=known_ms or {}),
        numbers=NumbersSent(filters=filters_by_symbol(exchange_info or {}), asked=asked or {}),
        exposure=BoundedExposure(max_position=max_position or {}),
        once=AtMostOnce(asked=asked or {}),
    )
    return watch.look(ledger, alarms, now_ms=now_ms)
