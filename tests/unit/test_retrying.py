"""Reads that are tried again, and everything else that is not."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import stamina
from hypothesis import given
from hypothesis import strategies as st
from loguru import logger

from surefill.adapters.clock import VirtualClock
from surefill.adapters.retrying import ReadRetry, Retrying
from surefill.domain.errors import (
    AuthenticationError,
    ClockSkewError,
    ExchangeUnavailableError,
    OrderExecutionError,
    OrderRejectedError,
    OutcomeUnknownError,
    RateLimitedError,
)
from surefill.domain.retry_policy import RetryPolicy
from surefill.domain.side import MarginType
from surefill.ports.exchange import Exchange


class _Exchange:
    """An exchange that answers every verb with its name and arguments, after so many failures."""

    namespace, environment, real_time = "bot-7", "paper", True
    direct: Any = "the same account"

    def __init__(self, *failures: Exception) -> None:
        self.clock = VirtualClock(0)
        self.failures: list[Exception] = list(failures)
        self.calls: list[tuple[int, object]] = []

    def __getattr__(self, verb: str) -> Callable[..., object]:
        def answer(*arguments: object, **named: object) -> object:
            self.calls.append((self.clock.now_ms(), (verb, arguments, named)))
            if self.failures:
                raise self.failures.pop(0)
            return verb, arguments, named

        return answer


READS: dict[str, Callable[[Exchange], object]] = {
    "find": lambda exchange: exchange.find(("key",)),  # type: ignore[arg-type]  # only passed through
    "history": lambda exchange: exchange.history("S", "mark"),  # type: ignore[arg-type]  # likewise
    "snapshot": lambda exchange: exchange.snapshot("S"),
    "open_orders": lambda exchange: exchange.open_orders("S"),
    "positions": lambda exchange: exchange.positions(),
    "balance": lambda exchange: exchange.balance(),
    "reference": lambda exchange: exchange.reference("S"),
    "instrument": lambda exchange: exchange.instrument("S", refresh=True),
    "income": lambda exchange: exchange.income(7),
    "settings": lambda exchange: exchange.settings("S"),
    "configure": lambda exchange: exchange.configure("S", leverage=5, margin_type=MarginType.ISOLATED),
}
EXPECTED = {
    "find": ("find", (("key",),), {}),
    "history": ("history", ("S", "mark"), {}),
    "snapshot": ("snapshot", ("S",), {}),
    "open_orders": ("open_orders", ("S",), {}),
    "positions": ("positions", (), {}),
    "balance": ("balance", (), {}),
    "reference": ("reference", ("S",), {}),
    "instrument": ("instrument", ("S",), {"refresh": True}),
    "income": ("income", (7,), {}),
    "settings": ("settings", ("S",), {}),
    "configure": ("configure", ("S",), {"leverage": 5, "margin_type": MarginType.ISOLATED}),
}


def _forever() -> None:
    """No limit."""


def _unheard(_: object) -> None:
    """Listen to nothing."""


ONCE: dict[str, Callable[[Exchange], object]] = {
    "prepare": lambda exchange: exchange.prepare("request"),  # type: ignore[arg-type]  # only passed through
    "send": lambda exchange: exchange.send("prepared"),  # type: ignore[arg-type]  # likewise
    "send_together": lambda exchange: exchange.send_together(("a", "b")),  # type: ignore[arg-type]  # likewise
    "cancel": lambda exchange: exchange.cancel(("key",)),  # type: ignore[arg-type]  # likewise
    "cancel_everything": lambda exchange: exchange.cancel_everything("S"),
    "capacity": lambda exchange: exchange.capacity(),
    "attended": lambda exchange: exchange.attended(_forever),
    "telling": lambda exchange: exchange.telling(_unheard),
}
PASSED: dict[str, object] = {
    "prepare": ("prepare", ("request",), {}),
    "send": ("send", ("prepared",), {}),
    "send_together": ("send_together", (("a", "b"),), {}),
    "cancel": ("cancel", (("key",),), {}),
    "cancel_everything": ("cancel_everything", ("S",), {}),
    "capacity": ("capacity", (), {}),
    "attended": ("attended", (_forever,), {}),
    "telling": ("telling", (_unheard,), {}),
}


@pytest.fixture(autouse=True)
def _stamina_as_installed() -> Iterator[None]:
    """Stamina's switches belong to the process: each test finds them as they are by default, without its own log."""
    stamina.instrumentation.set_on_retry_hooks(())
    yield
    stamina.set_active(True)
    stamina.set_testing(False)
    stamina.instrumentation.set_on_retry_hooks(None)


def _retrying(exchange: Any, policy: RetryPolicy | None = None, **named: Any) -> Exchange:  # a stand-in
    return Retrying(exchange, policy or RetryPolicy(), **named)


def _unavailable() -> ExchangeUnavailableError:
    return ExchangeUnavailableError("503")


def test_every_verb_of_the_port_is_here() -> None:
    """The decorator knows each verb, and which of them may be repeated."""
    verbs = {name for name in vars(Exchange) if not name.startswith("_")} - {"clock", *vars(_Exchange)}

    assert verbs == {*READS, *ONCE}


@pytest.mark.parametrize("verb", READS)
def test_a_read_survives_an_outage(verb: str) -> None:
    """A read or setting that fails for now is repeated as it was, after waits on the exchange's own clock."""
    exchange = _Exchange(_unavailable(), ClockSkewError("-1021"), RateLimitedError("429"))
    answer = READS[verb](_retrying(exchange))

    assert answer == (None if verb == "configure" else EXPECTED[verb])
    assert exchange.calls == [(at_ms, EXPECTED[verb]) for at_ms in (0, 1_000, 3_000, 7_000)]


@pytest.mark.parametrize("verb", ONCE)
def test_what_may_have_been_done_is_done_once(verb: str) -> None:
    """Sends, cancels and what does no I/O go straight through: one call, no wait, the error as it is."""
    failing = _Exchange(_unavailable())
    with pytest.raises(ExchangeUnavailableError):
        ONCE[verb](_retrying(failing))
    assert failing.calls == [(0, PASSED[verb])]

    sound = _Exchange()
    assert ONCE[verb](_retrying(sound)) == (None if verb == "cancel_everything" else PASSED[verb])
    assert sound.calls == [(0, PASSED[verb])]


def test_what_the_exchange_is_shows_through() -> None:
    """Clock, namespace, environment, kind of time and the way around retries are the exchange's own."""
    exchange = _Exchange()
    decorated = _retrying(exchange)

    assert decorated.clock is exchange.clock
    assert (decorated.namespace, decorated.environment, decorated.real_time) == ("bot-7", "paper", True)
    assert decorated.direct is exchange.direct


@pytest.mark.parametrize(
    "final",
    [OrderRejectedError("-1121"), OutcomeUnknownError("?"), AuthenticationError("-2015"), ValueError("ours")],
    ids=lambda error: type(error).__name__,
)
def test_a_final_answer_is_not_asked_for_again(final: Exception) -> None:
    """What waiting does not mend is raised at once, also after a retry."""
    exchange = _Exchange(_unavailable(), final, _unavailable())

    with pytest.raises(type(final)) as caught:
        _retrying(exchange).balance()

    assert caught.value is final
    assert [at_ms for at_ms, _ in exchange.calls] == [0, 1_000]


def test_the_last_error_is_raised_without_a_last_wait() -> None:
    """When all attempts failed the last error is raised, right after the last attempt."""
    errors = [_unavailable() for _ in range(9)]
    exchange = _Exchange(*errors)

    with pytest.raises(ExchangeUnavailableError) as caught:
        _retrying(exchange, RetryPolicy(max_retries=2, initial_delay=0.5)).positions()

    assert caught.value is errors[2]
    assert [at_ms for at_ms, _ in exchange.calls] == [0, 500, 1_500]
    assert exchange.clock.now_ms() == 1_500


def test_no_retries_means_none() -> None:
    """A policy without retries asks once."""
    exchange = _Exchange(_unavailable())

    with pytest.raises(ExchangeUnavailableError):
        _retrying(exchange, RetryPolicy(max_retries=0)).positions()

    assert len(exchange.calls) == 1


def test_the_exchanges_own_wait_is_honoured() -> None:
    """Retry-After lengthens the wait and never shortens it."""
    exchange = _Exchange(RateLimitedError("429", retry_after_ms=2_500), RateLimitedError("429", retry_after_ms=10))
    _retrying(exchange).snapshot("S")

    assert [at_ms for at_ms, _ in exchange.calls] == [0, 2_500, 4_500]


def test_a_long_ban_is_reported_at_once() -> None:
    """A wait that would make the call wait too long altogether is not begun: the error tells how long it would be."""
    exchange = _Exchange(_unavailable(), RateLimitedError("418", retry_after_ms=9_001))

    with pytest.raises(RateLimitedError) as caught:
        _retrying(exchange).snapshot("S")

    assert caught.value.retry_after_ms == 9_001
    assert exchange.clock.now_ms() == 1_000


@given(st.lists(st.integers(0, 20_000), max_size=30), st.integers(0, 8), st.floats(0.01, 5), st.floats(0, 30))
def test_a_call_is_bounded(retry_after_ms: list[int], retries: int, delay: float, waiting_max: float) -> None:
    """However the exchange behaves, a call makes at most the policy's attempts and waits at most its time."""
    exchange = _Exchange(*(RateLimitedError("429", retry_after_ms=wait) for wait in retry_after_ms))
    decorated = _retrying(
        exchange, RetryPolicy(max_retries=retries, initial_delay=delay), waiting_seconds_max=waiting_max
    )
    try:
        decorated.balance()
    except RateLimitedError:
        assert len(exchange.calls) <= len(retry_after_ms)

    assert len(exchange.calls) <= retries + 1
    assert exchange.clock.now_ms() <= waiting_max * 1_000 + retries


def test_each_retry_is_told_before_its_wait() -> None:
    """The host learns of each retry that is really made: which verb, which attempt, how long, and why."""
    errors: list[OrderExecutionError] = [_unavailable(), ClockSkewError("-1021")]
    exchange = _Exchange(*errors)
    told: list[ReadRetry] = []
    _retrying(exchange, on_retry=told.append).settings("S")

    assert told == [
        ReadRetry(at_ms=0, operation="settings", attempt=1, wait_seconds=1.0, error=errors[0], symbol="S"),
        ReadRetry(at_ms=1_000, operation="settings", attempt=2, wait_seconds=2.0, error=errors[1], symbol="S"),
    ]


def test_what_a_listener_raises_ends_no_read() -> None:
    """The read goes on after its wait, and each time the listener is asked anew; the log names what it raised."""
    logged: list[str] = []
    asked: list[ReadRetry] = []
    logger.enable("surefill")
    logger.add(logged.append, level="ERROR", format="{message}")

    def listener(retry: ReadRetry) -> None:
        asked.append(retry)
        raise OSError("no space left")

    exchange = _Exchange(_unavailable(), _unavailable())

    assert _retrying(exchange, on_retry=listener).positions() == ("positions", (), {})
    assert [(retry.operation, retry.symbol) for retry in asked] == [("positions", None)] * 2
    assert logged == ["the retry of positions could not be told: OSError: no space left\n"] * 2


def test_the_machine_never_sleeps() -> None:
    """The waits are the exchange's alone: stamina's own are of no length."""
    waits: list[float] = []
    stamina.instrumentation.set_on_retry_hooks([lambda details: waits.append(details.wait_for)])
    _retrying(_Exchange(*(_unavailable() for _ in range(3)))).balance()

    assert waits == [0.0, 0.0, 0.0]


def test_staminas_switch_turns_retries_off() -> None:
    """A host that switches stamina off for the whole process gets the first error: as documented."""
    stamina.set_active(False)
    exchange = _Exchange(_unavailable())

    with pytest.raises(ExchangeUnavailableError):
        _retrying(exchange).balance()

    assert len(exchange.calls) == 1


def test_waits_grow_while_calls_are_given_up() -> None:
    """Each call given up doubles the waits of the next one, within the longest wait; a success takes it all back."""
    policy = RetryPolicy(max_retries=1, max_delay=5.0)
    exchange = _Exchange(*(_unavailable() for _ in range(10)))
    retrying = _retrying(exchange, policy)
    for _ in range(5):
        with pytest.raises(ExchangeUnavailableError):
            retrying.balance()
    assert retrying.balance() == EXPECTED["balance"]
    exchange.failures = [_unavailable()]
    retrying.balance()

    times_ms = [at_ms for at_ms, _ in exchange.calls]
    waits_ms = [later - earlier for earlier, later in zip(times_ms[::2], times_ms[1::2], strict=False)]
    assert waits_ms == [1_000, 2_000, 4_000, 5_000, 5_000, 0]
    assert times_ms[-1] - times_ms[-2] == 1_000


def test_a_final_answer_does_not_slow_anything_down() -> None:
    """Only what waiting might mend makes waits longer."""
    exchange = _Exchange(OrderRejectedError("-1121"), _unavailable())
    retrying = _retrying(exchange)
    with pytest.raises(OrderRejectedError):
        retrying.balance()
    retrying.balance()

    assert [at_ms for at_ms, _ in exchange.calls] == [0, 0, 1_000]
