import json

from surefill.domain.alarm import AlarmKind
from tests.invariants.facts import Scene, intent
from tests.invariants.rows import request, unprotected


def sent(leg: str = "E", **params: str) -> dict[str, str]:
    params = {"timestamp": "1000", **params}
    return dict(json.loads(str(request(leg, **params)["params"])))


def test_an_order_with_its_intent_before_it_is_sound() -> None:
    """Id, timestamp and digest agree, and the commit had returned before the request arrived."""
    scene = Scene()
    for leg in ("E", "S", "T", "X"):
        scene.keep(intent(leg, sent=sent(leg)))
        scene.add(request(leg, timestamp="1000"))

    assert scene.found("I4", 2000) == []


def test_the_digest_of_unusual_parameters_is_the_encoded_ones() -> None:
    """Symbols beyond ASCII are percent-encoded before they are digested, as the exchange does to sign them."""
    scene = Scene()
    scene.keep(intent("E", sent={"signature": "no part of it", **sent(symbol="测试USDT", note="a b&c")}))
    scene.add(request("E", timestamp="1000", symbol="测试USDT", note="a b&c"))

    assert scene.found("I4", 2000) == []


def test_an_order_without_an_intent_is_found() -> None:
    """Neither another id's intent nor one of another timestamp will do."""
    scene = Scene()
    scene.keep(intent("E", number=2, sent=sent()))
    scene.keep(intent("E", sent=sent(), timestamp_ms=1001))
    scene.add(request("E", timestamp="1000"))

    ((at_ms, problem),) = scene.found("I4", 2000)
    assert at_ms == 1000
    assert "no intent" in problem


def test_an_intent_that_comes_after_the_order_is_found() -> None:
    """The commit must have returned before the first byte left."""
    scene = Scene()
    scene.add(request("E", timestamp="1000"))
    scene.keep(intent("E", sent=sent()))

    ((_, problem),) = scene.found("I4", 2000)
    assert "no intent" in problem


def test_an_intent_of_another_order_is_found() -> None:
    """A changed size is another order, whatever id it carries."""
    scene = Scene()
    scene.keep(intent("E", sent=sent()))
    scene.add(request("E", timestamp="1000", quantity="3"))

    ((_, problem),) = scene.found("I4", 2000)
    assert "digests differ" in problem


def test_the_first_intent_counts() -> None:
    """Writing it down again later does not make it earlier, nor later."""
    scene = Scene()
    scene.keep(intent("E", sent=sent()))
    scene.add(request("E", timestamp="1000"))
    scene.keep(intent("E", sent=sent()))

    assert scene.found("I4", 2000) == []


def test_a_failed_journal_that_rang_excuses_exits_only() -> None:
    """After STORE_FAILED stops, targets and exits go out without an intent; entries never do, nor exits before it."""
    scene = Scene()
    scene.alarms.append(unprotected(1000, None, AlarmKind.STORE_FAILED))
    scene.add(*(request(leg, timestamp="1000") for leg in ("S", "T", "X")))
    assert scene.found("I4", 2000) == []
    scene.add(request("E", timestamp="1000"))
    assert len(scene.found("I4", 2000)) == 1

    late = Scene()
    late.alarms += [unprotected(1001, None, AlarmKind.STORE_FAILED), unprotected(900)]
    late.add(request("S", timestamp="1000"))
    assert len(late.found("I4", 2000)) == 1


def test_what_is_no_order_of_ours_needs_no_intent() -> None:
    """Cancels, reads, settings and other people's orders are not judged."""
    scene = Scene()
    scene.add(request("E", method="DELETE"), request("E", method="GET"), request("E", newClientOrderId="mine"))
    scene.by_hand(request("E", timestamp="1000"))

    assert scene.found("I4", 2000) == []
