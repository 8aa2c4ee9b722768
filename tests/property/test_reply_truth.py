"""Whatever goes wrong on the way, a reply never claims more than the exchange's own ledger bears out."""

from hypothesis import given
from hypothesis import strategies as st

from surefill.adapters.simulated import Fault, FaultPlan, Latency
from surefill.domain.errors import AuthenticationError, OrderExecutionError
from surefill.domain.ids import Leg, client_id
from surefill.domain.order import OrderRequest
from surefill.domain.reply import NOTHING_HAPPENED, ReplyKind
from tests.paper import paper
from tests.wire_script import market_request, stop_request

chances = st.sampled_from([0.1, 0.5, 1.0])
faults = st.one_of(
    st.builds(lambda chance: Fault.reply_lost(probability=chance), chances),
    st.builds(lambda chance: Fault.request_lost(probability=chance), chances),
    st.builds(lambda chance: Fault.unreachable(probability=chance), chances),
    st.builds(lambda ms, chance: Fault.latency(ms, probability=chance), st.integers(0, 9_000), chances),
    st.builds(lambda code, chance: Fault.refused(code, probability=chance), st.sampled_from([-2019, -1021]), chances),
    st.builds(lambda code, chance: Fault.refused(code, "", 503, probability=chance), st.just(-1008), chances),
    st.builds(lambda done, chance: Fault.unclear(executed=done, probability=chance), st.booleans(), chances),
    st.builds(lambda ms: Fault.visibility_lag(ms, trades=True, positions=True), st.integers(0, 9_000)),
    st.builds(lambda chance: Fault.reply_lost(method="GET", probability=chance), chances),
    st.builds(lambda chance: Fault.unclear(executed=True, method="DELETE", probability=chance), chances),
)


def orders(count: int) -> list[OrderRequest]:
    """Entries and stops in turn, each with an id of its own."""
    made = []
    for number in range(count):
        leg, make = ((Leg.ENTRY, market_request), (Leg.STOP, stop_request))[number % 2]
        made.append(make(leg, client_id=client_id("test", f"signal-{number}", leg, 1)))
    return made


@given(st.lists(faults, min_size=1, max_size=4), st.integers(0, 2**16), st.booleans())
def test_replies_are_borne_out_by_the_ledger(plan: list[Fault], seed: int, together: bool) -> None:  # noqa: FBT001  # drawn
    """After NOT_SENT, REJECTED or RETRYABLE the order never comes to be, not even late; after ACCEPTED it is there."""
    exchange = paper(FaultPlan(*plan, seed=seed), Latency(timeout_ms=2_000))
    requests = orders(6)
    if together:
        replies = list(exchange.send_together([exchange.prepare(request) for request in requests]))
    else:
        replies = [exchange.send(exchange.prepare(request)) for request in requests]
    exchange.clock.sleep(20)
    known = {str(row.get("client_order_id") or row.get("client_algo_id")) for row in exchange.ledger.rows}

    for request, reply in zip(requests, replies, strict=True):
        if reply.kind in NOTHING_HAPPENED:
            assert request.client_id not in known
        if reply.kind is ReplyKind.ACCEPTED:
            assert request.client_id in known


@given(st.lists(faults, max_size=4), st.integers(0, 2**16))
def test_reads_and_cancels_fail_only_as_promised(plan: list[Fault], seed: int) -> None:
    """Every verb answers or raises an OrderExecutionError or AuthenticationError; what it shows has happened."""
    exchange = paper(FaultPlan(*plan, seed=seed), Latency(timeout_ms=2_000))
    requests = orders(4)
    for request in requests:
        exchange.send(exchange.prepare(request))
    keys = [request.key for request in requests]
    verbs = (
        lambda: exchange.find(keys),
        lambda: exchange.snapshot("BTCUSDT"),
        lambda: exchange.history("BTCUSDT"),
        lambda: exchange.reference("BTCUSDT"),
        lambda: exchange.instrument("BTCUSDT"),
        exchange.positions,
        exchange.balance,
        lambda: exchange.configure("BTCUSDT", leverage=3),
        lambda: exchange.cancel(keys),
        lambda: exchange.cancel_everything("BTCUSDT"),
    )
    for verb in verbs:
        try:
            verb()
        except (OrderExecutionError, AuthenticationError) as error:
            assert str(error)  # noqa: PT017  # most runs raise nothing; those that do must say why
