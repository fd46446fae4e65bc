"""What one payment costs on a stock py-evm: gas and time, beside a plain ERC-20 transfer in its own transaction.

Each case runs in a process of its own, since py-evm's caches flatter what runs second. The processor time is that of
recovering senders, executing, and computing the new state root. The peer's transfers go between the same accounts as
the case's payments. Use the ratios: the microseconds belong to the machine. Needs Node and ``npm ci``, for the ERC-20.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import _path  # noqa: F401  (first: the others import from one folder up)
from compile_contracts import CompilationFailed
from contract_blocks import Result, plain_token_code
from contract_workloads import Batches, Exchanges, InterbankPayments, NettingRuns, PlainTransfers, Shape, Workload

from wallet.domain.netting import LineMode

Make = Callable[[bytes], Workload]
CHUNK: Final = {LineMode.UETR: 500, LineMode.ORDER: 4_000}
"""Lines of a chunk: what fits the gas cap of a transaction, in round numbers."""


@dataclass(frozen=True)
class Case:
    """One row of the table: what it is, beside which peer, and how to make it (given the peer's code)."""

    conditions: str
    shape: Shape
    """Who pays whom: the peer of the same shape is what the row is compared with."""
    make: Make
    is_peer: bool = False
    rounds: float = 1.0
    """Share of the rounds asked for: large runs need fewer."""


@dataclass(frozen=True)
class Row:
    """A row of the file that ``--json`` writes."""

    metric: str
    system: str
    value: float
    unit: str
    conditions: str


def _peer(shape: Shape) -> Case:
    return Case(
        f"ERC-20 transfers in their own transactions, {shape.value}",
        shape,
        lambda code: PlainTransfers(code, shape),
        is_peer=True,
    )


def _batch(batch: int, signatures: int, shape: Shape, *, limits: bool = True) -> Case:
    signed = "1 signature" if signatures == 1 else "2 of 3 signatures"
    return Case(
        f"batch of {batch}, {signed}, {'both limits' if limits else 'no limits'}, {shape.value}",
        shape,
        lambda _: Batches(batch, signatures, shape, limits=limits),
    )


def _net(lines: int, mode: LineMode) -> Case:
    return Case(
        f"net of {lines} between 50 accounts, {'a mark per UETR' if mode is LineMode.UETR else 'order numbers'}",
        Shape.SPREAD,
        lambda _: NettingRuns(lines, mode, CHUNK[mode]),
        rounds=0.25,
    )


CASES: Final = (
    *(_peer(shape) for shape in Shape),
    *(_batch(batch, signatures, Shape.SPREAD) for signatures in (1, 2) for batch in (1, 10, 100)),
    _batch(100, 1, Shape.SPREAD, limits=False),
    *(_batch(batch, signatures, Shape.FILE) for signatures in (1, 2) for batch in (100, 250)),
    *(_batch(batch, signatures, Shape.BANKS) for signatures in (1, 2) for batch in (100, 250)),
    *(_net(lines, mode) for mode in (LineMode.UETR, LineMode.ORDER) for lines in (500, 4_000)),
    Case("interbank, batches of 50, mandate", Shape.SPREAD, lambda _: InterbankPayments(by_mandate=True)),
    Case("interbank, batches of 50, signed consent", Shape.SPREAD, lambda _: InterbankPayments(by_mandate=False)),
    Case("cross-currency, batches of 50, a quote each", Shape.SPREAD, lambda _: Exchanges()),
)


def measure(number: int, rounds: int, plain_code: bytes) -> Result:
    """Run one case; the fastest round counts, since all that disturbs a round makes it slower."""
    case = CASES[number]
    workload = case.make(plain_code)
    return min(
        (workload.round() for _ in range(max(2, round(rounds * case.rounds)))), key=lambda result: result.microseconds
    )


def run(rounds: int) -> list[Result]:
    """Measure all cases, each in a fresh process."""
    code = plain_token_code()
    results = []
    for number, case in enumerate(CASES):
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            shown = pool.apply(measure, (number, rounds, code))
        results.append(shown)
        times = f"{shown.microseconds:7,.0f} µs, {shown.executing:7,.0f} of them executing"
        print(f"  {case.conditions:65} {shown.gas:9,.0f} gas {times}", flush=True)
    return results


def rows(results: list[Result]) -> list[Row]:
    """Return the rows of the report: gas, payments a second, and the ratio to the peer of the same shape."""
    peers = {case.shape: result for case, result in zip(CASES, results, strict=True) if case.is_peer}
    report = []
    for case, result in zip(CASES, results, strict=True):
        peer = peers[case.shape]
        system = "openzeppelin-erc20-5.2.0" if case.is_peer else "vostro"
        rate = "netted_payments_per_s" if case.conditions.startswith("net ") else "signed_payments_per_s"
        at = f"{case.conditions}; stock py-evm, London, one process"
        report += [
            Row("gas_per_payment", system, round(result.gas), "gas", at),
            Row(rate, system, round(1e6 / result.microseconds, 1), "1/s", at),
            Row("time_ratio_to_erc20", system, round(result.microseconds / peer.microseconds, 2), "ratio", at),
            Row("execution_ratio_to_erc20", system, round(result.executing / peer.executing, 2), "ratio", at),
        ]
    return report


def table(report: list[Row]) -> str:
    """Return the report as the table of ``contracts/README.md``."""
    lines = [
        "| | gas | executing, ratio | with the state's root, ratio | payments/s in that run |",
        "|---|---:|---:|---:|---:|",
    ]
    for gas, rate, whole, executing in zip(*(report[start::4] for start in range(4)), strict=True):
        name = gas.conditions.split(";")[0]
        lines.append(f"| {name} | {gas.value:,} | {executing.value:.2f} | {whole.value:.2f} | {rate.value:,.0f} |")
    return "\n".join(lines)


def main() -> int:
    """Measure, print a table, and with ``--json`` write the rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="under a minute: 2 rounds of each case instead of 12")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows to FILE")
    arguments = parser.parse_args()
    try:
        results = run(2 if arguments.quick else 12)
    except CompilationFailed as error:
        print(error, file=sys.stderr)
        return 2
    report = rows(results)
    print(table(report))
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(row) for row in report], indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
