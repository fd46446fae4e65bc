"""The ledger's storage beside the model, word by word: every account, mark, hold, mandate, quote, run and order bit."""

from __future__ import annotations

from functools import cache

from eth_hash.auto import keccak
from evm_harness import Evm
from ledger_reference import word
from model_state import Account, State, Usage, role_id

LOW_64 = 2**64 - 1


@cache
def slot_of(slot: int, *keys: int | bytes | str) -> int:
    """Where a mapping, or a mapping of mappings, keeps the value of these keys."""
    for key in keys:
        slot = int.from_bytes(keccak(word(key) + word(slot)), "big")
    return slot


class LedgerStorage:
    """Read-only, by the layout that decision 2 and ``LedgerStorage.sol`` give."""

    def __init__(self, evm: Evm, ledger: str) -> None:
        self._evm, self._ledger = evm, ledger
        self._read: dict[int, int] = {}
        self._read_at: tuple[int, int] = (0, 0)

    def at(self, slot: int) -> int:
        """One word; read once as long as nothing is sent."""
        if self._read_at != self._evm.moment:
            self._read, self._read_at = {}, self._evm.moment
        if slot not in self._read:
            self._read[slot] = self._evm.storage(self._ledger, slot)
        return self._read[slot]

    def words(self, count: int, slot: int, *keys: int | bytes | str) -> list[int]:
        first = slot_of(slot, *keys)
        return [self.at(first + offset) for offset in range(count)]

    def word(self, slot: int, *keys: int | bytes | str) -> int:
        return self.at(slot_of(slot, *keys))

    def balance(self, account: str) -> int:
        return self.word(0, account) & LOW_64

    def supply(self, token: str) -> int:
        return self.word(1, token) & LOW_64

    def mark(self, uetr: bytes) -> bytes:
        return self.word(2, uetr).to_bytes(32, "big")

    # --- beside the model ---

    def require(self, model: State, uetrs: list[bytes]) -> None:
        """All that the model keeps is what storage holds; a UETR of ``uetrs`` without a mark has none."""
        for account, expected in model.accounts.items():
            self._require_account(account, expected)
        for token, supply in model.supply.items():
            assert self.supply(token) == supply, token
        for uetr in {*uetrs, *model.marks}:
            assert self.mark(uetr) == model.marks.get(uetr, bytes(32)), uetr.hex()
        self._require_governance(model)
        self._require_holds(model)
        self._require_banks(model)
        self._require_runs(model)

    def _require_account(self, account: str, expected: Account) -> None:
        flags = len(expected.bands) | expected.has_pair_limits << 7
        usage = expected.day_limit
        assert self.words(4, 0, account) == [
            packed((expected.balance, 64), (expected.held, 64), (expected.frozen, 64), (expected.entries, 64)),
            int.from_bytes(expected.head, "big"),
            packed(
                (int(expected.token, 16), 160),
                (expected.kind, 8),
                (expected.state, 8),
                (expected.threshold, 8),
                (flags, 8),
                (expected.limit_per_payment, 64),
            ),
            packed((usage.limit, 64), (usage.used, 64), (usage.day, 32), (expected.participant, 32)),
        ], account
        bands = packed(*(pair for above, threshold in expected.bands for pair in ((above, 64), (threshold, 8))))
        limited = sum(pair.limit != 0 for pair in expected.pairs.values())
        assert self.word(7, account) == bands | limited << 216, account
        for counterparty, pair in expected.pairs.items():
            assert self.word(8, account, counterparty) == packed_usage(pair), (account, counterparty)

    def _require_governance(self, model: State) -> None:
        proposed, by = model.proposed
        assert self.at(6) == packed((model.day, 32), (model.paused, 8), (proposed, 32), (int(by, 16) if by else 0, 160))
        for role, holder in model.roles:
            assert self.word(4, role_id(role), holder) == 1, (role, holder)

    def _require_holds(self, model: State) -> None:
        for uetr, hold in model.holds.items():
            assert self.words(5, 10, uetr) == [
                packed((int(hold.debtor, 16), 160), (hold.amount, 64)),
                packed((int(hold.creditor, 16), 160), (hold.remaining, 64)),
                packed((int(hold.notary, 16), 160), (hold.expires_at, 64)),
                int.from_bytes(hold.condition, "big"),
                int.from_bytes(hold.instruction_hash, "big"),
            ], uetr.hex()

    def _require_banks(self, model: State) -> None:
        for (token, participant), mandate in model.mandates.items():
            used, day = mandate.per_day.used, mandate.per_day.day
            assert self.words(2, 12, token, participant) == [
                packed((mandate.per_payment, 64), (mandate.per_day.limit, 64), (used, 64), (day, 32)),
                mandate.valid_until,
            ], (token, participant)
        for quote, used in model.quotes.items():
            assert self.word(13, quote) == used

    def _require_runs(self, model: State) -> None:
        for run, found in model.runs.items():
            assert self.words(2, 14, run) == [
                packed((int(found.token, 16), 160), (found.state, 8), (found.chunks, 32), (found.instructions, 32)),
                packed((found.valid_until, 64), (found.gross, 64)),
            ], run.hex()
        for (run, account), position in model.positions.items():
            assert self.words(2, 15, run, account) == [
                packed((position.received, 64), (position.paid, 64), (position.count, 32)),
                int.from_bytes(position.subhead, "big"),
            ], (run.hex(), account)
        for run, chunk in model.chunks:
            assert self.word(16, run, chunk) == 1
        bits: dict[tuple[str, int], int] = {}
        for debtor, order in model.orders:
            bits[debtor, order >> 8] = bits.get((debtor, order >> 8), 0) | 1 << (order & 0xFF)
        for (debtor, index), expected in bits.items():
            assert self.word(17, debtor, index) == expected, (debtor, index)


def packed(*fields: tuple[int, int]) -> int:
    """Values of so many bits each, the first in the least significant ones."""
    found, shift = 0, 0
    for value, bits in fields:
        assert value < 1 << bits
        found |= value << shift
        shift += bits
    return found


def packed_usage(usage: Usage) -> int:
    return packed((usage.limit, 64), (usage.used, 64), (usage.day, 32))
