"""Blocks, transactions, receipts and logs as the execution APIs render them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import rlp

from node.chain.encoding import encode_rlp
from node.chain.header import Header
from node.chain.receipts import Log, Receipt, decode_receipt
from node.chain.store import StoredBlock
from node.chain.transactions import LEGACY, AccessList, Transaction, contract_address, decode_transaction
from node.rpc.forms import data, quantity


@dataclass(frozen=True, slots=True)
class BlockView:
    """A block with its transactions and receipts decoded."""

    stored: StoredBlock
    transactions: tuple[Transaction, ...]
    receipts: tuple[Receipt, ...]

    @property
    def header(self) -> Header:
        """The sealed header."""
        return self.stored.header


def open_block(stored: StoredBlock) -> BlockView:
    """Decode what a stored block holds."""
    transactions = tuple(decode_transaction(raw) for raw in stored.transactions)
    return BlockView(stored, transactions, tuple(decode_receipt(encoded) for encoded in stored.receipts))


def encode_block(stored: StoredBlock) -> bytes:
    """Return the block's consensus encoding: header, transactions, no ommers."""
    bodies = [rlp.decode(raw) if raw[0] >= 0xC0 else raw for raw in stored.transactions]
    return encode_rlp([list(stored.header.fields), bodies, []])


def render_header(header: Header, block_hash: bytes) -> dict[str, Any]:
    """Render what stands in a header, with the block hash."""
    return {
        "number": quantity(header.number),
        "hash": data(block_hash),
        "parentHash": data(header.parent_hash),
        "nonce": data(header.nonce),
        "mixHash": data(header.mix_hash),
        "sha3Uncles": data(header.ommers_hash),
        "logsBloom": data(header.logs_bloom),
        "transactionsRoot": data(header.transactions_root),
        "stateRoot": data(header.state_root),
        "receiptsRoot": data(header.receipts_root),
        "miner": data(header.coinbase),
        "difficulty": quantity(header.difficulty),
        "extraData": data(header.extra_data),
        "gasLimit": quantity(header.gas_limit),
        "gasUsed": quantity(header.gas_used),
        "timestamp": quantity(header.timestamp),
        "baseFeePerGas": quantity(header.base_fee_per_gas),
    }


def render_block(block: BlockView, *, full: bool) -> dict[str, Any]:
    """Render a block, with its transactions whole or by hash."""
    transactions: list[Any] = [data(transaction.hash) for transaction in block.transactions]
    if full:
        transactions = [render_transaction(block, position) for position in range(len(block.transactions))]
    return render_header(block.header, block.stored.hash) | {
        "totalDifficulty": quantity(block.header.number + 1),
        "size": quantity(len(encode_block(block.stored))),
        "transactions": transactions,
        "uncles": [],
    }


def render_transaction(block: BlockView, position: int) -> dict[str, Any]:
    """Render a transaction that a block holds."""
    place = {
        "blockHash": data(block.stored.hash),
        "blockNumber": quantity(block.header.number),
        "blockTimestamp": quantity(block.header.timestamp),
        "transactionIndex": quantity(position),
    }
    return _render_transaction(block.transactions[position]) | place


def render_waiting(transaction: Transaction) -> dict[str, Any]:
    """Render a transaction that waits in the pool."""
    place = {"blockHash": None, "blockNumber": None, "blockTimestamp": None, "transactionIndex": None}
    # What it will pay is not known before its block: until then the price is the most it offers.
    return _render_transaction(transaction) | place | {"gasPrice": quantity(transaction.max_fee_per_gas)}


def _render_transaction(transaction: Transaction) -> dict[str, Any]:
    rendered: dict[str, Any] = {
        "type": quantity(transaction.type),
        "chainId": quantity(transaction.chain_id),
        "hash": data(transaction.hash),
        "nonce": quantity(transaction.nonce),
        "from": data(transaction.sender),
        "to": data(transaction.to) if transaction.to else None,
        "value": quantity(transaction.value),
        "input": data(transaction.data),
        "gas": quantity(transaction.gas),
        "gasPrice": quantity(transaction.gas_price),
        "v": quantity(transaction.v),
        "r": quantity(transaction.r),
        "s": quantity(transaction.s),
    }
    if transaction.type != LEGACY:
        rendered["yParity"] = quantity(transaction.y_parity)
        rendered["accessList"] = render_access_list(transaction.access_list)
    if transaction.type == 2:
        rendered["maxFeePerGas"] = quantity(transaction.max_fee_per_gas)
        rendered["maxPriorityFeePerGas"] = quantity(transaction.max_priority_fee_per_gas)
    return rendered


def render_access_list(access_list: AccessList) -> list[dict[str, Any]]:
    """Render an access list (EIP-2930)."""
    return [
        {"address": data(address), "storageKeys": [f"0x{slot:064x}" for slot in slots]}
        for address, slots in access_list
    ]


def render_receipt(block: BlockView, position: int) -> dict[str, Any]:
    """Render the receipt of the transaction at ``position``."""
    transaction, receipt = block.transactions[position], block.receipts[position]
    before = block.receipts[position - 1].cumulative_gas_used if position else 0
    first_log = sum(len(earlier.logs) for earlier in block.receipts[:position])
    created = not transaction.to
    return {
        "type": quantity(transaction.type),
        "transactionHash": data(transaction.hash),
        "transactionIndex": quantity(position),
        "blockHash": data(block.stored.hash),
        "blockNumber": quantity(block.header.number),
        "from": data(transaction.sender),
        "to": None if created else data(transaction.to),
        "contractAddress": data(contract_address(transaction.sender, transaction.nonce)) if created else None,
        "status": quantity(int(receipt.succeeded)),
        "cumulativeGasUsed": quantity(receipt.cumulative_gas_used),
        "gasUsed": quantity(receipt.cumulative_gas_used - before),
        "effectiveGasPrice": quantity(transaction.gas_price),
        "logsBloom": data(receipt.bloom.to_bytes(256, "big")),
        "logs": [render_log(block, position, first_log + index, log) for index, log in enumerate(receipt.logs)],
    }


def logs_of(block: BlockView) -> Iterator[tuple[int, int, Log]]:
    """Yield (position of the transaction, index of the log in the block, log)."""
    index = 0
    for position, receipt in enumerate(block.receipts):
        for log in receipt.logs:
            yield position, index, log
            index += 1


def render_log(block: BlockView, position: int, index: int, log: Log) -> dict[str, Any]:
    """Render one log of a block."""
    return {
        "address": data(log.address),
        "topics": [data(topic) for topic in log.topics],
        "data": data(log.data),
        "blockHash": data(block.stored.hash),
        "blockNumber": quantity(block.header.number),
        "blockTimestamp": quantity(block.header.timestamp),
        "transactionHash": data(block.transactions[position].hash),
        "transactionIndex": quantity(position),
        "logIndex": quantity(index),
        "removed": False,
    }
