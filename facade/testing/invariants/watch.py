"""All invariants over one account, each fact looked at once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from operator import itemgetter
from typing import Final, TypeAlias, cast

import attrs

from surefill.adapters.wire.call import WireAnswer
from surefill.application.status import Status
from surefill.domain.alarm import Alarm
from surefill.domain.events import Claimed, Waived
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
from surefill.testing.invariants.knowledge import Knowledge, answered, is_read, name_of
from surefill.testing.invariants.limits import WithinLimits
from surefill.testing.invariants.lives import Lives
from surefill.testing.invariants.naked import NoSilentNakedPosition
from surefill.testing.invariants.numbers_sent import NumbersSent
from surefill.testing.invariants.once import AtMostOnce
from surefill.testing.invariants.orphans import NoOrphans
from surefill.testing.invariants.row import Row, text, time_ms
from surefill.testing.invariants.secrecy import NoSecrets
from surefill.testing.invariants.sizes import Sizes
from surefill.testing.invariants.standing import Standing
from surefill.testing.invariants.truth import Truth
from surefill.testing.invariants.violation import Violation
from surefill.testing.invariants.writers import SingleWriter

_Moment: TypeAlias = tuple[int, int, Row | Kept | Carried | Told | Life]
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
    _seen_seq: int = 0
    _seen_ms: int = 0
    _by_hand: set[int] = attrs.field(factory=set[int])

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
        self._by_hand.update(evidence.by_hand)
        self.truth.seen_by_answers = self.truth.seen_by_answers or bool(evidence.carried)
        found: list[Violation] = []
        for called in evidence.called:
            self.foreign.call(called)
        for carried in evidence.carried:
            self.bounded.ask(carried)
            found += self.limits.ask(carried)
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
        found: list[Violation] = []
        for _, _, fact in self._in_order(evidence):
            match fact:
                case Kept():
                    found += self._keep(fact)
                case Carried():
                    found += self._ask(fact)
                case Told():
                    found += self.truth.tell(fact, self.standing)
                case Life():
                    found += self._live(fact)
                case _:
                    found += self._row(fact)
        for alarm in evidence.alarms:
            self.truth.hear(alarm)
        if self.knowledge is not None:
            for called in evidence.called:
                self.knowledge.call(called)
        found += self.naked.until(now_ms)
        found += self.orphans.until(now_ms)
        found += self.once.until(now_ms)
        return found

    def _in_order(self, evidence: Evidence) -> Iterable[_Moment]:
        """Return every fact in the order it happened: by the ledger's row that came before it."""
        moments: list[_Moment] = []
        if self.knowledge is None:
            return [(0, 0, row) for row in evidence.rows]
        seq, at_ms = self._seen_seq, self._seen_ms
        lives = list(evidence.lives)
        for row in evidence.rows:
            row_ms = time_ms(row)
            while lives and lives[0].at_ms < row_ms:
                moments.append((2 * seq + 1, lives[0].at_ms, lives.pop(0)))
            seq, at_ms = int(str(row["seq"])), row_ms
            moments.append((2 * seq, at_ms, row))
        moments += [(2 * seq + 1, life.at_ms, life) for life in lives]
        self._seen_seq, self._seen_ms = seq, at_ms
        # within one moment: first what was heard, then what was written of it, then what was told
        moments += [(2 * each.last_seq + 1, each.arrived_ms or each.sent_ms, each) for each in evidence.carried]
        moments += [(2 * kept.after_seq + 1, kept.at_ms, kept) for kept in evidence.kept]
        moments += [(2 * told.after_seq + 1, told.at_ms, told) for told in evidence.told]
        moments.sort(key=itemgetter(0, 1))
        return moments

    def _row(self, row: Row) -> Iterator[Violation]:
        kind = row["kind"]
        if kind == "request":
            yield from self._request(row)
        elif kind == "answer":
            self.audited.row(row)
            if row["request_seq"] not in self._by_hand:
                yield from self.limits.answer(row)
        elif kind in _STATES:
            yield from self._change(row)

    def _request(self, row: Row) -> Iterator[Violation]:
        if row.get("seq") in self._by_hand:
            self.limits.by_hand(row)
            self.audited.by_hand()
            return
        if row["method"] == "GET":
            return
        sent = cast("dict[str, str]", json.loads(text(row, "params")))
        yield from self.numbers.request(row, sent)
        yield from self.exposure.request(row, sent)
        self.once.request(row, sent)
        if self.knowledge is not None:
            yield from self.foreign.request(row, sent)
            yield from self.ahead.request(row, sent)
            self.audited.request(row, sent)

    def _change(self, row: Row) -> Iterator[Violation]:
        is_fill = row["kind"] == "fill"
        place = text(row, "symbol"), text(row, "position_side")
        before = self.standing.ours(place)
        if is_fill:
            yield from self.foreign.before_fill(row, self.standing)
            yield from self.exposure.fill(row)
            self.sizes.fill(row)
            yield from self.once.fill(row)
        yield from self.truth.row(row)
        self.foreign.row(row)
        self.audited.row(row)
        self.durations.row(row)
        key = self.standing.apply(row)
        if key is None:
            return
        if self.standing.ours(key) != before:
            self.foreign.after(row, key, before)
        yield from self.naked.see(row, key, self.standing)
        yield from self.orphans.see(row, key, self.standing)

    def _keep(self, kept: Kept) -> Iterator[Violation]:
        event = kept.event
        self.ahead.keep(kept)
        self.durations.keep(event)
        uncovers = isinstance(event, Waived) or (isinstance(event, Claimed) and bool(self.sizes.forgotten))
        self.sizes.keep(event)
        if self.knowledge is not None:
            self.knowledge.keep(event)
        yield from self.limits.keep(kept)
        yield from self.truth.keep(kept, self.standing)
        if uncovers:
            yield from self._anew(kept.at_ms, kept.after_seq)

    def _ask(self, carried: Carried) -> Iterator[Violation]:
        knowledge = self.knowledge
        if knowledge is None:
            return
        knowledge.ask(carried)
        self.truth.ask(carried)
        yield from self.writers.ask(carried)
        at_ms = carried.arrived_ms
        if at_ms is None:
            return
        self.naked.ask(carried, self.standing)
        if name_of(carried) == "exchangeInfo":
            self._take_rules(carried)
        if not answered(carried):
            yield from self.orphans.until(carried.sent_ms)
            yield from self.once.until(carried.sent_ms)
            knowledge.block(knowledge.symbol_of(carried), at_ms)
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
            if life.lost_journal or not was_alive:
                self.knowledge.begin(lost_journal=life.lost_journal)
        self.lives.apply(life)
        self.writers.live(life)
        if was_alive != self.lives.alive:
            yield from self.naked.live(life.at_ms, alive=self.lives.alive)
        if life.lost_journal:
            yield from self._anew(life.at_ms, self._seen_seq)

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
            if rules:
                self.numbers.filters = rules


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
