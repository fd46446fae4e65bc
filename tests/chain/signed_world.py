"""The banks' world on a chain of the node's own: every transaction signed by its sender, pooled, sealed and stored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import banks_world
import ledger_world
from banks_world import A_EUR, A_SETTLES, ANN, ANNA, B_EUR, B_SETTLES, BEA, FX_USD, USD, BanksWorld
from eth_account.signers.local import LocalAccount
from evm_events import Event
from evm_harness import CHAIN_ID, ZERO, Evm, Outcome, raw
from evm_harness import START as GENESIS_TIME
from ledger_world import ALICE, BOB, CAROL, DAN, EURO
from node_chains import SEALER, Node, SteppedClock, address_of, sign, wallet
from typed_reference import BY_ORDER, BY_UETR, Line, Part

from node.chain.chain import Chain, create_store
from node.chain.genesis import Genesis
from node.chain.mempool import Mempool
from node.chain.producer import BlockLimits, Producer
from node.chain.vm import Call, apply_transaction, open_state, simulate
from node.rpc.views import contract_address
from wallet.domain.identifiers import AccountId, uetr_from_bytes
from wallet.ledger import calls, creation
from wallet.ledger.events import LedgerEvent

GAS = 2**24
NAMES = ("deployer", "issuer", "attestor", "admin", "anchorer", "stranger")
ROLE_NAMES = ("operator", "compliance", "calendar", "second calendar", "guardian", "enforcer")
WALLETS: dict[str, LocalAccount] = {
    "0x" + address_of(account).hex(): account for account in map(wallet, (*NAMES, *ROLE_NAMES))
}


def holder(name: str) -> str:
    return "0x" + address_of(wallet(name)).hex()


ROLES = creation.RoleHolders(*map(holder, ROLE_NAMES))
ISSUER, STRANGER = holder("issuer"), holder("stranger")


class NodeEvm(Evm):
    """The steps of ``evm_harness.Evm`` on a node's chain: what is sent in one second goes into one block, as it passes.

    What a transaction does is known at once, from a state opened beside the chain; the block is then made in earnest.
    """

    def __init__(self, node: Node) -> None:
        self.node = node
        self.chain_id = node.chain.chain_id
        self.timestamp = node.chain.head.header.timestamp
        self._sent = 0
        self._begin(1)

    def _begin(self, seconds: int) -> None:
        self.timestamp += seconds
        head = self.node.chain.head
        context = self.node.chain.context_after(head, self.timestamp, SEALER.address)
        self._state = open_state(self.node.chain.nodes, head.state_root, context)

    @property
    def height(self) -> int:  # type: ignore[override]
        return self.node.chain.head.height

    def wait(self, seconds: int = 1) -> None:
        """Make the block of this second, and begin a later one."""
        self.node.clock.now = self.timestamp
        self.node.producer.produce()
        self._begin(seconds)

    def deploy(self, sender: str, code: bytes) -> tuple[str, Outcome]:
        address = contract_address(raw(sender), self.nonce(sender))
        return "0x" + address.hex(), self._execute(sender, None, code)

    def _execute(self, sender: str, to: str | None, data: bytes) -> Outcome:
        """Types 0, 1 and 2 take turns; the second names the contract in its access list."""
        kind = self._sent % 3 if to else 2
        over: dict[str, Any] = {"gas": GAS, "chainId": self.chain_id}
        if kind == 1:
            over["accessList"] = [{"address": to, "storageKeys": ["0x" + "00" * 32]}]
        signed = sign(WALLETS[sender], self.nonce(sender), raw(to) if to else None, data, kind=kind, **over)
        did = apply_transaction(self._state, self.node.pool.admit(signed))
        logs = [
            {
                "address": "0x" + log.address.hex(),
                "topics": ["0x" + topic.hex() for topic in log.topics],
                "data": "0x" + log.data.hex(),
                "blockNumber": hex(self.height + 1),
                "transactionHash": f"0x{self._sent:064x}",
                "logIndex": hex(index),
            }
            for index, log in enumerate(did.logs)
        ]
        return Outcome(did.succeeded, did.output, logs, did.gas_used)

    def call(self, to: str, data: bytes, sender: str = ZERO) -> bytes:
        snapshot = self._state.snapshot()
        did = simulate(self._state, Call(raw(sender), raw(to), data, 0, 50_000_000))
        self._state.revert(snapshot)
        assert did.succeeded, did.error
        return did.output


class SignedBanks(BanksWorld):
    """Banks whose roles are held by keys that can sign a transaction; what belongs together is in one block."""

    def change(self, *changes: bytes) -> list[LedgerEvent]:
        self.evm.wait()
        return super().change(*changes)

    def settle(self, *items: Any) -> list[LedgerEvent]:
        self.evm.wait()
        return super().settle(*items)

    def told(self, outcome: Outcome) -> list[Event]:
        events = super().told(outcome)
        self.evm.wait()
        return events

    def try_settle(self, *items: Any, sender: str = ROLES.operator) -> Outcome:
        return super().try_settle(*items, sender=sender)

    def try_redeem(self, item: Any, sender: str = ISSUER) -> Outcome:
        return super().try_redeem(item, sender=sender)


@contextmanager
def holders_with_keys() -> Iterator[None]:
    """The world's roles are held by addresses whose keys are known here."""
    known = {name.upper(): holder(name) for name in NAMES}
    with mock.patch.multiple(ledger_world, ROLES=ROLES, **known), mock.patch.object(banks_world, "ROLES", ROLES):
        yield


def ledger_genesis() -> Genesis:
    return Genesis(CHAIN_ID, (SEALER.address,), GENESIS_TIME)


def open_ledger_node(directory: Path, genesis: Genesis) -> Node:
    """Open the chain of ``directory``, laying it out if it is not there."""
    path = directory / "chain.sqlite"
    if not path.exists():
        (directory / "genesis.json").write_text(genesis.render())
        create_store(path, genesis)
    chain = Chain(path, genesis)
    pool = Mempool(CHAIN_ID, chain.sender_state, chain.is_on_chain)
    clock = SteppedClock(chain.head.header.timestamp)
    return Node(chain, pool, Producer(chain, pool, SEALER, clock, BlockLimits(seconds=1e9)), clock)


def furnish(directory: Path) -> SignedBanks:
    """Deploy the suite on a new chain, and open banks, accounts and the first business day."""
    return SignedBanks(NodeEvm(open_ledger_node(directory, ledger_genesis())))


def live(banks: SignedBanks) -> None:
    """Do everything that the ledger is for, and a few things that it refuses."""
    for account, token in ((ALICE, EURO), (BOB, EURO), (CAROL, EURO), (A_SETTLES, EURO), (ANN, A_EUR), (ANNA, A_EUR)):
        banks.issue(account, 100_000, token)
    banks.settle(banks.pay(ALICE, BOB, 1_000))
    banks.settle(*(banks.pay(ALICE, BOB, 10 + n) for n in range(20)), banks.pay(ALICE, BOB, 10**9))
    banks.settle(banks.pay(CAROL, ALICE, 900), banks.pay(CAROL, ALICE, 1_001))
    for mode in (BY_UETR, BY_ORDER):
        settle_run(banks, mode)
    banks.settle_interbank(banks.interbank(ANN, BEA, 2_500, A_EUR, consenting=B_SETTLES))
    banks.mandate(B_EUR, 1)
    banks.settle_interbank(banks.interbank(ANN, BEA, 1, A_EUR), banks.interbank(ANN, BEA, 10**9, A_EUR))
    banks.issue(FX_USD, 50_000, USD)
    banks.mandate(banks.record(DAN).token, 3)
    banks.settle_exchange(banks.exchange(banks.quote(), 900))
    hold_and_release(banks)
    banks.redeem(banks.pay(ALICE, EURO, 500))
    banks.change(calls.registry_set_limits(AccountId(BOB), 5_000, 50_000))
    banks.model.set_limits(BOB, 5_000, 50_000)
    assert banks.error(STRANGER, banks.ledger, calls.encode_pause()) == "MissingRole"
    banks.require_as_modelled()
    banks.evm.wait()


def settle_run(banks: SignedBanks, mode: int) -> None:
    run = banks.uetr()
    parts = []
    for debtor, creditor, count in ((ANN, ANNA, 30), (ANNA, ANN, 20)):
        lines = tuple(Line(creditor, 5 + n, uetr=banks.uetr() if mode == BY_UETR else b"") for n in range(count))
        parts.append(Part(run, debtor, A_EUR, mode, 7_000, lines))
    chunk = banks.chunk(*parts)
    banks.model.stage_run(ROLES.operator, run, A_EUR, chunk)
    banks.told(banks.stage(chunk))
    banks.model.finalise_run(ROLES.operator, run, chunk.table())
    banks.told(banks.finalise(run, chunk.table()))


def hold_and_release(banks: SignedBanks) -> None:
    hold = banks.hold(ALICE, BOB, 600, notary=ROLES.operator)
    item, uetr = banks.item(hold), banks.uetr()
    banks.model.place_holds(ROLES.operator, [item])
    banks.told(banks.operate(calls.encode_place_holds(item.packed())))
    banks.model.execute_hold(ROLES.operator, hold.uetr, uetr, 200)
    banks.told(banks.operate(calls.encode_execute_hold(uetr_from_bytes(hold.uetr), uetr_from_bytes(uetr), 200)))
    banks.model.release_hold(ROLES.operator, hold.uetr)
    banks.told(banks.operate(calls.encode_release_hold(uetr_from_bytes(hold.uetr))))
