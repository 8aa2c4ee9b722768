"""What trading earned and cost is summed exactly, however the exchange cuts its pages."""

from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise

import pytest

from surefill.adapters.wire.call import Call, WireAnswer
from surefill.domain.errors import ExchangeUnavailableError, RateLimitedError
from tests.wire_script import NOW_MS, Script, wire_exchange

PATH = "/fapi/v1/income"
DAY_MS = 86_400_000
Cut = Callable[[list[dict[str, object]]], list[dict[str, object]]]


def income_row(number: int, at_ms: int, **changes: object) -> dict[str, object]:
    row: dict[str, object] = {
        "symbol": "BTCUSDT",
        "incomeType": "REALIZED_PNL",
        "income": "0.01",
        "asset": "USDT",
        "time": at_ms,
        "tranId": number,
    }
    return row | changes


def serving(rows: list[dict[str, object]], cut: Cut) -> Script:
    """An exchange that shows of the rows in the span asked for what *cut* leaves."""

    def answer(call: Call) -> WireAnswer:
        start_ms, end_ms = int(call.params["startTime"]), int(call.params["endTime"])
        return WireAnswer(200, cut([row for row in rows if start_ms <= int(str(row["time"])) <= end_ms]))

    return Script().on("GET", PATH, answer)


def test_only_trading_counts() -> None:
    """Profits, fees, funding and liquidation count; a transfer does not; a row shown twice counts once."""
    rows = [
        income_row(1, NOW_MS, income="5"),
        income_row(1, NOW_MS, income="-0.4", incomeType="COMMISSION"),
        income_row(1, NOW_MS, income="-0.4", incomeType="COMMISSION"),
        income_row(2, NOW_MS, income="-0.1", incomeType="FUNDING_FEE"),
        income_row(3, NOW_MS, income="-1", incomeType="INSURANCE_CLEAR"),
        income_row(4, NOW_MS, income="1000", incomeType="TRANSFER"),
    ]

    assert wire_exchange(Script().body("GET", PATH, rows)).income(NOW_MS - DAY_MS) == Decimal("3.5")


@pytest.mark.parametrize("cut", [lambda rows: rows[:1000], lambda rows: rows[-1000:]])
def test_full_pages_are_read_again_in_halves(cut: Cut) -> None:
    """2,500 rows of one cent are 25, whether a full page shows the oldest or the newest."""
    rows = [income_row(n, NOW_MS - 2_500 + n) for n in range(1, 2_501)]

    assert wire_exchange(serving(rows, cut)).income(NOW_MS - 3_000) == Decimal("25.00")


def test_a_long_time_is_asked_for_in_weeks() -> None:
    """No request spans more than seven days, and together they leave nothing out."""
    rows = [income_row(n, NOW_MS - n * DAY_MS) for n in range(17)]
    script = serving(rows, lambda shown: shown)

    assert wire_exchange(script).income(NOW_MS - 16 * DAY_MS) == Decimal("0.17")
    spans = sorted((int(call.params["startTime"]), int(call.params["endTime"])) for call in script.calls)
    assert [end_ms - start_ms < 7 * DAY_MS for start_ms, end_ms in spans] == [True] * 3
    assert [later[0] - earlier[1] for earlier, later in pairwise(spans)] == [1, 1]


def test_too_much_is_said_not_guessed() -> None:
    """More rows in one millisecond than a page holds: no sum, and no endless reading."""
    rows = [income_row(n, NOW_MS) for n in range(1_500)]
    script = serving(rows, lambda shown: shown[:1000])

    with pytest.raises(RateLimitedError, match="was not read"):
        wire_exchange(script).income(NOW_MS)
    assert len(script.calls) == 20


def test_a_moment_ahead_has_no_income() -> None:
    """Asked from a time the clock has not reached, one request says there is nothing."""
    script = Script().body("GET", PATH, [])

    assert wire_exchange(script).income(NOW_MS + 5) == Decimal(0)
    assert len(script.calls) == 1


@pytest.mark.parametrize("changes", [{"tranId": None}, {"income": 0.5}, {"incomeType": 7}])
def test_garbage_is_no_income(changes: dict[str, object]) -> None:
    """A row without id, with a float, or of no type: an error."""
    script = Script().body("GET", PATH, [income_row(1, NOW_MS, **changes)])

    with pytest.raises(ExchangeUnavailableError, match="could not be read"):
        wire_exchange(script).income(NOW_MS)
