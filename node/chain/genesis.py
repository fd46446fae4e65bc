"""Genesis: the file, in the form a Besu QBFT network starts from, and the block it stands for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from eth_hash.auto import keccak

from node.chain import trie
from node.chain.encoding import encode_integer, encode_rlp
from node.chain.errors import InvalidHeader, InvalidInput
from node.chain.header import (
    GAS_LIMIT,
    MIX_HASH,
    VANITY,
    ZERO_ADDRESS,
    ZERO_HASH,
    ExtraData,
    Header,
    decode_extra_data,
    make_header,
)

_FORKS = (
    "homesteadBlock",
    "eip150Block",
    "eip155Block",
    "eip158Block",
    "byzantiumBlock",
    "constantinopleBlock",
    "petersburgBlock",
    "istanbulBlock",
    "berlinBlock",
    "londonBlock",
)
EMPTY_CODE_HASH = bytes(keccak(b""))


@dataclass(frozen=True, slots=True)
class GenesisAccount:
    """An account that exists from the start."""

    balance: int = 0
    nonce: int = 0
    code: bytes = b""
    storage: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Genesis:
    """All that decides block 0. ``vanity`` is 32 bytes: the hash of the block it goes on from, if there is one."""

    chain_id: int
    validators: tuple[bytes, ...]
    timestamp: int
    alloc: Mapping[bytes, GenesisAccount] = field(default_factory=dict)
    vanity: bytes = VANITY

    def extra_data(self) -> bytes:
        """Return the extraData of block 0: the validators, and no seals."""
        return ExtraData(self.validators, vanity=self.vanity).encode()

    def render(self) -> str:
        """Return the genesis file: Besu's form, keys in a fixed order."""
        config: dict[str, Any] = {"chainId": self.chain_id} | dict.fromkeys(_FORKS, 0)
        config |= {
            "zeroBaseFee": True,
            "qbft": {
                "blockperiodseconds": 1,
                "emptyblockperiodseconds": 60,
                "epochlength": 30_000,
                "requesttimeoutseconds": 4,
            },
        }
        document = {
            "config": config,
            "nonce": "0x0",
            "timestamp": hex(self.timestamp),
            "extraData": "0x" + self.extra_data().hex(),
            "gasLimit": hex(GAS_LIMIT),
            "baseFeePerGas": "0x0",
            "difficulty": "0x1",
            "mixHash": "0x" + MIX_HASH.hex(),
            "coinbase": "0x" + ZERO_ADDRESS.hex(),
            "alloc": {address.hex(): _render_account(self.alloc[address]) for address in sorted(self.alloc)},
        }
        return json.dumps(document, indent=2) + "\n"

    def state(self) -> GenesisState:
        """Return the state that the allocation makes."""
        nodes: dict[bytes, bytes] = {}
        preimages: dict[bytes, bytes] = {}
        accounts: dict[bytes, bytes] = {}
        for address, account in self.alloc.items():
            slots = {number.to_bytes(32, "big"): value for number, value in account.storage.items() if value}
            storage = {bytes(keccak(slot)): encode_rlp(encode_integer(value)) for slot, value in slots.items()}
            storage_root, added = trie.update({}, trie.EMPTY_ROOT, storage)
            nodes |= added
            if account.code:
                nodes[bytes(keccak(account.code))] = account.code
            preimages |= {bytes(keccak(key)): key for key in (address, *slots)}
            numbers = [encode_integer(account.nonce), encode_integer(account.balance)]
            body = encode_rlp([*numbers, storage_root, bytes(keccak(account.code))])
            accounts[bytes(keccak(address))] = bytes(body)
        root, added = trie.update({}, trie.EMPTY_ROOT, accounts)
        return GenesisState(root, nodes | added, preimages)

    def header(self) -> Header:
        """Return the header of block 0."""
        return make_header(
            parent_hash=ZERO_HASH,
            coinbase=ZERO_ADDRESS,
            state_root=self.state().root,
            transactions_root=trie.EMPTY_ROOT,
            receipts_root=trie.EMPTY_ROOT,
            logs_bloom=b"\x00" * 256,
            number=0,
            gas_used=0,
            timestamp=self.timestamp,
            extra_data=self.extra_data(),
        )


@dataclass(frozen=True, slots=True)
class GenesisState:
    """The state before the first block."""

    root: bytes
    nodes: dict[bytes, bytes]
    preimages: dict[bytes, bytes]


def parse_genesis(text: str) -> Genesis:
    """Return the genesis that a file describes.

    Raises
    ------
    InvalidInput
        Not JSON, or not a QBFT genesis under London rules as we write it.
    """
    try:
        document = json.loads(text)
        extra = decode_extra_data(_bytes(document["extraData"]))
        genesis = Genesis(
            chain_id=int(document["config"]["chainId"]),
            validators=extra.validators,
            timestamp=int(document["timestamp"], 16),
            alloc={_bytes(key): _parse_account(value) for key, value in document["alloc"].items()},
            vanity=extra.vanity,
        )
    except (ValueError, KeyError, TypeError, AttributeError, InvalidHeader) as error:
        raise InvalidInput("the genesis file is not a QBFT genesis") from error
    if genesis.render() != text:
        raise InvalidInput("the genesis file is not as this node writes it: it was changed, or is another network's")
    return genesis


def _render_account(account: GenesisAccount) -> dict[str, Any]:
    rendered: dict[str, Any] = {"balance": hex(account.balance)}
    if account.nonce:
        rendered["nonce"] = hex(account.nonce)
    if account.code:
        rendered["code"] = "0x" + account.code.hex()
    if account.storage:
        rendered["storage"] = {f"0x{slot:064x}": f"0x{account.storage[slot]:064x}" for slot in sorted(account.storage)}
    return rendered


def _parse_account(value: Mapping[str, Any]) -> GenesisAccount:
    storage = {int(slot, 16): int(word, 16) for slot, word in value.get("storage", {}).items()}
    return GenesisAccount(
        int(value.get("balance", "0x0"), 16), int(value.get("nonce", "0x0"), 16), _bytes(value.get("code", "")), storage
    )


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))
