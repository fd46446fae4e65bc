"""What one payment costs on a stock py-evm: gas and time, beside a plain ERC-20 transfer in its own transaction.

Each case runs in a process of its own, since py-evm's caches flatter what runs second. A block holds 100 payments
between 200 accounts; its processor time is that of recovering senders, executing, and computing the new state root.
Use the ratios: the microseconds belong to the machine. Needs Node and ``npm ci``, to compile OpenZeppelin's ERC-20.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from coincurve import PrivateKey
from eth.db.atomic import AtomicDB
from eth.vm.execution_context import ExecutionContext
from eth.vm.forks.london.state import LondonState
from eth.vm.forks.london.transactions import LondonTransactionBuilder
from eth_abi.abi import encode
from eth_hash.auto import keccak
from eth_keys.datatypes import PrivateKey as SenderKey

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from compile_contracts import CompilationFailed, artifact_of, compile_sources  # noqa: E402

from wallet.domain.identifiers import AccountId, new_uetr  # noqa: E402
from wallet.domain.instructions import (  # noqa: E402
    LedgerDomain,
    PaymentInstruction,
    SignedInstruction,
    pack_batch,
)
from wallet.ledger import calls, creation  # noqa: E402

CHAIN_ID: Final = 4711
TIMESTAMP: Final = 1_790_000_000
EMPTY_ROOT: Final = bytes.fromhex("56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421")
TRANSACTION_GAS: Final = 2**24
PAYMENTS: Final = 100
"""In one block."""
TOKEN: Final = "0x" + "e1" * 20
LIMITS: Final = (10**9, 10**11)


@dataclass(frozen=True)
class Case:
    """One row of the table. A batch of zero is the ERC-20 beside which the others are measured."""

    batch: int
    signatures: int = 0
    limits: bool = True
    debtors: int = PAYMENTS

    @property
    def conditions(self) -> str:
        """The row in words."""
        if not self.batch:
            return "one transfer in its own transaction"
        signed = "1 signature" if self.signatures == 1 else "2 of 3 signatures"
        limits = "both limits set" if self.limits else "no limits"
        return f"batch of {self.batch}, {signed}, {limits}, {self.debtors} debtor{'s' * (self.debtors > 1)}"


@dataclass(frozen=True)
class Result:
    """Gas and microseconds of processor time of one payment."""

    gas: float
    microseconds: float
    """Of the whole block."""
    executing: float
    """Of these, before the state is written and its root computed."""


@dataclass(frozen=True)
class Row:
    """A row of the file that ``--json`` writes."""

    metric: str
    system: str
    value: float
    unit: str
    conditions: str


PLAIN: Final = Case(0)
CASES: Final = (
    PLAIN,
    *(Case(batch, signatures) for signatures in (1, 2) for batch in (1, 10, 100)),
    Case(100, 1, limits=False),
    Case(100, 1, debtors=1),
)


def key_number(number: int) -> PrivateKey:
    """Return a fixed key for the bench."""
    return PrivateKey(keccak(b"vostro bench key %d" % number))


def address_of(key: PrivateKey) -> str:
    """Return a key's address, lower case."""
    return "0x" + keccak(key.public_key.format(compressed=False)[1:])[12:].hex()


class Block:
    """Blocks of signed transactions on stock py-evm."""

    def __init__(self) -> None:
        self._db = AtomicDB()
        self._root = EMPTY_ROOT
        self._nonces: dict[str, int] = {}

    def transaction(self, key: PrivateKey, to: str | None, data: bytes, gas: int = TRANSACTION_GAS) -> Any:
        """Return the next signed transaction of ``key``."""
        sender = address_of(key)
        nonce = self._nonces.get(sender, 0)
        self._nonces[sender] = nonce + 1
        unsigned = LondonTransactionBuilder.new_unsigned_dynamic_fee_transaction(
            chain_id=CHAIN_ID,
            nonce=nonce,
            max_priority_fee_per_gas=0,
            max_fee_per_gas=0,
            gas=gas,
            to=bytes.fromhex(to[2:]) if to else b"",
            value=0,
            data=data,
            access_list=[],
        )
        return unsigned.as_signed_transaction(SenderKey(key.secret))

    def apply(self, transactions: list[Any], payments: int = 0) -> Result:
        """Execute as one block of payments, each of which writes one log."""
        encoded = [transaction.encode() for transaction in transactions]
        decoded = [LondonTransactionBuilder.decode(one) for one in encoded]
        gas = logs = 0
        start = time.process_time()
        context = ExecutionContext(b"\0" * 20, TIMESTAMP, 1, 1, b"\0" * 32, 2**53 - 1, [], CHAIN_ID, base_fee_per_gas=0)
        state = LondonState(self._db, context, self._root)
        for transaction in decoded:
            computation = state.apply_transaction(transaction)
            computation.raise_if_error()
            state.lock_changes()
            gas += transaction.gas - computation.get_gas_remaining()
            logs += len(computation.get_log_entries())
        executed = time.process_time()
        state.persist()
        self._root = state.make_state_root()
        sealed = time.process_time()
        if payments and logs != payments:
            raise RuntimeError(f"{logs} of {payments} payments settled")
        each = max(payments, 1)
        return Result(gas / each, (sealed - start) / each * 1e6, (executed - start) / each * 1e6)


class PlainTransfers:
    """OpenZeppelin's ERC-20: each holder sends its own transaction."""

    def __init__(self, code: bytes) -> None:
        self._block = Block()
        self._keys = [key_number(number) for number in range(2 * PAYMENTS)]
        self._holders = [address_of(key) for key in self._keys]
        deployer = key_number(9_999)
        data = code + encode(["address[]"], [self._holders])
        self._block.apply([self._block.transaction(deployer, None, data, 2**26)])
        self._token = creation.create_address(address_of(deployer), 0)

    def round(self) -> Result:
        """Settle one block of transfers."""
        selector = keccak(b"transfer(address,uint256)")[:4]
        return self._block.apply(
            [
                self._block.transaction(
                    self._keys[2 * index],
                    self._token,
                    selector + encode(["address", "uint256"], [self._holders[2 * index + 1], 100 + index]),
                )
                for index in range(PAYMENTS)
            ],
            PAYMENTS,
        )


class LedgerPayments:
    """Our ledger: batches of signed instructions, carried by the operator."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._block = Block()
        deployer, self._operator, self._compliance, self._issuer = (key_number(9_000 + index) for index in range(4))
        self._ledger = creation.create_address(address_of(deployer), 1)
        registry = creation.create_address(address_of(deployer), 0)
        operator, compliance, issuer = map(address_of, (self._operator, self._compliance, self._issuer))
        roles = creation.RoleHolders(operator, compliance, issuer, issuer, compliance)
        self._signers = sorted((key_number(8_000 + index) for index in range(3)), key=address_of)
        self._accounts = [AccountId(address_of(key_number(number))) for number in range(2 * PAYMENTS)]
        deployments = (creation.registry_deployment(self._ledger), creation.ledger_deployment(registry, roles))
        self._block.apply([self._block.transaction(deployer, None, data) for data in deployments])
        self._furnish(registry)

    def _furnish(self, registry: str) -> None:
        signers = tuple(address_of(key) for key in self._signers)
        limits = LIMITS if self._case.limits else (0, 0)
        openings = [
            calls.AccountOpening(account, TOKEN, 1, 2, self._case.signatures, signers, *limits)
            for account in self._accounts
        ]
        self._change(
            registry,
            calls.registry_admit(1, "AAAADEFFXXX", "529900T8BM49AURSDO55", "DE"),
            calls.registry_create_token(TOKEN, "EUR", 2, 1, 0),
        )
        for start in range(0, len(openings), 25):
            self._change(registry, calls.registry_open_accounts(openings[start : start + 25]))
        money = [calls.encode_open_business_day(TIMESTAMP // 86_400)]
        money += [calls.encode_issue(new_uetr(), TOKEN, account, 10**12, bytes(32)) for account in self._accounts]
        self._block.apply([self._block.transaction(self._issuer, self._ledger, data) for data in money])

    def _change(self, registry: str, *changes: bytes) -> None:
        self._block.apply(
            [
                self._block.transaction(self._operator, registry, calls.encode_propose(changes)),
                self._block.transaction(self._compliance, registry, calls.encode_confirm(changes)),
            ]
        )

    def round(self) -> Result:
        """Settle one block of payments."""
        items = [self._signed(index) for index in range(PAYMENTS)]
        size = self._case.batch
        batches = [pack_batch(items[start : start + size]) for start in range(0, PAYMENTS, size)]
        transactions = [
            self._block.transaction(self._operator, self._ledger, calls.encode_settle(packed)) for packed in batches
        ]
        return self._block.apply(transactions, PAYMENTS)

    def _signed(self, index: int) -> SignedInstruction:
        debtor = self._accounts[2 * (index % self._case.debtors)]
        creditor = self._accounts[2 * index + 1]
        order = PaymentInstruction(new_uetr(), debtor, creditor, TOKEN, 100 + index, 0, 2**40, 0, bytes([7]) * 32)
        digest = order.digest(LedgerDomain(CHAIN_ID, self._ledger))
        signatures = [key.sign_recoverable(digest, hasher=None) for key in self._signers[: self._case.signatures]]
        return SignedInstruction(order, [raw[:64] + bytes([raw[64] + 27]) for raw in signatures])


def measure(case: Case, rounds: int, plain_code: bytes) -> Result:
    """Run one case; the fastest round counts, since all that disturbs a round makes it slower."""
    workload = LedgerPayments(case) if case.batch else PlainTransfers(plain_code)
    return min((workload.round() for _ in range(rounds)), key=lambda result: result.microseconds)


def plain_token_code() -> bytes:
    """Compile the ERC-20 of the comparison."""
    source = "test/PlainToken.sol"
    output = compile_sources({source: (ROOT / "contracts" / source).read_text()})
    return bytes.fromhex(artifact_of(output, source, "PlainToken")["bytecode"][2:])


def run(rounds: int) -> dict[Case, Result]:
    """Measure all cases, each in a fresh process."""
    code = plain_token_code()
    results = {}
    for case in CASES:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            results[case] = pool.apply(measure, (case, rounds, code))
        shown = results[case]
        times = f"{shown.microseconds:7,.0f} µs, {shown.executing:7,.0f} of them executing"
        print(f"  {case.conditions:65} {shown.gas:9,.0f} gas {times}", flush=True)
    return results


def rows(results: dict[Case, Result]) -> list[Row]:
    """Return the rows of the report: gas, payments a second, and the ratio to the plain transfer."""
    plain = results[PLAIN]
    report = []
    for case, result in results.items():
        system = "vostro" if case.batch else "openzeppelin-erc20-5.2.0"
        at = f"{case.conditions}; stock py-evm, London, one process"
        report.append(Row("gas_per_payment", system, round(result.gas), "gas", at))
        report.append(Row("signed_payments_per_s", system, round(1e6 / result.microseconds, 1), "1/s", at))
        for metric, ratio in (
            ("time_ratio_to_erc20", result.microseconds / plain.microseconds),
            ("execution_ratio_to_erc20", result.executing / plain.executing),
        ):
            report.append(Row(metric, system, round(ratio, 2), "ratio", at))
    return report


def main() -> int:
    """Measure, print a table, and with ``--json`` write the rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="under a minute: 3 rounds of each case instead of 12")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows to FILE")
    arguments = parser.parse_args()
    try:
        results = run(3 if arguments.quick else 12)
    except CompilationFailed as error:
        print(error, file=sys.stderr)
        return 2
    report = rows(results)
    for row in report:
        if row.unit == "ratio":
            print(f"  {row.metric:25} {row.value:5.2f}  {row.conditions}")
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(row) for row in report], indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
