"""Blocks of signed transactions on stock py-evm, and the whole contract suite deployed in them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from _path import ROOT
from coincurve import PrivateKey
from compile_contracts import artifact_of, compile_sources
from eth.db.atomic import AtomicDB
from eth.vm.execution_context import ExecutionContext
from eth.vm.forks.london.state import LondonState
from eth.vm.forks.london.transactions import LondonTransactionBuilder
from eth_hash.auto import keccak
from eth_keys.datatypes import PrivateKey as SenderKey

from wallet.domain.identifiers import AccountId, new_uetr
from wallet.domain.instructions import LedgerDomain
from wallet.ledger import calls, creation
from wallet.ledger.records import AccountKind, TokenKind

CHAIN_ID: Final = 4711
TIMESTAMP: Final = 1_790_000_000
FOR_EVER: Final = 2**40
EMPTY_ROOT: Final = bytes.fromhex("56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421")
TRANSACTION_GAS: Final = 2**24
MONEY: Final = 10**12
ROLES: Final = ("operator", "compliance", "calendar", "second_calendar", "guardian", "enforcer")


def key_number(number: int) -> PrivateKey:
    """Return a fixed key for the bench."""
    return PrivateKey(keccak(b"vostro bench key %d" % number))


def address_of(key: PrivateKey) -> str:
    """Return a key's address, lower case."""
    return "0x" + keccak(key.public_key.format(compressed=False)[1:])[12:].hex()


def signature(key: PrivateKey, digest: bytes) -> bytes:
    """Return ``r ‖ s ‖ v`` as the ledger takes it."""
    raw = key.sign_recoverable(digest, hasher=None)
    return raw[:64] + bytes([raw[64] + 27])


def plain_token_code() -> bytes:
    """Compile the ERC-20 of the comparison."""
    source = "test/PlainToken.sol"
    output = compile_sources({source: (ROOT / "contracts" / source).read_text()})
    return bytes.fromhex(artifact_of(output, source, "PlainToken")["bytecode"][2:])


@dataclass(frozen=True)
class Result:
    """Gas and microseconds of processor time of one payment."""

    gas: float
    microseconds: float
    """Of the whole block."""
    executing: float
    """Of these, before the state is written and its root computed."""


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

    def apply(self, transactions: Sequence[Any], payments: int = 0, topic: bytes = b"") -> Result:
        """Execute as one block; with ``payments``, exactly so many logs must bear the topic."""
        decoded = [LondonTransactionBuilder.decode(one.encode()) for one in transactions]
        gas = settled = 0
        start = time.process_time()
        context = ExecutionContext(b"\0" * 20, TIMESTAMP, 1, 1, b"\0" * 32, 2**53 - 1, [], CHAIN_ID, base_fee_per_gas=0)
        state = LondonState(self._db, context, self._root)
        for transaction in decoded:
            computation = state.apply_transaction(transaction)
            computation.raise_if_error()
            state.lock_changes()
            gas += transaction.gas - computation.get_gas_remaining()
            settled += sum(topics[0] == int.from_bytes(topic, "big") for _, topics, _ in computation.get_log_entries())
        executed = time.process_time()
        state.persist()
        self._root = state.make_state_root()
        sealed = time.process_time()
        if payments and topic and settled != payments:
            raise RuntimeError(f"{settled} of {payments} payments settled")
        each = max(payments, 1)
        return Result(gas / each, (sealed - start) / each * 1e6, (executed - start) / each * 1e6)


class Suite:
    """The contracts of a network, its roles, and the three signers that all accounts have."""

    def __init__(self) -> None:
        self.block = Block()
        deployer, self._attestor, self._issuer, admin = (key_number(9_100 + index) for index in range(4))
        self._keys = {role: key_number(9_000 + index) for index, role in enumerate(ROLES)}
        holders = creation.RoleHolders(**{role: address_of(key) for role, key in self._keys.items()})
        administration, self._registry, clearing, self._reserves, self.ledger = (
            creation.create_address(address_of(deployer), nonce) for nonce in range(5)
        )
        parts = creation.Parts(self._registry, clearing, self._reserves, administration)
        self._send(
            deployer,
            None,
            creation.administration_deployment(1, address_of(admin), holders.compliance, holders.guardian),
            creation.registry_deployment(self.ledger),
            creation.clearing_deployment(self.ledger),
            creation.reserves_deployment(address_of(self._attestor), self.ledger),
            creation.ledger_deployment(parts, holders),
        )
        day = TIMESTAMP // 86_400
        self._send(self._keys["calendar"], self.ledger, calls.encode_propose_business_day(day))
        self._send(self._keys["second_calendar"], self.ledger, calls.encode_open_business_day(day))
        self.domain = LedgerDomain(CHAIN_ID, self.ledger)
        self.signers = sorted((key_number(8_000 + index) for index in range(3)), key=address_of)

    def carry(self, *calldata: bytes) -> list[Any]:
        """Return the operator's transactions that carry these calls to the ledger."""
        return [self.block.transaction(self._keys["operator"], self.ledger, data) for data in calldata]

    def signatures(self, digest: bytes, count: int) -> list[bytes]:
        """Return the signatures of the first ``count`` signers."""
        return [signature(key, digest) for key in self.signers[:count]]

    def change(self, *changes: bytes) -> None:
        """Make a change of the registry, by its two persons."""
        self._send(self._keys["operator"], self._registry, calls.encode_propose(changes))
        self._send(self._keys["compliance"], self._registry, calls.encode_confirm(changes))

    def admit(self, number: int) -> None:
        """Admit a bank."""
        bic = f"AAA{chr(64 + number)}DEFFXXX"
        self.change(calls.registry_admit(number, bic, "529900T8BM49AURSDO55", "DE"))

    def token(self, address: str, currency: str, kind: TokenKind, issuer: int) -> None:
        """Create a token; a settlement asset with all the reserves there can be."""
        self.change(
            calls.registry_create_token(address, currency, 2, kind, issuer),
            calls.registry_set_issuer(address, address_of(self._issuer), authorised=True),
        )
        if kind is TokenKind.SETTLEMENT_ASSET:
            self._send(self._attestor, self._reserves, calls.encode_attest(address, 2**63 - 1, TIMESTAMP, b"\1" * 32))

    def accounts(
        self,
        token: str,
        participant: int,
        names: Sequence[AccountId],
        threshold: int = 1,
        kind: AccountKind = AccountKind.CUSTOMER,
        limits: tuple[int, int] = (0, 0),
    ) -> None:
        """Open accounts and issue money to each."""
        signers = tuple(address_of(key) for key in self.signers)
        for start in range(0, len(names), 25):
            self.change(
                calls.registry_open_accounts(
                    [
                        calls.AccountOpening(name, token, participant, kind, threshold, signers, *limits)
                        for name in names[start : start + 25]
                    ]
                )
            )
        issues = [calls.encode_issue(new_uetr(), token, name, MONEY, bytes(32)) for name in names]
        self._send(self._issuer, self.ledger, *issues)

    def _send(self, key: PrivateKey, to: str | None, *calldata: bytes) -> None:
        self.block.apply([self.block.transaction(key, to, data) for data in calldata])


def account_names(first: int, count: int) -> list[AccountId]:
    """Return fixed account ids."""
    return [AccountId(address_of(key_number(first + index))) for index in range(count)]
