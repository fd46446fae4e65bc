"""An honest prover for tests: a small QBFT chain with a ledger's storage, from public libraries and the frozen pages.

It shares nothing with the verifier under test: tries by ``trie``, RLP by ``rlp``, seals by ``eth_keys``, entries and
references by ``wallet.domain``, those of later kinds by the contract tests' own reading. It is also not the product's
prover: that one is the node's.
"""

from __future__ import annotations

import copy
import json
import sys
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import rlp
from eth_hash.auto import keccak
from eth_keys import keys
from trie import HexaryTrie

from wallet.domain.entries import Entry, EntryKind, first_head, issue_reference, next_head
from wallet.domain.instructions import PaymentInstruction

sys.path.insert(0, str(Path(__file__).parents[2] / "contracts"))

import typed_reference as typed

Bundle = dict[str, Any]

MIX = bytes.fromhex("63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365")
GENESIS_TIME = 1_790_000_000
DAY_SECONDS = 86_400


def seeded(name: str, length: int = 32) -> bytes:
    """Return bytes that are always the same for this name."""
    return keccak(name.encode())[:length]


def address(name: str) -> str:
    """Return an account-shaped address that is always the same for this name."""
    return "0x" + seeded(name, 20).hex()


def validator_keys(count: int, name: str = "validator") -> list[keys.PrivateKey]:
    """Return this many validators' keys in ascending order of address."""
    made = [keys.PrivateKey(seeded(f"{name} {position}")) for position in range(count)]
    return sorted(made, key=lambda key: key.public_key.to_canonical_address())


def render(bundle: Bundle) -> bytes:
    """Return the canonical form."""
    return (json.dumps(bundle, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n").encode()


def finish(bundle: Bundle) -> bytes:
    """Return the file of a bundle, with the digest its content has now."""
    bare = {key: value for key, value in bundle.items() if key != "digest"}
    return render({**bare, "digest": "0x" + keccak(render(bare)).hex()})


def seal(fields: list[Any], extra: list[Any], sealers: list[keys.PrivateKey], round_number: int = 0) -> bytes:
    """Return the header with a commit seal of each of ``sealers``."""
    rounded = [*extra[:3], round_number.to_bytes(4, "big").lstrip(b"\0")]
    digest = keccak(rlp.encode([*fields[:12], rlp.encode([*rounded, []]), *fields[13:]]))
    seals = [key.sign_msg_hash(digest).to_bytes() for key in sealers]
    return rlp.encode([*fields[:12], rlp.encode([*rounded, seals]), *fields[13:]])


@dataclass
class Holding:
    """An account as the ledger keeps it."""

    token: str
    balance: int = 0
    held: int = 0
    frozen: int = 0
    head: bytes = b""
    entries: list[tuple[Entry, dict[str, Any]]] = field(default_factory=list)


@dataclass(frozen=True)
class Block:
    """A sealed block, and what proofs at it start from."""

    fields: list[Any]
    extra: list[Any]
    header: bytes
    state_root: bytes
    storage_root: bytes
    holdings: dict[str, Holding]


class Chain:
    """A chain of blocks over one ledger contract."""

    def __init__(
        self, validators: int = 1, *, chain_id: int = 20_261, crowd: int = 40, name: str = "validator"
    ) -> None:
        self.keys = validator_keys(validators, name)
        self.chain_id = chain_id
        self.ledger = address("ledger")
        self.holdings: dict[str, Holding] = {}
        self.tokens: dict[str, tuple[str, int]] = {}
        self.blocks: list[Block] = []
        self.crowd = crowd
        self.db: dict[bytes, bytes] = {}
        self._storage = HexaryTrie(self.db)
        self._state = HexaryTrie(self.db)
        self._counter = 0
        self._settle_crowd()

    @property
    def validators(self) -> list[str]:
        return [key.public_key.to_address() for key in self.keys]

    @property
    def now(self) -> int:
        """The time of the block that is being made."""
        return GENESIS_TIME + 2 * len(self.blocks)

    # --- the ledger ---

    def create_token(self, token: str, currency: str, exponent: int = 2) -> None:
        self.tokens[token] = (currency, exponent)

    def open_account(self, account: str, token: str) -> None:
        self.holdings[account] = Holding(token, head=first_head(self.chain_id, self.ledger, token, account))

    def issue(self, account: str, amount: int) -> None:
        uetr, document = self._uetr(), seeded(f"document {self._counter}")
        token = self.holdings[account].token
        reference = issue_reference(uetr, token, account, amount, document)
        detail = {"uetr": uetr, "document_hash": "0x" + document.hex()}
        self._post(account, EntryKind.ISSUE, reference, token, amount, detail)

    def pay(self, debtor: str, creditor: str, amount: int) -> None:
        order, detail = self._order(debtor, creditor, amount)
        self._post(debtor, EntryKind.PAYMENT, order.struct_hash(), creditor, -amount, detail)
        self._post(creditor, EntryKind.PAYMENT, order.struct_hash(), debtor, amount, detail)

    def redeem(self, debtor: str, amount: int) -> None:
        token = self.holdings[debtor].token
        order, detail = self._order(debtor, token, amount)
        self._post(debtor, EntryKind.REDEEM, order.struct_hash(), token, -amount, detail)

    def force(self, debtor: str, creditor: str, amount: int) -> None:
        uetr, order = self._uetr(), seeded(f"order {self._counter}")
        token = self.holdings[debtor].token
        reference = typed.forced_reference(uetr_raw(uetr), debtor, creditor, token, amount, order)
        self._move(
            EntryKind.FORCED, reference, debtor, creditor, amount, {"uetr": uetr, "order_reference": hexed(order)}
        )

    def hold_part(self, debtor: str, creditor: str, amount: int, held: int) -> None:
        """Pay a part of a hold."""
        order, fields = self._order(debtor, creditor, held)
        made = typed.HoldOrder(*typed_fields(order), self.now + 50, address("notary"), seeded("condition"))
        uetr = self._uetr()
        reference = typed.hold_reference(uetr_raw(uetr), made.struct_hash(), amount)
        more = {"expires_at": str(made.expires_at), "notary": made.notary, "condition": hexed(made.condition)}
        self._move(EntryKind.HOLD, reference, debtor, creditor, amount, {"uetr": uetr, "hold": fields | more})

    def interbank(self, debtor: str, payer: str, payee: str, creditor: str, amount: int) -> None:
        """Pay over one or two settlement accounts; ``payer`` may be the debtor, ``payee`` the creditor."""
        order, fields = self._order(debtor, creditor, amount)
        detail = fields | {"token": order.token}
        self._route(EntryKind.INTERBANK, order.struct_hash(), (debtor, payer, payee, creditor), amount, detail)

    def exchange(self, sold: tuple[str, str, str, str], bought: tuple[str, str, str, str], amount: int) -> None:
        """Pay across two currencies, each leg over its accounts from end to end."""
        order, fields = self._order(sold[0], bought[3], amount)
        token, quote_id = self.holdings[bought[3]].token, seeded("quote", 16)
        terms = (quote_id, token, 5, 300, seeded("document"))
        made = typed.ExchangeOrder(*typed_fields(order), *terms)
        quote = typed.Quote(quote_id, sold[3], bought[0], order.token, token, 108, 100, 20, self.now + 9, 10 * amount)
        given = (amount - 20) * 108 // 100
        reference = typed.exchange_reference(made.struct_hash(), quote.struct_hash(), given)
        detail = {
            "instruction": fields
            | {
                "token": order.token,
                "quote_id": hexed(quote_id),
                "creditor_token": token,
                "min_creditor_amount": "5",
                "max_charges": "300",
                "document_hash": hexed(made.document_hash),
            },
            "quote": {
                "sell_account": quote.sell_account,
                "buy_account": quote.buy_account,
                "rate_numerator": "108",
                "rate_denominator": "100",
                "charges": "20",
                "expires": str(quote.expires),
                "max_amount": str(quote.max_amount),
            },
            "creditor_amount": str(given),
        }
        self._route(EntryKind.EXCHANGE, reference, sold, amount, detail)
        self._route(EntryKind.EXCHANGE, reference, bought, given, detail)

    def net(self, lines: list[tuple[str, str, int]]) -> None:
        """Book a run over these (debtor, creditor, amount): the odd ones by UETR, the even ones by order number."""
        run = seeded(f"run {self._counter}", 16)
        shown: dict[str, list[dict[str, Any]]] = {}
        subheads: dict[str, bytes] = {}
        nets: dict[str, int] = {}
        for number, (debtor, creditor, amount) in enumerate(lines):
            line_id = uetr_raw(self._uetr()) if number % 2 else number.to_bytes(16, "big")
            line = typed.Line(creditor, amount, seeded(f"line {number}"))
            detail = {
                "debtor": debtor,
                "id": hexed(line_id),
                "creditor": creditor,
                "amount": str(amount),
                "remittance_hash": hexed(line.remittance_hash),
            }
            for account, signed in ((debtor, -amount), (creditor, amount)):
                shown.setdefault(account, []).append(detail)
                subheads[account] = typed.next_subhead(subheads.get(account, bytes(32)), debtor, line_id, line)
                nets[account] = nets.get(account, 0) + signed
        for account in sorted(nets):
            reference = typed.net_reference(run, len(shown[account]), subheads[account])
            detail = {"run": hexed(run), "lines": copy.deepcopy(shown[account])}
            self._post(account, EntryKind.NET, reference, "0x" + "00" * 20, nets[account], detail)

    def _move(
        self, kind: EntryKind, reference: bytes, debtor: str, creditor: str, amount: int, detail: dict[str, Any]
    ) -> None:
        self._post(debtor, kind, reference, creditor, -amount, detail)
        self._post(creditor, kind, reference, debtor, amount, detail)

    def _route(
        self,
        kind: EntryKind,
        reference: bytes,
        accounts: tuple[str, str, str, str],
        amount: int,
        detail: dict[str, Any],
    ) -> None:
        """Book a route as the ledger does: each end knows the other end, the two in the middle each other."""
        debtor, payer, payee, creditor = accounts
        if debtor != payer:
            self._post(debtor, kind, reference, creditor, -amount, detail)
        self._post(payer, kind, reference, creditor if debtor == payer else payee, -amount, detail)
        self._post(payee, kind, reference, debtor if creditor == payee else payer, amount, detail)
        if creditor != payee:
            self._post(creditor, kind, reference, debtor, amount, detail)

    def _uetr(self) -> str:
        self._counter += 1
        return str(uuid.UUID(bytes=seeded(f"uetr {self._counter}", 16), version=4))

    def _order(self, debtor: str, creditor: str, amount: int) -> tuple[PaymentInstruction, dict[str, Any]]:
        order = PaymentInstruction(
            self._uetr(),  # type: ignore[arg-type]
            debtor,  # type: ignore[arg-type]
            creditor,  # type: ignore[arg-type]
            self.holdings[debtor].token,
            amount,
            self.now - 30,
            self.now + 600,
            self._counter % 256,
            seeded(f"remittance {self._counter}"),
        )
        return order, {
            "uetr": order.uetr,
            "debtor": order.debtor,
            "creditor": order.creditor,
            "amount": str(order.amount_minor),
            "valid_after": str(order.valid_after),
            "valid_until": str(order.valid_until),
            "priority": order.priority,
            "remittance_hash": "0x" + order.remittance_hash.hex(),
        }

    def _post(
        self, account: str, kind: EntryKind, reference: bytes, counterparty: str, amount: int, detail: dict[str, Any]
    ) -> None:
        holding = self.holdings[account]
        holding.balance += amount
        assert holding.balance >= 0
        entry = Entry(
            seq=len(holding.entries) + 1,
            kind=kind,
            reference=reference,
            counterparty=counterparty,
            amount_minor=amount,
            balance_after=holding.balance,
            timestamp=self.now,
            business_day=self.now // DAY_SECONDS,
        )
        holding.head = next_head(holding.head, entry)
        holding.entries.append((entry, detail))

    # --- blocks ---

    def seal_block(self, sealers: list[keys.PrivateKey] | None = None, round_number: int = 0) -> int:
        """Write state, seal the next block, by all validators unless told otherwise, and return its height."""
        self._write_state()
        number = len(self.blocks)
        extra = [seeded("vanity"), [bytes.fromhex(one[2:]) for one in self.validators], []]
        fields: list[Any] = [
            seeded(f"parent {number}"),
            keccak(b"\xc0"),
            extra[1][0],
            self._state.root_hash,
            seeded("transactions"),
            seeded("receipts"),
            bytes(256),
            1,
            number,
            0x1FFFFFFFFFFFFF,
            21_000,
            self.now,
            b"",
            MIX,
            bytes(8),
            0,
        ]
        header = seal(fields, extra, self.keys if sealers is None else sealers, round_number)
        held = {name: copy.copy(one) for name, one in self.holdings.items()}
        self.blocks.append(Block(fields, extra, header, self._state.root_hash, self._storage.root_hash, held))
        return number

    def _settle_crowd(self) -> None:
        """Fill both tries with strangers, so that proofs have branches."""
        for position in range(self.crowd):
            self._storage[keccak(seeded(f"slot {position}"))] = rlp.encode(seeded(f"word {position}"))
            account = [position, 0, keccak(b"\x80"), keccak(b"")]
            self._state[keccak(seeded(f"person {position}", 20))] = rlp.encode(account)

    def _write_state(self) -> None:
        for account, holding in self.holdings.items():
            numbers = holding.balance | holding.held << 64 | holding.frozen << 128 | len(holding.entries) << 192
            policy = int(holding.token, 16) | 1 << 160 | 1 << 168 | 1 << 176
            words = (numbers, int.from_bytes(holding.head, "big"), policy)
            for offset, word in enumerate(words):
                self._write(slot_key(account, 0, offset), word)
        for token, (currency, exponent) in self.tokens.items():
            supply = sum(one.balance for one in self.holdings.values() if one.token == token)
            code = int.from_bytes(currency.encode(), "big")
            self._write(slot_key(token, 1), supply | 7 << 64 | 1 << 96 | exponent << 104 | code << 112)
        ledger = [1, 0, self._storage.root_hash, keccak(b"the ledger's code")]
        self._state[keccak(bytes.fromhex(self.ledger[2:]))] = rlp.encode(ledger)

    def _write(self, slot: bytes, word: int) -> None:
        if word:
            self._storage[keccak(slot)] = rlp.encode(word)

    # --- proofs ---

    def proof(self, root: bytes, key: bytes) -> list[str]:
        """Return the nodes from the root to ``key``, as ``eth_getProof`` lists them."""
        nodes = [rlp.encode(node) for node in HexaryTrie(self.db, root).get_proof(keccak(key))]
        return ["0x" + node.hex() for at, node in enumerate(nodes) if at == 0 or len(node) >= 32]

    def point(self, account: str, token: str, height: int) -> dict[str, Any]:
        block = self.blocks[height]
        holding = block.holdings.get(account, Holding(token, head=bytes(32)))
        entries = [entry for entry, _ in holding.entries if entry.timestamp <= block.fields[11]]
        return {
            "header": "0x" + block.header.hex(),
            "account_proof": self.proof(block.state_root, bytes.fromhex(self.ledger[2:])),
            "storage_root": "0x" + block.storage_root.hex(),
            "record_proof": self.proof(block.storage_root, slot_key(account, 0)),
            "head_proof": self.proof(block.storage_root, slot_key(account, 0, 1)),
            "policy_proof": self.proof(block.storage_root, slot_key(account, 0, 2)),
            "token_proof": self.proof(block.storage_root, slot_key(token, 1)),
            "balance": str(holding.balance),
            "held": str(holding.held),
            "frozen": str(holding.frozen),
            "entries": str(len(entries)),
            "head": "0x" + holding.head.hex(),
        }

    def statement(self, account: str, opening: int, closing: int) -> Bundle:
        """Return the honest bundle of an account between two heights, with its digest."""
        holding = self.holdings[account]
        currency, exponent = self.tokens[holding.token]
        first, last = (self.blocks[height].fields[11] for height in (opening, closing))
        shown = [shown_entry(entry, detail) for entry, detail in holding.entries if first < entry.timestamp <= last]
        bundle: Bundle = {
            "format": "vostro-statement",
            "version": 2 if any(entry["kind"] > 3 for entry in shown) else 1,
            "chain_id": str(self.chain_id),
            "ledger": self.ledger,
            "account": account,
            "token": holding.token,
            "currency": currency,
            "exponent": exponent,
            "opening": self.point(account, holding.token, opening),
            "closing": self.point(account, holding.token, closing),
            "entries": shown,
            "witnesses": [],
        }
        finished: Bundle = json.loads(finish(bundle))
        return finished


def shown_entry(entry: Entry, detail: dict[str, Any]) -> dict[str, Any]:
    """Return an entry as the bundle shows it."""
    return {
        "seq": str(entry.seq),
        "kind": int(entry.kind),
        "reference": "0x" + entry.reference.hex(),
        "counterparty": entry.counterparty,
        "amount": str(entry.amount_minor),
        "balance_after": str(entry.balance_after),
        "timestamp": str(entry.timestamp),
        "business_day": entry.business_day,
        "detail": copy.deepcopy(detail),
    }


def hexed(raw: bytes) -> str:
    return "0x" + raw.hex()


def uetr_raw(uetr: str) -> bytes:
    return uuid.UUID(uetr).bytes


def typed_fields(order: PaymentInstruction) -> tuple[Any, ...]:
    """Return an instruction's nine fields as the contract tests' reading takes them."""
    parties = order.debtor, order.creditor, order.token
    rest = order.amount_minor, order.valid_after, order.valid_until, order.priority, order.remittance_hash
    return uetr_raw(order.uetr), *parties, *rest


def slot_key(key: str, slot: int, offset: int = 0) -> bytes:
    """Return the storage key of a word in a mapping from addresses."""
    base = int.from_bytes(keccak(bytes.fromhex(key[2:]).rjust(32, b"\0") + slot.to_bytes(32, "big")), "big")
    return ((base + offset) % 2**256).to_bytes(32, "big")


# --- one story, told for 1, 4 or 7 validators ---

EUR, USD = address("token EUR"), address("token USD")
ALPHA, BETA, GAMMA = address("alpha"), address("beta"), address("gamma")


def story(validators: int = 1, *, payments: int = 3, **options: Any) -> Chain:
    """Return a chain on which ALPHA is issued money, pays BETA, is paid back and redeems.

    Heights: 0 genesis, 1 ledger and tokens, 2 accounts, 3 issue, 4 … payments, then a redemption, then an idle block.
    """
    chain = Chain(validators, **options)
    chain.seal_block(sealers=[])
    chain.create_token(EUR, "EUR")
    chain.create_token(USD, "USD")
    chain.seal_block()
    for account, token in ((ALPHA, EUR), (BETA, EUR), (GAMMA, USD)):
        chain.open_account(account, token)
    chain.seal_block()
    chain.issue(ALPHA, 1_000_000)
    chain.issue(GAMMA, 500)
    chain.seal_block()
    for position in range(payments):
        chain.pay(ALPHA, BETA, 12_345 + position)
        chain.pay(BETA, ALPHA, 45 + position)
        chain.seal_block(round_number=position % 2)
    chain.redeem(ALPHA, 20_000)
    chain.holdings[ALPHA].held = 77
    chain.holdings[ALPHA].frozen = 5
    chain.seal_block()
    chain.seal_block()
    return chain


# --- a second story, with every kind of entry ---

X_EUR, Y_EUR = address("token of X"), address("token of Y")
X_SETTLES, Y_SETTLES, XAVER, YVES = (address(name) for name in ("settlement of X", "settlement of Y", "xaver", "yves"))
SELL, BUY = address("sell"), address("buy")
CAST = (ALPHA, BETA, GAMMA, X_SETTLES, Y_SETTLES, XAVER, YVES, SELL, BUY)


def story_2(validators: int = 1, **options: Any) -> Chain:
    """Return a chain on which money moves in all eight ways.

    Heights: 0 genesis, 1 the ledger with its accounts, 2 issues, 3 a payment, then from 4 on one block each: a forced
    transfer, a part of a hold, two interbank payments, two cross-currency payments, a netting run; an idle block.
    """
    chain = Chain(validators, **options)
    chain.seal_block(sealers=[])
    for token, currency in ((EUR, "EUR"), (USD, "USD"), (X_EUR, "EUR"), (Y_EUR, "EUR")):
        chain.create_token(token, currency)
    for account, token in zip(CAST, (EUR, EUR, USD, EUR, EUR, X_EUR, Y_EUR, EUR, USD), strict=True):
        chain.open_account(account, token)
    chain.seal_block()
    for account in (ALPHA, BETA, X_SETTLES, XAVER, BUY):
        chain.issue(account, 1_000_000)
    chain.seal_block()
    chain.pay(ALPHA, BETA, 500)
    chain.seal_block()
    chain.force(ALPHA, BETA, 700)
    chain.seal_block()
    chain.hold_part(ALPHA, BETA, 30, 100)
    chain.seal_block()
    chain.interbank(XAVER, X_SETTLES, Y_SETTLES, YVES, 4_000)
    chain.interbank(ALPHA, ALPHA, Y_SETTLES, YVES, 250)
    chain.seal_block()
    chain.exchange((ALPHA, ALPHA, SELL, SELL), (BUY, BUY, GAMMA, GAMMA), 6_000)
    chain.exchange((XAVER, X_SETTLES, SELL, SELL), (BUY, BUY, GAMMA, GAMMA), 1_000)
    chain.seal_block()
    chain.net([(ALPHA, BETA, 10), (BETA, ALPHA, 25), (ALPHA, SELL, 4), (SELL, ALPHA, 4), (ALPHA, BETA, 10)])
    chain.seal_block()
    chain.seal_block()
    return chain
