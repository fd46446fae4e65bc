"""What is behind an entry of a netting run: every single payment that was netted, so that none can be left out.

Source: docs/decisions/0011-netting-run.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from wallet.proofs.crypto import keccak256
from wallet.proofs.entries import Entry, require_move
from wallet.proofs.facts import Disproved
from wallet.proofs.words import short, word

_NET_TAG: Final = keccak256(b"vostro.net.1")
_NOBODY: Final = bytes(20)


@dataclass(frozen=True, slots=True)
class Line:
    """One payment within a run."""

    debtor: bytes
    id: bytes
    """16 bytes: a UETR, or the number of the debtor's order."""
    creditor: bytes
    amount: int
    remittance_hash: bytes


@dataclass(frozen=True, slots=True)
class Netting:
    """A run, and all its lines in which the account takes part, in the run's order."""

    run: bytes
    lines: tuple[Line, ...]

    @property
    def spent(self) -> bytes:
        """The run's id: a finalised run's is never used again."""
        return self.run

    def require(self, entry: Entry, account: bytes, token: bytes) -> None:
        """Raise Disproved unless every line is the account's, and they add up to the entry."""
        net = 0
        for position, line in enumerate(self.lines):
            if (line.debtor == account) == (line.creditor == account):
                raise Disproved(f"entry {entry.seq}: line {position} is not between this account and another")
            net += line.amount if line.creditor == account else -line.amount
        require_move(entry, net, _NOBODY, f"{len(self.lines)} lines")

    def reference(self, entry: Entry, account: bytes, token: bytes) -> bytes:
        """Return the hash over the run, the number of lines, and the running hash over them."""
        return keccak256(_NET_TAG + short(self.run) + word(len(self.lines)) + self._subhead())

    def _subhead(self) -> bytes:
        subhead = bytes(32)
        for line in self.lines:
            subhead = keccak256(
                subhead + line.debtor + line.id + line.creditor + line.amount.to_bytes(8, "big") + line.remittance_hash
            )
        return subhead
