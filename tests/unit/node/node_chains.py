"""Small chains for the node's tests: a stepped clock, keys made from names, and the Probe contract."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_account import Account as Wallet
from eth_account.signers.local import LocalAccount
from web3 import Web3

from node.chain.chain import Chain, Head, create_store
from node.chain.genesis import Genesis, GenesisAccount
from node.chain.keystore import Sealer
from node.chain.mempool import Mempool, PoolLimits
from node.chain.producer import BlockLimits, Producer
from node.chain.receipts import Receipt, decode_receipt
from node.rpc.views import contract_address

CHAIN_ID = 1337
START = 1_790_000_000
SEALER = Sealer(b"\x01" * 32)
PROBE = json.loads((Path(__file__).parent / "contracts" / "probe.json").read_text())
RICH = hashlib.sha256(b"rich").digest()
CODE = Web3().eth.contract(abi=PROBE["abi"], bytecode=PROBE["bytecode"])


class SteppedClock:
    """A clock that moves only when told to."""

    def __init__(self, now: float = START + 1_000) -> None:
        self.now = now
        self.real = 5_000.0

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.real

    def step(self, seconds: float) -> None:
        self.now += seconds
        self.real += seconds


def wallet(name: str) -> LocalAccount:
    return Wallet.from_key(hashlib.sha256(name.encode()).digest())


def address_of(account: LocalAccount) -> bytes:
    return bytes.fromhex(account.address[2:])


def genesis() -> Genesis:
    rich = GenesisAccount(balance=10**21, nonce=0)
    seeded = GenesisAccount(code=b"\x60\x00", storage={1: 2, 3: 2**255})
    return Genesis(CHAIN_ID, (SEALER.address,), START, {address_of(wallet("rich")): rich, b"\x77" * 20: seeded})


def sign(
    account: LocalAccount, nonce: int, to: bytes | None, data: bytes = b"", *, kind: int = 2, **over: Any
) -> bytes:
    fields: dict[str, Any] = {"nonce": nonce, "data": data, "gas": 500_000, "value": 0, "chainId": CHAIN_ID} | over
    if to is not None:
        fields["to"] = Web3.to_checksum_address(to)
    if kind == 2:
        fields = {"type": 2, "maxFeePerGas": 0, "maxPriorityFeePerGas": 0} | fields
    elif kind == 1:
        fields = {"type": 1, "gasPrice": 0, "accessList": []} | fields
    else:
        fields = {"gasPrice": 0} | fields
    return bytes(account.sign_transaction(fields).raw_transaction)


def invoke(name: str, *arguments: Any) -> bytes:
    return bytes.fromhex(CODE.encode_abi(name, args=list(arguments))[2:])


@dataclass
class Node:
    """A chain with its pool, its producer and the clock they run by."""

    chain: Chain
    pool: Mempool
    producer: Producer
    clock: SteppedClock

    def make_block(self, *raw: bytes) -> Head:
        """Admit ``raw``, let two seconds pass and make a block."""
        for transaction in raw:
            self.pool.admit(transaction)
        self.clock.step(2)
        return self.producer.produce()

    def receipts(self, height: int | None = None) -> list[Receipt]:
        block = self.chain.block(self.chain.head.height if height is None else height)
        return [decode_receipt(encoded) for encoded in block.receipts]

    def close(self) -> None:
        self.chain.close()


def open_node(
    directory: Path,
    clock: SteppedClock | None = None,
    admitted: frozenset[bytes] | None = None,
    limits: PoolLimits | None = None,
    block_limits: BlockLimits | None = None,
) -> Node:
    """Open the chain of ``directory``, laying it out if it is not there, and finish what a crash left."""
    path = directory / "chain.sqlite"
    clock = clock or SteppedClock()
    if not path.exists():
        create_store(path, genesis())
    chain = Chain(path, genesis())
    try:
        pool = Mempool(CHAIN_ID, chain.sender_state, chain.is_on_chain, admitted, limits)
        producer = Producer(chain, pool, SEALER, clock, block_limits or BlockLimits(seconds=1e9))
        producer.recover()
    except BaseException:
        chain.close()
        raise
    return Node(chain, pool, producer, clock)


def deploy(node: Node, owner: LocalAccount) -> bytes:
    """Deploy a Probe as ``owner``'s next transaction and return its address."""
    nonce = node.chain.sender_state(address_of(owner)).nonce
    node.make_block(sign(owner, nonce, None, bytes.fromhex(PROBE["bytecode"][2:]), gas=3_000_000))
    assert node.receipts()[0].succeeded
    return contract_address(address_of(owner), nonce)


def read_probe(node: Node, probe: bytes, name: str, *arguments: Any) -> bytes:
    from node.chain.calls import call_at
    from node.chain.vm import Call

    return call_at(node.chain, node.chain.head, Call(b"\x00" * 20, probe, invoke(name, *arguments), 0, 1_000_000))


def busy_chain(node: Node) -> bytes:
    """Make a dozen blocks that do what chains do: deploy, move, revert, clear, destroy, recurse, burn, pay."""
    maker, other, rich = wallet("maker"), wallet("other"), wallet("rich")
    probe = deploy(node, maker)
    target = address_of(other)
    node.make_block(
        sign(maker, 1, probe, invoke("move", other.address, 500)),
        sign(maker, 2, probe, invoke("move", other.address, 7), kind=0),
        sign(other, 0, probe, invoke("move", maker.address, 10**9), kind=1),  # reverts: too much
        sign(rich, 0, target, value=12_345, gas=21_000),
    )
    node.make_block(sign(maker, 3, probe, invoke("look", 1)), sign(maker, 4, probe, invoke("look", 2)))
    node.make_block(
        sign(maker, 5, probe, invoke("flash", b"\x01" * 32), gas=2_000_000),
        sign(maker, 6, probe, invoke("flash", b"\x01" * 32), gas=2_000_000),
    )
    node.make_block(sign(maker, 7, probe, invoke("dive", 50), gas=3_000_000))
    node.make_block(sign(maker, 8, probe, invoke("burn"), gas=100_000))  # out of gas
    node.make_block()
    node.make_block(sign(maker, 9, probe, invoke("spend", 60), gas=3_000_000), sign(other, 1, probe, invoke("clear")))
    node.make_block(sign(maker, 10, probe, invoke("clear")), sign(maker, 11, b"\x99" * 20, gas=21_000))
    return probe
