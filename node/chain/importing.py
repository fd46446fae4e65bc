"""Taking blocks that another store exported: each is checked, executed again and compared before it is kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from node.chain.block_file import FileBlock
from node.chain.chain import Chain, Head
from node.chain.errors import InvalidBlock, SealingConflict, TransactionRefused
from node.chain.executor import Execution, Template, execute_block
from node.chain.header import FIELDS, GAS_LIMIT, Header, has_quorum
from node.chain.store import BlockWrite
from node.chain.transactions import Transaction, decode_transaction


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of an import: how many blocks are new here, and how many were here already."""

    added: int
    known: int
    head: Head


def import_blocks(chain: Chain, blocks: Iterable[FileBlock]) -> Imported:
    """Take all ``blocks`` into the chain, or none of them.

    Nothing in them is believed: the seals must be a quorum of the genesis's validators, and executing the transactions
    must give every field of the header. A block that is here already must be the same one, and changes nothing.

    Raises
    ------
    InvalidBlock
        The first block that is not as it must be, and in what; the store is as it was.
    """
    before = chain.head
    added = known = 0
    try:
        with chain.store.all_or_nothing():
            for block in blocks:
                if block.header.number <= chain.head.height:
                    _require_same(chain, block)
                    known += 1
                else:
                    _take(chain, block)
                    added += 1
    except BaseException:
        chain.head = before
        raise
    return Imported(added, known, chain.head)


def _require_same(chain: Chain, block: FileBlock) -> None:
    """Check that the block is the one stored at its height; other seals of the same block are as good."""
    height = block.header.number
    stored = chain.block(height)
    if block.header.hash != stored.hash or block.transactions != stored.transactions:
        raise InvalidBlock(f"block {height} of the file is not the block {height} that is stored here")
    if height and not has_quorum(block.header, chain.validators):
        raise InvalidBlock(f"block {height} of the file has not the seals of enough validators, or has others")


def _take(chain: Chain, block: FileBlock) -> None:
    parent, header = chain.head, block.header
    _require_successor(parent, header)
    _require_validators(chain, header)
    transactions = [_decode(chain, raw, header.number, place) for place, raw in enumerate(block.transactions)]
    execution = _execute(chain, parent, header, transactions)
    _require_agreement(execution, header)
    _require_journal(chain, header)
    written = BlockWrite(
        header=header,
        hash=header.hash,
        transactions=block.transactions,
        transaction_hashes=[transaction.hash for transaction in transactions],
        receipts=execution.receipts,
        nodes=execution.change.nodes,
        preimages=execution.change.preimages,
    )
    chain.append(written, header.extra.seals[0])


def _require_successor(parent: Head, header: Header) -> None:
    height = parent.height + 1
    if header.number != height:
        raise InvalidBlock(f"block {header.number} of the file stands where block {height} must follow")
    if header.parent_hash != parent.hash:
        raise InvalidBlock(f"block {height} of the file follows another block {parent.height}: it is another chain's")
    if header.timestamp <= parent.header.timestamp:
        raise InvalidBlock(f"block {height} of the file is not later than its parent")


def _require_validators(chain: Chain, header: Header) -> None:
    """Check who sealed, against the genesis: a change of validators by votes is not followed."""
    height, extra = header.number, header.extra
    if extra.validators != chain.validators or extra.vote is not None:
        raise InvalidBlock(f"block {height} of the file names other validators than the genesis, or votes on them")
    if header.coinbase not in chain.validators:
        raise InvalidBlock(f"block {height} of the file was proposed by nobody who may")
    if not has_quorum(header, chain.validators):
        raise InvalidBlock(f"block {height} of the file has not the seals of enough validators, or has others")


def _decode(chain: Chain, raw: bytes, height: int, place: int) -> Transaction:
    """Decode a transaction and check what the pool checks of those it admits and the protocol asks of all."""
    try:
        transaction = decode_transaction(raw)
    except TransactionRefused as error:
        raise InvalidBlock(f"transaction {place} of block {height} of the file is not valid: {error}") from error
    if transaction.chain_id != chain.chain_id:
        raise InvalidBlock(f"transaction {place} of block {height} of the file is for chain {transaction.chain_id}")
    if not transaction.intrinsic_gas <= transaction.gas <= GAS_LIMIT:
        raise InvalidBlock(f"transaction {place} of block {height} of the file has too little gas, or too much")
    return transaction


def _execute(chain: Chain, parent: Head, header: Header, transactions: list[Transaction]) -> Execution:
    context = chain.context_after(parent, header.timestamp, header.coinbase)
    template = Template(parent.hash, parent.state_root, context, header.extra_data)
    execution = execute_block(chain.nodes, template, transactions)
    if execution.dropped:
        transaction, reason = execution.dropped[0]
        raise InvalidBlock(
            f"block {header.number} of the file: 0x{transaction.hash.hex()} cannot be executed: {reason}"
        )
    return execution


def _require_agreement(execution: Execution, header: Header) -> None:
    """Compare all fields; the roots come first, since they say most about what went wrong."""
    differing = [
        name
        for name, ours, theirs in zip(FIELDS, execution.header.fields, header.fields, strict=True)
        if ours != theirs
    ]
    if differing:
        raise InvalidBlock(f"executing block {header.number} of the file gives another {', '.join(differing)}")


def _require_journal(chain: Chain, header: Header) -> None:
    """Refuse a block beside one that this node's own key has sealed or may have sealed."""
    row = chain.store.journal_row(header.number)
    if row is not None and row.digest != header.seal_digest:
        raise SealingConflict(f"this node's sealing journal holds another block {header.number} than the file")
