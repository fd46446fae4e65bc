"""What the signer does: make keys, sign payment instructions, sign transactions. Record, sync, then sign.

Every digest is computed here, from what is shown; none is taken from a caller. Sources:
docs/decisions/0003-payment-instruction.md, docs/decisions/0005-signing-journals.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

from wallet.domain.errors import Forbidden, InvalidInput, NotFound, SigningConflict, Unavailable, VostroError
from wallet.domain.instructions import PaymentInstruction
from wallet.domain.words import keccak256
from wallet.keys.journal import Journal, Record, SubmissionRecord
from wallet.keys.network import Network, NetworkFile
from wallet.keys.transactions import Call, created_address, encode_signed, transaction_hash
from wallet.keys.vault import SigningKey, Vault
from wallet.keys.wire import (
    KeyInfo,
    OrderAnswer,
    Seen,
    SignedAnswer,
    SignedSubmission,
    SigningOrder,
    Submission,
    SubmissionAnswer,
)

_TREASURY: Final = "treasury:"
_ROLE: Final = "role:"
_DEPLOYER: Final = "role:deployer"


class SigningService:
    """Keys and journals together. One process, one thread; each method is one request and one transaction."""

    def __init__(
        self, vault: Vault, journal: Journal, network_file: NetworkFile, clock: Callable[[], float] = time.time
    ) -> None:
        self._vault = vault
        self._journal = journal
        self._network_file = network_file
        self._network: Network | None = None
        self._separator = b""
        self._clock = clock
        self._follow_network()
        self._finish(journal.unfinished())

    def position(self) -> Seen:
        """Return where the journal is."""
        return self._journal.position()

    def key_list(self) -> tuple[KeyInfo, ...]:
        """Return what may be known of every key."""
        return self._vault.key_list()

    def create_keys(self, wanted: Sequence[tuple[str, str]]) -> tuple[KeyInfo, ...]:
        """Return a key for each (key_id, purpose), made where it was not there before."""
        return self._vault.create(wanted, self._clock)

    def records(self, after: int, limit: int) -> list[Record]:
        """Return the journal's records after a sequence: what a caller keeps to bring an old copy up to date."""
        return self._journal.records(after, limit)

    def sign_instructions(self, orders: Sequence[SigningOrder], seen: Seen | None) -> SignedAnswer:
        """Sign each order with all of its signers, or say why it is not signed.

        An order that is refused was recorded for none of its signers that had not signed it before, and takes no
        other order with it.

        Raises
        ------
        JournalBehind
            The caller has seen more of the journal than is here; nothing was signed.
        Unavailable
            No ledger is known yet.
        """
        if self._follow_network() is None:
            raise Unavailable("there is no ledger yet to sign payments for")
        admitted: list[list[SigningKey] | VostroError] = []
        digests = [self._digest(order.instruction) for order in orders]
        with self._journal.transaction():
            self._journal.require_seen(seen)
            for order, digest in zip(orders, digests, strict=True):
                try:
                    admitted.append(self._admit(order, digest))
                except VostroError as error:
                    admitted.append(error)
        answers = zip(orders, digests, admitted, strict=True)
        return SignedAnswer(self.position(), tuple(_answer(*one) for one in answers))

    def sign_submissions(
        self, submissions: Sequence[Submission], seen: Seen | None, chain_id: int | None = None
    ) -> SubmissionAnswer:
        """Return the raw transaction of each submission, the same one whenever it is asked for: all, or none.

        Raises
        ------
        JournalBehind
            The caller, or the chain, has seen more of the journal than is here.
        SigningConflict
            A submission id stands for another transaction.
        Forbidden
            A key may not send to that address.
        """
        self._follow_network()
        with self._journal.transaction():
            self._journal.require_seen(seen)
            chain = self._require_chain(chain_id)
            records = [self._record(submission, chain) for submission in submissions]
        signed = self._finish(records)
        return SubmissionAnswer(self.position(), tuple(signed))

    def _digest(self, instruction: PaymentInstruction) -> bytes:
        return keccak256(b"\x19\x01" + self._separator + instruction.struct_hash())

    def _admit(self, order: SigningOrder, digest: bytes) -> list[SigningKey]:
        """Record the order for its signers that have not signed it; return their keys by ascending address."""
        keys = [self._require_key(address, _TREASURY) for address in sorted(order.signers)]
        uetr = order.instruction.uetr
        known = self._journal.digests(tuple(order.signers), uetr)
        if any(recorded != digest for recorded in known.values()):
            raise SigningConflict(f"the payment {uetr} is signed already, with other content", uetr=uetr)
        missing = [key.info.address for key in keys if key.info.address not in known]
        if missing and order.instruction.valid_until <= self._clock():
            raise InvalidInput("the instruction has expired", field="valid_until", reason="AB01")
        for address in missing:
            self._journal.record_instruction(address, uetr, digest)
        return keys

    def _record(self, submission: Submission, chain_id: int) -> SubmissionRecord:
        key = self._require_key(submission.submitter, _ROLE)
        self._require_target(key.info, submission.to)
        call = Call(chain_id, submission.to, submission.data, submission.gas)
        return self._journal.record_submission(
            submission.submission_id, submission.submitter, call, submission.chain_nonce
        )

    def _require_key(self, address: str, purpose: str) -> SigningKey:
        key = self._vault.find(address)
        if key is None:
            raise NotFound(f"there is no key {address} here")
        if not key.info.purpose.startswith(purpose):
            raise Forbidden(f"the key {key.info.key_id} is for {key.info.purpose}, which does not sign this")
        return key

    def _require_target(self, key: KeyInfo, to: str | None) -> None:
        """Refuse a transaction to anything but our contracts, and a creation by anybody but the deployer."""
        if to is None:
            if key.purpose != _DEPLOYER:
                raise Forbidden(f"only {_DEPLOYER} creates contracts, and {key.key_id} is for {key.purpose}")
        elif self._network is not None:
            if to not in self._network.targets:
                raise Forbidden(f"{to} is no contract of the network")
        elif to not in {created_address(one.submitter, one.nonce) for one in self._journal.creations()}:
            raise Forbidden(f"{to} is no contract that this signer has created")

    def _require_chain(self, chain_id: int | None) -> int:
        """Return the chain to sign for: the network's; before there is one, the caller's, always the same."""
        known = self._network.chain_id if self._network is not None else self._journal.chain_id()
        if known is None and chain_id is None:
            raise InvalidInput("no network is known yet: name the chain", field="chain_id")
        if known is not None and chain_id not in (None, known):
            raise InvalidInput(f"this signer signs for chain {known}, not for {chain_id}", field="chain_id")
        return known if known is not None else int(chain_id or 0)

    def _follow_network(self) -> Network | None:
        """Take up a network.json that is new or has changed; refuse one that is not the journal's."""
        network = self._network_file.read()
        if network is not None and network != self._network:
            self._journal.bind_network(network.chain_id, network.ledger)
            self._network, self._separator = network, network.domain().separator()
        return network

    def _finish(self, records: Sequence[SubmissionRecord]) -> list[SignedSubmission]:
        """Sign what is recorded and not signed yet, keep the bytes, and return all of them."""
        raws = {record.sequence: record.raw or self._raw(record) for record in records}
        unfinished = [record for record in records if not record.raw]
        if unfinished:
            with self._journal.transaction():
                for sequence in {record.sequence for record in unfinished}:
                    self._journal.fill_raw(sequence, raws[sequence])
        return [
            SignedSubmission(
                record.submission_id, record.nonce, raws[record.sequence], transaction_hash(raws[record.sequence])
            )
            for record in records
        ]

    def _raw(self, record: SubmissionRecord) -> bytes:
        key = self._require_key(record.submitter, _ROLE)
        return encode_signed(record.unsigned, key.sign(record.digest))


def _answer(order: SigningOrder, digest: bytes, admitted: list[SigningKey] | VostroError) -> OrderAnswer:
    uetr = order.instruction.uetr
    if isinstance(admitted, VostroError):
        return OrderAnswer(uetr, (), admitted)
    return OrderAnswer(uetr, tuple(_ledger_signature(key.sign(digest)) for key in admitted), None)


def _ledger_signature(signature: bytes) -> bytes:
    """Return ``r ‖ s ‖ v`` with v in {27, 28}, as the ledger wants it."""
    return signature[:64] + bytes([signature[64] + 27])
