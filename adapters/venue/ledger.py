"""The append-only record of all that reached the exchange and all it did."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeAlias, overload

Value: TypeAlias = str | int | bool | None
Row: TypeAlias = dict[str, Value]

EFFECT_KINDS: Final = frozenset(
    {"deposit", "order", "algo", "fill", "position", "setting", "funding", "liquidation", "insurance", "rollback"}
)
MUTATING_METHODS: Final = frozenset({"POST", "PUT", "DELETE"})
_TIMING_NAMES: Final = frozenset({"timestamp", "recvWindow", "signature"})
_ID_NAMES: Final = {"order_id": "order", "actual_order_id": "order", "algo_id": "algo", "trade_id": "trade"}
_TIME_NAMES: Final = frozenset({"seq", "time_ms"})


class Rows(Sequence[Row]):
    """The rows of a ledger, to read; rows appended later show up."""

    def __init__(self, rows: list[Row]) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        return self._rows[index]


class Ledger:
    """Everything that happened, one flat row each, in order.

    Every row has `seq` (from 1), `time_ms` and `kind`; decimals are fixed-point texts. Kinds: `deposit`, `request`
    (`method`, `path` and `params`, one JSON text with sorted names, without the signature), `answer` (`request_seq`,
    `status`, `code`, `msg`), `order`, `algo`, `fill`, `position`, `setting`, `funding`, `liquidation`, `insurance`,
    `rollback`. Only rows with `balance_change` changed a wallet: summed from zero they give its balance.
    """

    def __init__(self) -> None:
        self._rows: list[Row] = []

    @property
    def rows(self) -> Sequence[Row]:
        """All rows so far; the view grows with the ledger."""
        return Rows(self._rows)

    @property
    def last_seq(self) -> int:
        """The `seq` of the newest row; 0 before the first."""
        return len(self._rows)

    def append(self, kind: str, time_ms: int, fields: Row) -> int:
        """Add one row and return its `seq`."""
        seq = len(self._rows) + 1
        self._rows.append({"seq": seq, "time_ms": time_ms, "kind": kind, **fields})
        return seq

    def since(self, seq: int) -> Sequence[Row]:
        """Return the rows after the one numbered *seq*; 0 gives all."""
        return self._rows[max(seq, 0) :]

    def to_jsonl(self) -> Iterator[str]:
        """Yield each row as one line of compact JSON, without line end; equal rows give equal bytes."""
        for row in self._rows:
            yield json.dumps(row, separators=(",", ":"))

    def effects(self) -> list[Row]:
        """Return what changed, or was refused to change, in order.

        Exchange ids are replaced by the ordinal of their first appearance, times and sequence numbers are left out: two
        runs of one scenario through different doors are equal here.
        """
        ordinals: dict[tuple[str, str], int] = {}
        requests: dict[int, Row] = {}
        effects: list[Row] = []
        for row in self._rows:
            if row["kind"] in EFFECT_KINDS:
                effects.append(_without_identity(row, ordinals))
            elif row["kind"] == "request" and row["method"] in MUTATING_METHODS:
                requests[int(row["seq"] or 0)] = row
            elif row["kind"] == "answer" and row["status"] != 200:
                request = requests.get(int(row["request_seq"] or 0))
                if request is not None:
                    effects.append(_refusal(request, row, ordinals))
        return effects


def _without_identity(row: Row, ordinals: dict[tuple[str, str], int]) -> Row:
    effect: Row = {}
    for name, value in row.items():
        if name in _ID_NAMES and value not in (None, ""):
            space = _ID_NAMES[name]
            owner = "" if space == "algo" else str(row.get("symbol"))
            effect[name] = ordinals.setdefault((space, f"{owner}/{value}"), len(ordinals) + 1)
        elif name not in _TIME_NAMES:
            effect[name] = value
    return effect


def _refusal(request: Row, answer: Row, ordinals: dict[tuple[str, str], int]) -> Row:
    params: dict[str, Any] = json.loads(str(request["params"]))
    kept = {name: value for name, value in params.items() if name not in _TIMING_NAMES}
    for name, space in (("orderId", "order"), ("algoId", "algo")):
        if name in kept:
            owner = "" if space == "algo" else str(kept.get("symbol"))
            kept[name] = ordinals.setdefault((space, f"{owner}/{kept[name]}"), len(ordinals) + 1)
    return {
        "kind": "refusal",
        "method": request["method"],
        "path": request["path"],
        "params": json.dumps(kept, sort_keys=True, separators=(",", ":")),
        "status": answer["status"],
        "code": answer["code"],
    }
