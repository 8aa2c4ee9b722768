"""What reading exchangeInfo costs, beside `json.loads` of the same bytes.

    python bench/exchange_info.py [--json] [--rounds 61] [--symbols 600] [FILE]

Processor time of this process, the two taking turns, each first in every other round; the median counts:

- the answer as the exchange's adapter reads it: JSON checked, symbols indexed, limiters read
- for information, the rules of one symbol, read on first use

The answer is FILE, or else made of the invented symbols that come with surefill, as many as asked for. Exit status 1
when the whole costs more than 1.05 of `json.loads`.
"""

import argparse
import gc
import json
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from importlib import resources
from pathlib import Path

from surefill.adapters.binance.strict_json import parse_large
from surefill.adapters.wire.instruments import ExchangeInfo, parse_exchange_info

RATIO_MAX = 1.05
LOADS, WHOLE, ONE = "json.loads", "exchangeInfo read", "rules of one symbol"


def made_up(symbols: int) -> bytes:
    """Return an answer with so many symbols, all of them invented."""
    answer = json.loads(resources.files("surefill").joinpath("demo_exchange_info.json").read_bytes())
    patterns = answer["symbols"]
    answer["symbols"] = [
        patterns[number % len(patterns)] | {"symbol": f"INVENTED{number}USDT"} for number in range(symbols)
    ]
    return json.dumps(answer).encode()


def read(data: bytes) -> ExchangeInfo:
    """Read an answer as the exchange's adapter does."""
    return parse_exchange_info(parse_large(data))


def cpu_microseconds(work: Callable[[], object]) -> float:
    """Return the processor time of one call; what it made is thrown away outside of the measurement."""
    gc.collect()
    started = time.process_time_ns()
    made = work()
    passed = time.process_time_ns() - started
    del made
    return passed / 1_000


def measure(data: bytes, rounds: int) -> dict[str, float]:
    """Return the median costs in microseconds."""
    works: list[tuple[str, Callable[[], object]]] = [(LOADS, lambda: json.loads(data)), (WHOLE, lambda: read(data))]
    found: dict[str, list[float]] = {LOADS: [], WHOLE: [], ONE: []}
    for _ in range(rounds):
        for name, work in works:
            found[name].append(cpu_microseconds(work))
        works.reverse()  # who comes second finds other memory free than who comes first
    for _ in range(rounds):
        info = read(data)
        found[ONE].append(cpu_microseconds(partial(info.instrument, info.symbols()[0])))
    return {name: statistics.median(costs) for name, costs in found.items()}


def main() -> int:
    """Measure, print, and return the exit status."""
    parser = argparse.ArgumentParser(description="What reading exchangeInfo costs beside json.loads.")
    parser.add_argument("file", nargs="?", type=Path, help="an answer of the exchange; made up unless given")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument("--rounds", type=int, default=61, help="rounds; the median counts (default %(default)s)")
    parser.add_argument("--symbols", type=int, default=600, help="symbols made up (default %(default)s)")
    options = parser.parse_args()
    if min(options.rounds, options.symbols) < 1:
        parser.error("--rounds and --symbols must be at least 1")
    data = made_up(options.symbols) if options.file is None else options.file.read_bytes()
    found = measure(data, options.rounds)
    ratio = found[WHOLE] / found[LOADS]
    wrong = [f"{WHOLE}: {ratio:.3f} of {LOADS}, above {RATIO_MAX}"] if ratio > RATIO_MAX else []
    if options.json:
        print(json.dumps({"bytes": len(data), "measurements": found, "faults": wrong}))
        return 1 if wrong else 0
    print(f"{'what':<22}{'CPU µs':>10}{'ratio':>8}{'at most':>9}")
    for name, cost in found.items():
        print(f"{name:<22}{cost:>10.1f}{cost / found[LOADS]:>8.3f}{RATIO_MAX if name == WHOLE else '':>9}")
    print(f"{len(data):,} bytes")
    print("\n".join(wrong) or "within limits")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
