"""The answers' forms, after the schemas of github.com/ethereum/execution-apis (src/schemas: base-types, block,
transaction, receipt, state, filter; src/eth: fee_market, execute), written anew and closed: a member that is not named
is an error. What those schemas leave open (which hex is a quantity) follows the same repository's base types.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Check = Callable[[Any, str], None]


class Mismatch(AssertionError):
    """An answer that has not the form it should have."""


def text(pattern: str) -> Check:
    compiled = re.compile(pattern)

    def check(value: Any, where: str) -> None:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            raise Mismatch(f"{where}: {value!r} is not {pattern}")

    return check


UINT = text(r"0x(0|[1-9a-f][0-9a-f]*)")
BYTES = text(r"0x([0-9a-f]{2})*")
HASH32 = text(r"0x[0-9a-f]{64}")
ADDRESS = text(r"0x[0-9a-f]{40}")
BYTES8 = text(r"0x[0-9a-f]{16}")
BYTES256 = text(r"0x[0-9a-f]{512}")
KEY = text(r"0x[0-9a-f]{1,64}")
IDENTIFIER = text(r"0x[0-9a-f]{32}")
WORDS = text(r".+")


def exactly(*values: Any) -> Check:
    def check(value: Any, where: str) -> None:
        if not any(value is one or (type(value) is type(one) and value == one) for one in values):
            raise Mismatch(f"{where}: {value!r} is none of {values}")

    return check


NULL = exactly(None)


def number(least: float, most: float) -> Check:
    def check(value: Any, where: str) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise Mismatch(f"{where}: {value!r} is no number from {least} to {most}")

    return check


def either(*checks: Check) -> Check:
    def check(value: Any, where: str) -> None:
        faults = []
        for one in checks:
            try:
                return one(value, where)
            except Mismatch as fault:
                faults.append(str(fault))
        raise Mismatch("; or ".join(faults))

    return check


def list_of(item: Check, *, least: int = 0) -> Check:
    def check(value: Any, where: str) -> None:
        if not isinstance(value, list) or len(value) < least:
            raise Mismatch(f"{where}: {value!r} is no list of at least {least}")
        for index, one in enumerate(value):
            item(one, f"{where}[{index}]")

    return check


def record(members: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    def check(value: Any, where: str) -> None:
        if not isinstance(value, dict):
            raise Mismatch(f"{where}: {value!r} is no object")
        missing, extra = members.keys() - value.keys(), value.keys() - members.keys() - (optional or {}).keys()
        if missing or extra:
            raise Mismatch(f"{where}: missing {sorted(missing)}, not known {sorted(extra)}")
        for name, one in value.items():
            (members.get(name) or (optional or {})[name])(one, f"{where}.{name}")

    return check


HEADER_MEMBERS: dict[str, Check] = {
    "number": UINT,
    "hash": HASH32,
    "parentHash": HASH32,
    "nonce": BYTES8,
    "mixHash": HASH32,
    "sha3Uncles": HASH32,
    "logsBloom": BYTES256,
    "transactionsRoot": HASH32,
    "stateRoot": HASH32,
    "receiptsRoot": HASH32,
    "miner": ADDRESS,
    "difficulty": UINT,
    "extraData": BYTES,
    "gasLimit": UINT,
    "gasUsed": UINT,
    "timestamp": UINT,
    "baseFeePerGas": UINT,
}
HEADER = record(HEADER_MEMBERS)

ACCESS_LIST = list_of(record({"address": ADDRESS, "storageKeys": list_of(HASH32)}))
_PLACE: dict[str, Check] = {"blockHash": HASH32, "blockNumber": UINT, "blockTimestamp": UINT, "transactionIndex": UINT}
_NO_PLACE = dict.fromkeys(_PLACE, NULL)
_LEGACY: dict[str, Check] = {
    "hash": HASH32,
    "from": ADDRESS,
    "nonce": UINT,
    "to": either(ADDRESS, NULL),
    "gas": UINT,
    "value": UINT,
    "input": BYTES,
    "gasPrice": UINT,
    "chainId": UINT,
    "v": UINT,
    "r": UINT,
    "s": UINT,
}
_LISTED = _LEGACY | {"accessList": ACCESS_LIST, "yParity": exactly("0x0", "0x1"), "v": exactly("0x0", "0x1")}
_KINDS: tuple[dict[str, Check], ...] = (
    _LEGACY | {"type": exactly("0x0")},
    _LISTED | {"type": exactly("0x1")},
    _LISTED | {"type": exactly("0x2"), "maxFeePerGas": UINT, "maxPriorityFeePerGas": UINT},
)


def transaction(kind: int) -> Check:
    return record(_KINDS[kind] | _PLACE)


def waiting_transaction(kind: int) -> Check:
    return record(_KINDS[kind] | _NO_PLACE)


TRANSACTION = either(*(transaction(kind) for kind in range(3)))


def _block(transactions: Check) -> Check:
    members = {"size": UINT, "totalDifficulty": UINT, "transactions": transactions, "uncles": exactly([])}
    return record(HEADER_MEMBERS | members)


BLOCK = _block(list_of(HASH32))
FULL_BLOCK = _block(list_of(TRANSACTION))

LOG = record(
    {
        "removed": exactly(False),
        "logIndex": UINT,
        "transactionIndex": UINT,
        "transactionHash": HASH32,
        "blockHash": HASH32,
        "blockNumber": UINT,
        "blockTimestamp": UINT,
        "address": ADDRESS,
        "data": BYTES,
        "topics": list_of(HASH32),
    }
)


def receipt(*, created: bool, succeeded: bool) -> Check:
    return record(
        {
            "type": exactly("0x0", "0x1", "0x2"),
            "transactionHash": HASH32,
            "transactionIndex": UINT,
            "blockHash": HASH32,
            "blockNumber": UINT,
            "from": ADDRESS,
            "to": NULL if created else ADDRESS,
            "contractAddress": ADDRESS if created else NULL,
            "cumulativeGasUsed": UINT,
            "gasUsed": UINT,
            "effectiveGasPrice": UINT,
            "logs": list_of(LOG),
            "logsBloom": BYTES256,
            "status": exactly("0x1" if succeeded else "0x0"),
        }
    )


RECEIPT = either(*(receipt(created=created, succeeded=good) for created in (True, False) for good in (True, False)))

PROOF = record(
    {
        "address": ADDRESS,
        "accountProof": list_of(BYTES),
        "balance": UINT,
        "codeHash": HASH32,
        "nonce": UINT,
        "storageHash": HASH32,
        "storageProof": list_of(record({"key": KEY, "value": UINT, "proof": list_of(BYTES)})),
    }
)
FEE_HISTORY = record(
    {"oldestBlock": UINT, "baseFeePerGas": list_of(UINT), "gasUsedRatio": list_of(number(0, 1))},
    {"reward": list_of(list_of(UINT))},
)
ACCESSES = record({"accessList": ACCESS_LIST, "gasUsed": UINT}, {"error": WORDS})
