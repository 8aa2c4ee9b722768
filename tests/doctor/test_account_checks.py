"""Each check of the account at both sides of each of its bounds."""

from __future__ import annotations

from pathlib import Path

import pytest

from surefill.adapters.wire.call import WireAnswer
from surefill.doctor import Verdict
from surefill.doctor.account_checks import check_assets, check_budget, check_clock, check_mode
from surefill.domain.errors import RateLimitedError
from surefill.domain.ids import Leg, client_id
from tests.doctor.scripts import (
    CONDITIONALS_PATH,
    CONFIG,
    CONFIG_PATH,
    INFO_PATH,
    LOOK_PATH,
    SETTINGS_PATH,
    SYMBOL,
    TIME_PATH,
    account,
    found,
    healthy,
    listing,
    patient,
    settings_row,
    slowly,
)
from tests.wire_script import NOW_MS, HandClock, Script, algo_row

OK, WARNING, PROBLEM = Verdict.OK, Verdict.WARNING, Verdict.PROBLEM


@pytest.mark.parametrize(
    ("ahead_ms", "verdict"),
    [
        (0, OK),
        (500, OK),
        (-500, OK),
        (501, WARNING),
        (-501, WARNING),
        (60_000, WARNING),
        (60_001, PROBLEM),
        (-60_001, PROBLEM),
    ],
)
def test_a_wrong_clock_is_found(ahead_ms: int, verdict: Verdict) -> None:
    """Half a second off is worth a warning, a minute is a problem, either way round."""
    finding = check_clock(account(healthy()), HandClock(NOW_MS + ahead_ms))

    assert finding.verdict is verdict
    assert f"{abs(ahead_ms)} ms {'ahead of' if ahead_ms >= 0 else 'behind'}" in finding.text
    assert bool(finding.advice) is (verdict is not OK)


@pytest.mark.parametrize(
    ("trips_ms", "verdict"),
    [
        ((500, 500, 500), OK),
        ((501, 501, 501), WARNING),
        ((1_499, 1_499, 1_499), WARNING),
        ((1_500, 1_500, 1_500), PROBLEM),
        ((9_000, 20, 9_000), OK),
    ],
)
def test_a_long_way_is_found(trips_ms: tuple[int, ...], verdict: Verdict) -> None:
    """The quickest of three readings decides; half an order's window there and back is too long."""
    clock = HandClock()
    exchange = account(Script().on(*TIME_PATH, *slowly(clock, *trips_ms)), clock=clock)

    finding = check_clock(exchange, clock)

    assert finding.verdict is verdict
    assert finding.text == f"this machine is 0 ms ahead of the exchange; there and back takes {min(trips_ms)} ms"


def test_a_long_way_to_this_very_machine_is_a_problem_too() -> None:
    """What a local exchange is spared is the judgement of its date, not that of the way."""
    clock = HandClock()
    exchange = account(Script().on(*TIME_PATH, *slowly(clock, 2_000)), environment="local", clock=clock)

    assert check_clock(exchange, clock).verdict is PROBLEM


def test_a_local_exchange_has_a_time_of_its_own() -> None:
    """A simulated exchange may live in another year: that is no fault of the machine's clock."""
    finding = check_clock(account(healthy(), environment="local"), HandClock(NOW_MS + 10**9))

    assert finding.verdict is OK
    assert "a time of its own" in finding.text


def test_an_account_that_may_not_trade_is_a_problem(tmp_path: Path) -> None:
    """The account's own flag is looked at before the key's right is tried."""
    script = healthy().body(*CONFIG_PATH, {**CONFIG, "canTrade": False})

    finding = found(patient(script), tmp_path)["key rights"]

    assert finding.verdict is PROBLEM
    assert "may not trade" in finding.text
    assert not any(call.changes for call in script.calls)


def test_an_order_that_somebody_has_is_never_touched(tmp_path: Path) -> None:
    """Should an order bear the id that nobody has, the right to trade is not tried, and the doctor says so."""
    script = healthy().body(*LOOK_PATH, algo_row(clientAlgoId="doctor-nobody-has-this-order"))

    finding = found(patient(script), tmp_path)["key rights"]

    assert finding.verdict is WARNING
    assert "was not tried" in finding.text
    assert not any(call.changes for call in script.calls)


def test_a_lookup_that_fails_is_no_leave_to_cancel(tmp_path: Path) -> None:
    """Unless the exchange says that there is no such order, none is cancelled."""
    script = healthy().on(*LOOK_PATH, WireAnswer(500, None))

    finding = found(patient(script), tmp_path)["key rights"]

    assert finding.verdict is PROBLEM
    assert not any(call.changes for call in script.calls)


def test_what_the_tried_right_proves_is_marked_unconfirmed(tmp_path: Path) -> None:
    """No document says that the right is looked at before the order: the doctor does not state it as a fact."""
    finding = found(patient(healthy()), tmp_path)["key rights"]

    assert finding.verdict is OK
    assert "unconfirmed" in finding.text


@pytest.mark.parametrize(("can_withdraw", "advised"), [(True, True), (False, False)])
def test_the_right_to_withdraw_is_spoken_of(tmp_path: Path, *, can_withdraw: bool, advised: bool) -> None:
    """Where the account may be withdrawn from, the doctor says what no answer tells: look at the key itself."""
    script = healthy().body(*CONFIG_PATH, {**CONFIG, "canWithdraw": can_withdraw})

    finding = found(patient(script), tmp_path)["key rights"]

    assert finding.verdict is OK
    assert ("withdraw" in finding.advice) is advised


@pytest.mark.parametrize("name", ["canTrade", "canWithdraw", "dualSidePosition", "multiAssetsMargin"])
def test_a_missing_flag_is_never_guessed(tmp_path: Path, name: str) -> None:
    """A configuration without one of its flags cannot be believed: false is an answer, silence is none."""
    script = healthy().body(*CONFIG_PATH, {key: value for key, value in CONFIG.items() if key != name})

    finding = found(patient(script), tmp_path)["key rights"]

    assert finding.verdict is PROBLEM
    assert name in finding.text


def test_both_position_modes_will_do() -> None:
    """Hedge or one-way: both are ok, and told."""
    one_way = account(healthy()).inspection.account()
    hedge = account(healthy().body(*CONFIG_PATH, {**CONFIG, "dualSidePosition": True})).inspection.account()

    assert (check_mode(one_way).verdict, check_mode(hedge).verdict) == (OK, OK)
    assert "one-way" in check_mode(one_way).text
    assert "hedge" in check_mode(hedge).text


def test_multi_assets_mode_is_a_warning() -> None:
    """When every asset is margin for every position, somebody should know."""
    config = account(healthy().body(*CONFIG_PATH, {**CONFIG, "multiAssetsMargin": True})).inspection.account()

    assert check_assets(config).verdict is WARNING


@pytest.mark.parametrize(
    ("count", "verdict"), [(159, OK), (160, WARNING), (198, WARNING), (199, PROBLEM), (200, PROBLEM)]
)
def test_open_conditionals_are_counted_against_the_cap(tmp_path: Path, count: int, verdict: Verdict) -> None:
    """Where no stop and target fit under the cap of 200, no entry could be protected; ours are told apart."""
    ours = algo_row(clientAlgoId=client_id("test", "s", Leg.STOP, 1))
    rows = [ours, *(algo_row(clientAlgoId=f"somebody-{number}") for number in range(count - 1))]
    script = healthy().body(*CONDITIONALS_PATH, rows)

    finding = found(patient(script), tmp_path)["open algo orders"]

    assert finding.verdict is verdict
    assert finding.text == f"{count} of 200 open, 1 of them of namespace 'test'"


@pytest.mark.parametrize(("used", "verdict"), [(0, OK), (1919, OK), (1920, WARNING), (2159, WARNING), (2160, PROBLEM)])
def test_the_budget_warns_before_it_stops(used: int, verdict: Verdict) -> None:
    """80 % of the weight is worth a warning; from 90 % on no entry starts."""
    answer = WireAnswer(200, {"serverTime": NOW_MS}, {"X-MBX-USED-WEIGHT-1M": str(used)})
    exchange = account(Script().on(*TIME_PATH, answer))
    exchange.inspection.clock_beside(HandClock())

    finding = check_budget(exchange)

    assert finding.verdict is verdict
    assert f"weight/1m: {used} of 2400 ({used * 100 // 2400} %)" in finding.text


def test_a_pause_of_entries_is_a_problem() -> None:
    """After a 429 the budget says until when no entry starts."""
    exchange = account(
        healthy().on(*CONDITIONALS_PATH, WireAnswer(429, {"code": -1003, "msg": ""}, {"Retry-After": "7"}))
    )
    with pytest.raises(RateLimitedError):
        exchange.inspection.open_conditionals()

    finding = check_budget(exchange)

    assert finding.verdict is PROBLEM
    assert finding.text.startswith("no entries for another 7 s; ")


@pytest.mark.parametrize(("leverage", "verdict"), [(1, OK), (49, OK), (50, WARNING), (125, WARNING)])
def test_high_leverage_is_a_warning(tmp_path: Path, leverage: int, verdict: Verdict) -> None:
    """With the liquidation less than 2 % away a stop may lie behind it."""
    script = healthy().body(*SETTINGS_PATH, [settings_row(leverage)])

    finding = found(patient(script), tmp_path, SYMBOL)[f"margin {SYMBOL}"]

    assert finding.verdict is verdict
    assert finding.text == f"CROSSED, leverage {leverage}"


def test_filters_are_told(tmp_path: Path) -> None:
    """The line of a symbol says what its orders are held to."""
    finding = found(patient(healthy()), tmp_path, SYMBOL)[f"filters {SYMBOL}"]

    assert finding.verdict is OK
    assert "tick 0.05, step 0.001" in finding.text
    assert "worth at least 5 USDT" in finding.text


def test_filters_that_are_not_listed_are_not_told(tmp_path: Path) -> None:
    """Where the exchange sets no maximum and no least worth, none is invented."""
    filters = [
        {"filterType": "PRICE_FILTER", "minPrice": "0", "maxPrice": "0", "tickSize": "0.05"},
        {"filterType": "LOT_SIZE", "minQty": "1", "maxQty": "0", "stepSize": "1"},
    ]
    script = healthy().body(*INFO_PATH, listing(filters=filters))

    finding = found(patient(script), tmp_path, SYMBOL)[f"filters {SYMBOL}"]

    assert finding.text == "tick 0.05, step 1, at least 1"


def test_a_symbol_that_is_not_trading_is_a_problem(tmp_path: Path) -> None:
    """A symbol whose status forbids new positions is named with that status."""
    script = healthy().body(*INFO_PATH, listing(status="SETTLING"))

    finding = found(patient(script), tmp_path, SYMBOL)[f"filters {SYMBOL}"]

    assert finding.verdict is PROBLEM
    assert "SETTLING" in finding.text
