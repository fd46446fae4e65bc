"""Netting runs: one debtor's part of a run, what its signers sign, and how parts are packed into chunks.

Source: docs/decisions/0011-netting-run.md; EIP-712.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from wallet.domain.errors import InvalidInput
from wallet.domain.identifiers import ORDER_UETR_PREFIX, AccountId, Uetr, uetr_bytes, uuid4_from_bytes
from wallet.domain.instructions import LedgerDomain, pack_signatures
from wallet.domain.money import MAX_MINOR, require_amount
from wallet.domain.words import address_word, keccak256, packed_address, packed_uint64, short_word, uint_word

_PART_TYPE_HASH: Final = keccak256(
    b"NetPart(bytes16 run,address debtor,address token,uint8 mode,uint64 sequence,uint64 validUntil,"
    b"uint32 count,uint64 gross,bytes32 lines)"
)
_ORDER_TAG: Final = keccak256(b"vostro.order.1")
_NET_TAG: Final = keccak256(b"vostro.net.1")
FIRST_SUBHEAD: Final = bytes(32)
"""The running hash over no lines."""


class LineMode(IntEnum):
    """How a part's lines are named and spent."""

    UETR = 0
    """Each by a UETR of its own."""
    ORDER = 1
    """By consecutive order numbers of the debtor: one bit each on the ledger."""


@dataclass(frozen=True, slots=True)
class NetLine:
    """One payment within a part."""

    creditor: AccountId
    amount_minor: int
    """In minor units, 1 … 2**63 - 1."""
    remittance_hash: bytes
    """32 bytes."""
    uetr: Uetr | None = None
    """None in a part by order number, whose UETRs follow from the numbers (`order_uetr`)."""

    def packed(self) -> bytes:
        """Return the line's 76 bytes, or 60 without a UETR."""
        name = b"" if self.uetr is None else uetr_bytes(self.uetr)
        return name + packed_address(self.creditor) + packed_uint64(self.amount_minor) + self.remittance_hash


@dataclass(frozen=True, slots=True)
class NetPart:
    """All that one debtor pays in one chunk of a run; signed as a whole."""

    run: bytes
    """16 bytes, made by whoever runs it."""
    debtor: AccountId
    token: str
    mode: LineMode
    sequence: int
    """Number of the first order; without meaning in a part by UETR."""
    valid_until: int
    """Unix seconds, the last one in which the run can be finalised."""
    lines: tuple[NetLine, ...]

    @property
    def gross_minor(self) -> int:
        """Return the sum of all lines, in minor units: what the debtor's threshold and day limit are compared with."""
        return sum(line.amount_minor for line in self.lines)

    def require_well_formed(self) -> None:
        """Raise InvalidInput when a value does not fit its field, or a line is not of the part's mode."""
        if len(self.run) != 16 or not any(self.run):
            raise InvalidInput("a run is named by 16 bytes, not all zero", field="run")
        if not self.lines or not 0 <= self.sequence <= 2**64 - 1 - len(self.lines):
            raise InvalidInput("a part has at least one line, and numbers that fit 64 bits", field="lines")
        if not 0 <= self.valid_until < 2**63:
            raise InvalidInput(f"{self.valid_until} is no end of validity", field="valid_until", reason="DT01")
        for line in self.lines:
            require_amount(line.amount_minor)
            if line.creditor == self.debtor or len(line.remittance_hash) != 32:
                raise InvalidInput("a line pays another account, with a remittance hash of 32 bytes", field="lines")
            if (line.uetr is None) != (self.mode is LineMode.ORDER):
                raise InvalidInput("a line has a UETR, unless the part goes by order numbers", field="uetr")
        if self.gross_minor > MAX_MINOR:
            raise InvalidInput(f"the part's sum {self.gross_minor} is too large", field="lines", reason="AM02")

    def packed_lines(self) -> bytes:
        """Return all lines, one after another."""
        return b"".join(line.packed() for line in self.lines)

    def struct_hash(self) -> bytes:
        """Return the EIP-712 struct hash: in a part by UETR the mark of each line's UETR."""
        return keccak256(
            _PART_TYPE_HASH
            + short_word(self.run)
            + address_word(self.debtor)
            + address_word(self.token)
            + uint_word(self.mode)
            + uint_word(self.sequence)
            + uint_word(self.valid_until)
            + uint_word(len(self.lines))
            + uint_word(self.gross_minor)
            + keccak256(self.packed_lines())
        )

    def digest(self, domain: LedgerDomain) -> bytes:
        """Return the 32 bytes that the debtor's signers sign."""
        return domain.digest(self.struct_hash())

    def line_id(self, position: int) -> bytes:
        """Return the 16 bytes by which the subheads know a line: its UETR, or its order number."""
        uetr = self.lines[position].uetr
        return (self.sequence + position).to_bytes(16, "big") if uetr is None else uetr_bytes(uetr)


@dataclass(frozen=True, slots=True)
class SignedPart:
    """A part with its signatures, in ascending order of signer address."""

    part: NetPart
    signatures: Sequence[bytes]


def chunk_accounts(parts: Sequence[SignedPart]) -> list[AccountId]:
    """Return the accounts that a chunk of these parts touches, ascending: its table."""
    found = {account for one in parts for account in (one.part.debtor, *(line.creditor for line in one.part.lines))}
    return sorted(found)


def pack_chunk(parts: Sequence[SignedPart]) -> bytes:
    """Return the chunk that these parts make, in the order given.

    Raises
    ------
    InvalidInput
        The parts are of several runs or tokens, there are none, or they touch more accounts than a table holds.
    """
    table = chunk_accounts(parts)
    if len({(one.part.run, one.part.token) for one in parts}) != 1 or len(table) >= 2**16:
        raise InvalidInput("a chunk holds parts of one run and one token, of at most 65,535 accounts", field="parts")
    index = {account: position.to_bytes(2, "big") for position, account in enumerate(table)}
    head = len(table).to_bytes(2, "big") + b"".join(packed_address(account) for account in table)
    return head + b"".join(_pack_part(one, index) for one in parts)


def _pack_part(signed: SignedPart, index: dict[AccountId, bytes]) -> bytes:
    part = signed.part
    return b"".join(
        (
            index[part.debtor],
            bytes([part.mode]),
            packed_uint64(part.sequence),
            packed_uint64(part.valid_until),
            len(part.lines).to_bytes(4, "big"),
            part.packed_lines(),
            *(index[line.creditor] for line in part.lines),
            pack_signatures(signed.signatures),
        )
    )


def next_subhead(subhead: bytes, debtor: AccountId, line_id: bytes, line: NetLine) -> bytes:
    """Return an account's running hash over the lines of a run in which it takes part, after one more of them."""
    return keccak256(
        subhead
        + packed_address(debtor)
        + line_id
        + packed_address(line.creditor)
        + packed_uint64(line.amount_minor)
        + line.remittance_hash
    )


def net_reference(run: bytes, count: int, subhead: bytes) -> bytes:
    """Return the reference of the NET entry that a run books for an account with ``count`` lines in it."""
    return keccak256(_NET_TAG + short_word(run) + uint_word(count) + subhead)


def order_uetr(domain: LedgerDomain, debtor: AccountId, order: int) -> Uetr:
    """Return the UETR that an order number of a debtor stands for, on one ledger only."""
    digest = keccak256(
        _ORDER_TAG + uint_word(domain.chain_id) + address_word(domain.ledger) + address_word(debtor) + uint_word(order)
    )
    return uuid4_from_bytes(bytes.fromhex(ORDER_UETR_PREFIX) + digest[:12])
