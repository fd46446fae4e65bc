"""Blocks of a file are taken whole and true, or not at all."""

from __future__ import annotations

import hashlib
import io
import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from eth_hash.auto import keccak
from made_chain import ROOT, MadeChain, encoded, made_of, resealed, with_field
from node_chains import CHAIN_ID, SEALER, START, SteppedClock, address_of, busy_chain, genesis, open_node, sign, wallet

from node.chain import trie
from node.chain.block_file import FileBlock, encode_block, read_blocks
from node.chain.chain import Chain, create_store
from node.chain.encoding import encode_integer, encode_rlp
from node.chain.errors import InvalidBlock, InvalidInput, NodeError, SealingConflict
from node.chain.executor import Template, execute_block
from node.chain.exporting import export_blocks
from node.chain.genesis import Genesis
from node.chain.header import ExtraData, Header, Vote
from node.chain.importing import Imported, import_blocks
from node.chain.keystore import Sealer
from node.chain.mempool import Mempool
from node.chain.producer import Producer
from node.chain.transactions import decode_transaction

Rows = dict[str, list[tuple[object, ...]]]


def dump(directory: Path) -> Rows:
    """Everything that the store holds but the sealing journal, which is the validator's own."""
    with sqlite3.connect(directory / "chain.sqlite") as store:
        names = ("meta", "nodes", "preimages", "blocks", "transactions")
        return {name: sorted(store.execute(f"SELECT * FROM {name}").fetchall()) for name in names}


def empty_copy(directory: Path, start: Genesis) -> Path:
    create_store(directory / "chain.sqlite", start)
    return directory


def take(directory: Path, start: Genesis, content: bytes) -> Imported:
    chain = Chain(directory / "chain.sqlite", start)
    try:
        return import_blocks(chain, read_blocks(io.BytesIO(content)))
    finally:
        chain.close()


def require_refused(
    directory: Path, made: MadeChain, content: bytes, said: str, error: type[Exception] = InvalidBlock
) -> None:
    """It is refused in one line, the head stays where it was, and not a row is changed."""
    chain = Chain(directory / "chain.sqlite", made.genesis)
    before, head = dump(directory), chain.head
    with pytest.raises(error) as refusal:
        import_blocks(chain, read_blocks(io.BytesIO(content)))
    assert said in str(refusal.value) and "\n" not in str(refusal.value)
    assert chain.head == head and dump(directory) == before
    chain.close()


# --- what is true is taken ---


@pytest.mark.parametrize("made", ["small_chain", "ledger_life", "machine_chain"])
def test_a_copy_is_the_same_to_the_last_row(made: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    original: MadeChain = request.getfixturevalue(made)
    copy = empty_copy(tmp_path, original.genesis)
    imported = take(copy, original.genesis, encoded(original.blocks))
    assert (imported.added, imported.known, imported.head) == (original.head.height, 0, original.head)
    assert dump(copy) == dump(original.directory)


def test_what_is_there_already_changes_nothing(small_chain: MadeChain, tmp_path: Path) -> None:
    copy = empty_copy(tmp_path, small_chain.genesis)
    assert take(copy, small_chain.genesis, encoded(small_chain.blocks[:5])).added == 5
    again = take(copy, small_chain.genesis, encoded(small_chain.blocks))
    assert (again.added, again.known) == (4, 5)
    before = dump(copy)
    again = take(copy, small_chain.genesis, encoded(small_chain.blocks))
    assert (again.added, again.known, again.head) == (0, 9, small_chain.head)
    assert dump(copy) == before


def test_a_file_may_begin_with_block_0(small_chain: MadeChain, tmp_path: Path) -> None:
    chain = small_chain.open()
    whole = b"".join(export_blocks(chain, 0, 9))
    chain.close()
    imported = take(empty_copy(tmp_path, small_chain.genesis), small_chain.genesis, whole)
    assert (imported.added, imported.known) == (9, 1)


def test_an_empty_file_is_no_blocks(small_chain: MadeChain, tmp_path: Path) -> None:
    imported = take(empty_copy(tmp_path, small_chain.genesis), small_chain.genesis, b"")
    assert (imported.added, imported.known, imported.head.height) == (0, 0, 0)


def test_the_chain_goes_on_from_what_was_imported(small_chain: MadeChain, tmp_path: Path) -> None:
    take(empty_copy(tmp_path, small_chain.genesis), small_chain.genesis, encoded(small_chain.blocks))
    node = open_node(tmp_path)
    nonce = node.chain.sender_state(address_of(wallet("rich"))).nonce
    node.clock.now = small_chain.head.header.timestamp + 5
    head = node.make_block(sign(wallet("rich"), nonce, b"\x51" * 20, value=5, gas=21_000))
    assert (head.height, head.header.parent_hash) == (10, small_chain.head.hash)
    assert node.receipts()[0].succeeded
    node.close()


# --- what is altered is not ---


def changed_root(name: str) -> Callable[[FileBlock], FileBlock]:
    return lambda block: replace(block, header=with_field(block.header, name, keccak(b"altered")))


ALTERED: dict[str, Callable[[FileBlock], FileBlock]] = {
    **{
        name: changed_root(name)
        for name in ("state_root", "transactions_root", "receipts_root", "ommers_hash", "mix_hash")
    },
    "logs_bloom": lambda block: replace(block, header=with_field(block.header, "logs_bloom", b"\1" * 256)),
    "gas_used": lambda block: replace(block, header=with_field(block.header, "gas_used", b"\1")),
    "gas_limit": lambda block: replace(block, header=with_field(block.header, "gas_limit", b"\x1f" * 4)),
    "difficulty": lambda block: replace(block, header=with_field(block.header, "difficulty", b"\2")),
    "nonce": lambda block: replace(block, header=with_field(block.header, "nonce", b"\1" * 8)),
    "base_fee_per_gas": lambda block: replace(block, header=with_field(block.header, "base_fee_per_gas", b"\1")),
}


@pytest.mark.parametrize("name", ALTERED)
@pytest.mark.parametrize("seal_again", [False, True])
def test_no_field_can_be_altered(small_chain: MadeChain, tmp_path: Path, name: str, seal_again: bool) -> None:
    """Not by a stranger, since the seal is over all fields; nor by the validator, since execution gives them."""
    blocks = list(small_chain.blocks)
    blocks[4] = ALTERED[name](blocks[4])
    if seal_again:
        blocks[4] = resealed(blocks[4])
    copy = empty_copy(tmp_path, small_chain.genesis)
    said = (
        f"executing block 5 of the file gives another {name}" if seal_again else "block 5 of the file has not the seals"
    )
    require_refused(copy, small_chain, encoded(blocks), said)
    require_refused(copy, small_chain, encoded(blocks[4:5]), "block 5 of the file stands where block 1 must follow")


def test_other_transactions_give_other_roots(small_chain: MadeChain, tmp_path: Path) -> None:
    copy = empty_copy(tmp_path, small_chain.genesis)
    block = small_chain.blocks[1]
    for other in (block.transactions[:-1], ()):
        blocks = [*small_chain.blocks[:1], FileBlock(block.header, other), *small_chain.blocks[2:]]
        require_refused(copy, small_chain, encoded(blocks), "executing block 2 of the file gives another state_root")
    reversed_order = FileBlock(block.header, block.transactions[::-1])
    require_refused(copy, small_chain, encoded([small_chain.blocks[0], reversed_order]), "cannot be executed")


def test_what_is_known_cannot_be_altered_either(small_chain: MadeChain, tmp_path: Path) -> None:
    copy = empty_copy(tmp_path, small_chain.genesis)
    take(copy, small_chain.genesis, encoded(small_chain.blocks))
    block = small_chain.blocks[3]
    said = "block 4 of the file is not the block 4 that is stored here"
    require_refused(copy, small_chain, encoded([resealed(ALTERED["state_root"](block))]), said)
    require_refused(copy, small_chain, encoded([FileBlock(block.header, ())]), said)
    unsealed = FileBlock(block.header.with_seals([]), block.transactions)
    require_refused(copy, small_chain, encoded([unsealed]), "block 4 of the file has not the seals")


def test_order_and_time(small_chain: MadeChain, tmp_path: Path) -> None:
    first, second, third = small_chain.blocks[:3]
    copy = empty_copy(tmp_path, small_chain.genesis)
    said = "block 3 of the file stands where block 2 must follow"
    require_refused(copy, small_chain, encoded([first, third, second]), said)
    early = with_field(second.header, "timestamp", first.header.fields[11])
    late = resealed(FileBlock(early, second.transactions))
    require_refused(copy, small_chain, encoded([first, late]), "block 2 of the file is not later than its parent")
    orphan = resealed(FileBlock(with_field(second.header, "parent_hash", bytes(32)), second.transactions))
    require_refused(copy, small_chain, encoded([first, orphan]), "block 2 of the file follows another block 1")


def test_another_chains_blocks(small_chain: MadeChain, ledger_life: MadeChain, tmp_path: Path) -> None:
    copy = empty_copy(tmp_path, small_chain.genesis)
    said = "block 1 of the file follows another block 0: it is another chain's"
    require_refused(copy, small_chain, encoded(ledger_life.blocks), said)


# --- what is no file of blocks ---


def test_a_file_that_was_cut_short(small_chain: MadeChain, tmp_path: Path) -> None:
    copy = empty_copy(tmp_path, small_chain.genesis)
    whole = encoded(small_chain.blocks)
    begin = len(encoded(small_chain.blocks[:-1]))
    for size in (1, 2, 3, 4, begin + 1, begin + 3, begin + 400, len(whole) - 1):
        require_refused(copy, small_chain, whole[:size], "it was cut short", InvalidInput)
    assert take(copy, small_chain.genesis, whole[:begin]).added == 8


def nested(depth: int) -> bytes:
    item: bytes = b"\xc0"
    for _ in range(depth):
        item = encode_rlp_list(item)
    return item


def encode_rlp_list(payload: bytes) -> bytes:
    if len(payload) < 56:
        return bytes([0xC0 + len(payload)]) + payload
    size = encode_integer(len(payload))
    return bytes([0xF7 + len(size)]) + size + payload


NO_BLOCKS = {
    "text": b"blocks, please",
    "a string": b"\x83abc",
    "an empty list": b"\xc0",
    "a header alone": encode_rlp([b"\1"] * 16),
    "a list of strings": encode_rlp([b"a", b"b", b"c"]),
    "four parts": encode_rlp([[b"\1"] * 16, [], [], []]),
    "a header of 15": encode_rlp([[b"\1"] * 15, [], []]),
    "nested without end": nested(5_000),
    "more than there can be": b"\xff" + b"\xff" * 8,
    "a list whose parts are longer": b"\xc3\xf8\x60\x60",
}


@pytest.mark.parametrize("name", NO_BLOCKS)
def test_what_is_no_block(small_chain: MadeChain, tmp_path: Path, name: str) -> None:
    copy = empty_copy(tmp_path, small_chain.genesis)
    before = encoded(small_chain.blocks[:2])
    require_refused(copy, small_chain, before + NO_BLOCKS[name], f"byte {len(before)}", InvalidInput)


def test_ommers_and_other_spellings(small_chain: MadeChain, tmp_path: Path) -> None:
    copy = empty_copy(tmp_path, small_chain.genesis)
    header = list(small_chain.blocks[0].header.fields)
    with_ommer = encode_rlp([header, [], [header]])
    require_refused(copy, small_chain, with_ommer, "it has ommers", InvalidInput)
    block = encode_block(small_chain.blocks[0].header, ())
    assert block[0] == 0xF9
    require_refused(copy, small_chain, b"\xfa\x00" + block[1:], "begins no block", InvalidInput)


def test_a_legacy_transaction_stands_as_a_list(small_chain: MadeChain, tmp_path: Path) -> None:
    """As a string of its bytes it would be another spelling of the same block."""
    copy = empty_copy(tmp_path, small_chain.genesis)
    block = small_chain.blocks[1]
    assert any(raw[0] >= 0xC0 for raw in block.transactions)
    spelled = encode_rlp([list(block.header.fields), list(block.transactions), []])
    content = encoded(small_chain.blocks[:1]) + spelled
    require_refused(copy, small_chain, content, "neither a list nor an envelope", InvalidInput)


def mutated(whole: bytes, dice: random.Random) -> bytes:
    """The file with one thing done to it that a disk, a wire or a person might do."""
    place, size = dice.randrange(len(whole)), dice.choice([1, 1, 2, 32, 500])
    other = dice.randbytes(size)
    return dice.choice(
        [
            whole[:place] + bytes([whole[place] ^ 1 << dice.randrange(8)]) + whole[place + 1 :],
            whole[:place] + other + whole[place + size :],
            whole[:place] + other + whole[place:],
            whole[:place] + whole[place + size :],
            whole[:place] + whole[place : place + size] + whole[place:],
            whole[:place],
        ]
    )


def require_all_mutants_refused(made: MadeChain, directory: Path, count: int, seed: int) -> None:
    """One line, never a fault of our own; and what is left of it is nothing."""
    copy = empty_copy(directory, made.genesis)
    whole, dice = encoded(made.blocks), random.Random(seed)
    chain = Chain(copy / "chain.sqlite", made.genesis)
    before = dump(copy)
    boundaries = {len(encoded(made.blocks[:count])) for count in range(len(made.blocks) + 1)}
    for _ in range(count):
        content = mutated(whole, dice)
        if content == whole or (content == whole[: len(content)] and len(content) in boundaries):
            continue  # nothing was done, or whole blocks were cut off: that is a true file
        with pytest.raises(NodeError) as refusal:
            import_blocks(chain, read_blocks(io.BytesIO(content)))
        assert "\n" not in str(refusal.value)
        assert chain.head.height == 0
    assert dump(copy) == before
    chain.close()


def test_a_file_with_any_byte_wrong(small_chain: MadeChain, tmp_path: Path) -> None:
    require_all_mutants_refused(small_chain, tmp_path, 150, seed=1)


@pytest.mark.slow
def test_thousands_of_files_with_any_byte_wrong(small_chain: MadeChain, tmp_path: Path) -> None:
    require_all_mutants_refused(small_chain, tmp_path, 4_000, seed=2)


KILLED = """
import io, os, sys
from pathlib import Path
from node.chain.block_file import read_blocks
from node.chain.chain import Chain
from node.chain.importing import import_blocks
from node.setup import load_genesis
directory = Path(sys.argv[1])
def blocks():
    for block in read_blocks((directory / "blocks").open("rb")):
        if block.header.number == 7:
            os._exit(9)
        yield block
import_blocks(Chain(directory / "chain.sqlite", load_genesis(directory)), blocks())
"""


def test_an_import_that_is_killed_leaves_nothing(small_chain: MadeChain, tmp_path: Path) -> None:
    copy = empty_copy(tmp_path, small_chain.genesis)
    before = dump(copy)
    (copy / "genesis.json").write_text(small_chain.genesis.render())
    (copy / "blocks").write_bytes(encoded(small_chain.blocks))
    done = subprocess.run([sys.executable, "-c", KILLED, copy], cwd=ROOT, timeout=60, check=False)
    assert done.returncode == 9
    assert dump(copy) == before
    assert take(copy, small_chain.genesis, encoded(small_chain.blocks)).added == 9


# --- what the protocol asks of transactions and a pool would not have let in ---


def made_block(chain: Chain, raws: Sequence[bytes], sealers: Sequence[Sealer], **extra: object) -> FileBlock:
    """The next block, executed and sealed as ``extra`` and ``sealers`` say, whatever its transactions are."""
    parent = chain.head
    data = ExtraData(**{"validators": chain.validators, **extra})  # type: ignore[arg-type]
    context = chain.context_after(parent, parent.header.timestamp + 1, chain.validators[0])
    template = Template(parent.hash, parent.state_root, context, data.encode())
    header = execute_block(chain.nodes, template, map(decode_transaction, raws)).header
    header = with_field(header, "transactions_root", trie.root_of_list(list(raws)))
    return FileBlock(header.with_seals([sealer.seal(header.seal_digest) for sealer in sealers]), tuple(raws))


BAD_TRANSACTIONS = {
    "is for chain 1": sign(wallet("rich"), 0, b"\1" * 20, kind=2, chainId=1),
    "has too little gas": sign(wallet("rich"), 0, b"\1" * 20, gas=20_999),
    "cannot be executed": sign(wallet("rich"), 7, b"\1" * 20),
    "is not valid": b"\3" + sign(wallet("rich"), 0, b"\1" * 20)[1:],
}


@pytest.mark.parametrize("said", BAD_TRANSACTIONS)
def test_a_sealed_block_with_a_transaction_that_may_not_be(small_chain: MadeChain, tmp_path: Path, said: str) -> None:
    copy = empty_copy(tmp_path, small_chain.genesis)
    chain = Chain(copy / "chain.sqlite", small_chain.genesis)
    bad = BAD_TRANSACTIONS[said]
    honest = made_block(chain, () if said == "is not valid" else (bad,), (SEALER,))
    chain.close()
    require_refused(copy, small_chain, encoded([FileBlock(honest.header, (bad,))]), said)


# --- who sealed ---

MEMBERS = sorted((Sealer(hashlib.sha256(b"member %d" % n).digest()) for n in range(4)), key=lambda one: one.address)
STRANGER = Sealer(hashlib.sha256(b"nobody").digest())


@pytest.fixture
def consortium(tmp_path: Path) -> Chain:
    start = Genesis(CHAIN_ID, tuple(member.address for member in MEMBERS), START, genesis().alloc)
    create_store(tmp_path / "chain.sqlite", start)
    return Chain(tmp_path / "chain.sqlite", start)


PAYMENT = (sign(wallet("rich"), 0, b"\x52" * 20, value=3, gas=21_000),)


def test_a_block_of_four_validators_with_three_seals(consortium: Chain) -> None:
    import_blocks(consortium, [made_block(consortium, PAYMENT, MEMBERS[:3])])
    import_blocks(consortium, [made_block(consortium, (), MEMBERS, round=7)])
    assert consortium.head.height == 2 and len(consortium.head.header.extra.seals) == 4
    consortium.close()


def test_one_validator_of_four_makes_no_blocks(consortium: Chain) -> None:
    pool = Mempool(CHAIN_ID, consortium.sender_state, consortium.is_on_chain)
    with pytest.raises(InvalidBlock, match="this chain has 4 validators, and one of them alone makes no block final"):
        Producer(consortium, pool, MEMBERS[0], SteppedClock())
    consortium.close()


def test_the_same_block_with_other_seals_is_known(consortium: Chain) -> None:
    block = made_block(consortium, PAYMENT, MEMBERS[:3])
    import_blocks(consortium, [block])
    header: Header = block.header.with_seals([one.seal(block.header.seal_digest) for one in MEMBERS[1:]])
    assert import_blocks(consortium, [FileBlock(header, block.transactions)]).known == 1
    assert consortium.store.block(1).header == block.header
    consortium.close()


@pytest.mark.parametrize(
    ("sealers", "extra", "said"),
    [
        (MEMBERS[:2], {}, "has not the seals of enough validators"),
        ((*MEMBERS[:2], MEMBERS[1]), {}, "has not the seals of enough validators"),
        ((*MEMBERS[:3], STRANGER), {}, "has not the seals of enough validators, or has others"),
        (MEMBERS, {"validators": tuple(one.address for one in MEMBERS[:3])}, "names other validators"),
        (MEMBERS, {"vote": Vote(STRANGER.address, True)}, "or votes on them"),
        (MEMBERS, {"vote": Vote(MEMBERS[0].address, False)}, "or votes on them"),
    ],
)
def test_who_may_seal_and_how_many_must(
    consortium: Chain, sealers: Sequence[Sealer], extra: dict[str, object], said: str
) -> None:
    with pytest.raises(InvalidBlock, match=said):
        import_blocks(consortium, [made_block(consortium, PAYMENT, sealers, **extra)])
    assert consortium.head.height == 0 == consortium.store.height()
    consortium.close()


def test_a_proposer_that_is_no_validator(consortium: Chain) -> None:
    block = made_block(consortium, (), ())
    header = with_field(block.header, "coinbase", STRANGER.address)
    header = header.with_seals([one.seal(header.seal_digest) for one in MEMBERS])
    with pytest.raises(InvalidBlock, match="proposed by nobody who may"):
        import_blocks(consortium, [FileBlock(header, ())])
    consortium.close()


def test_a_block_beside_one_that_this_node_has_journalled(small_chain: MadeChain, tmp_path: Path) -> None:
    """The key sealed another block 1, or was about to: whose file this is, it does not replace that one."""
    copy = empty_copy(tmp_path, small_chain.genesis)
    chain = Chain(copy / "chain.sqlite", small_chain.genesis)
    own = made_block(chain, (), (SEALER,))
    chain.store.record_unsealed(own.header.seal_digest, own.header.with_seals([]), ())
    chain.close()
    said = "this node's sealing journal holds another block 1 than the file"
    require_refused(copy, small_chain, encoded(small_chain.blocks), said, SealingConflict)
    assert take(copy, small_chain.genesis, encoded([own])).added == 1
    chain = Chain(copy / "chain.sqlite", small_chain.genesis)
    row = chain.store.journal_row(1)
    assert row is not None and row.seal == own.header.extra.seals[0]
    chain.close()


def test_nothing_is_left_of_a_long_import_that_fails_at_its_end(small_chain: MadeChain, tmp_path: Path) -> None:
    (tmp_path / "long").mkdir()
    node = open_node(tmp_path / "long")
    busy_chain(node)
    for _ in range(30):
        node.make_block()
    made = made_of(tmp_path / "long", genesis(), node)
    copy = empty_copy(tmp_path, made.genesis)
    bad = [*made.blocks[:-1], resealed(ALTERED["state_root"](made.blocks[-1]))]
    require_refused(
        copy, made, encoded(bad), f"executing block {made.head.height} of the file gives another state_root"
    )
    assert take(copy, made.genesis, encoded(made.blocks)).added == made.head.height
