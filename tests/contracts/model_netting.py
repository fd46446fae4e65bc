"""Netting runs in the plain model: decision 11."""

from __future__ import annotations

from eth_hash.auto import keccak
from ledger_reference import MAX, Signature
from model_checks import check_states, is_authorised
from model_state import ABORTING, FINALISED, OPEN, STAGED, Account, Position, Reverts, RunRecord, State, whole
from typed_reference import BY_ORDER, NONE, Chunk, Part, net_reference, next_subhead

TOO_MUCH = (6, MAX, 2**64 - 1)


class Netting(State):
    """Staged in chunks, booked at once, or taken back without a trace."""

    @whole
    def stage_run(self, sender: str, run: bytes, token: str, chunk: Chunk) -> None:
        self.require_role("OPERATOR", sender)
        self.require_movable()
        found = self._open_run(run, token)
        name = (run, keccak(chunk.packed()))
        if name in self.chunks:
            raise Reverts("ChunkStaged", *name)
        self.chunks.add(name)
        at = 2 + 20 * len(chunk.table())
        for part, signatures in chunk.parts:
            require_sound(part, at)
            self._accept(run, token, part, signatures)
            at += len(part.packed(chunk.table(), signatures))
            found.gross += part.gross
            found.instructions += len(part.lines)
            found.valid_until = min(found.valid_until, part.valid_until)
        if found.gross > MAX:
            raise Reverts("NotSettleable", run, NONE, *TOO_MUCH)
        for account in chunk.table():
            known = self.accounts.get(account)
            if known is None:
                raise Reverts("UnknownAccount", account)
            if known.token != token:
                raise Reverts("TokenMismatch", account, known.token, token)
        found.chunks += 1

    @whole
    def finalise_run(self, sender: str, run: bytes, accounts: list[str]) -> None:
        self.require_role("OPERATOR", sender)
        self.require_movable()
        found = self._require_run(run, STAGED)
        if self.now() > found.valid_until:
            raise Reverts("NotSettleable", run, NONE, 5, found.valid_until, self.now())
        last = 0
        sides = 0
        for account in accounts:
            if int(account, 16) <= last:
                raise Reverts("AccountsNotAscending", account)
            last = int(account, 16)
            sides += self._book_position(run, account)
        if sides != 2 * found.instructions:
            raise Reverts("RunIncomplete", run, sides, 2 * found.instructions)
        found.state = FINALISED

    @whole
    def abort_run(self, sender: str, run: bytes, chunk: Chunk) -> None:
        found = self._require_run(run, STAGED, ABORTING)
        if self.now() <= found.valid_until:
            self.require_role("OPERATOR", sender)
        name = (run, keccak(chunk.packed()))
        if name not in self.chunks:
            raise Reverts("UnknownChunk", *name)
        self.chunks.remove(name)
        for part, _ in chunk.parts:
            for offset, line in enumerate(part.lines):
                if part.mode == BY_ORDER:
                    self.orders.remove((part.debtor, part.sequence + offset))
                else:
                    del self.marks[line.uetr]
        for account in chunk.table():
            self.positions.pop((run, account), None)
        found.state = ABORTING
        found.chunks -= 1
        if not found.chunks:
            del self.runs[run]

    def _open_run(self, run: bytes, token: str) -> RunRecord:
        if run not in self.runs:
            if not any(run):
                raise Reverts("ZeroId")
            if token not in self.tokens:
                raise Reverts("UnknownToken", token)
            self.runs[run] = RunRecord(token, STAGED, 2**64 - 1)
        found = self._require_run(run, STAGED)
        if found.token != token:
            raise Reverts("RunTokenMismatch", run, found.token, token)
        return found

    def _require_run(self, run: bytes, *states: int) -> RunRecord:
        state = self.runs[run].state if run in self.runs else 0
        if state not in states:
            raise Reverts("RunNotStaged", run, state)
        return self.runs[run]

    def _accept(self, run: bytes, token: str, part: Part, signatures: tuple[Signature, ...]) -> None:
        def refuse(code: int, limit: int = 0, needed: int = 0) -> Reverts:
            return Reverts("NotSettleable", run, part.debtor, code, limit, needed)

        debtor = self.accounts.get(part.debtor)
        if debtor is None:
            raise refuse(2)
        if debtor.token != token:
            raise refuse(7)
        if part.gross > MAX:
            raise refuse(*TOO_MUCH)
        if not is_authorised(self, part.debtor, part.gross, part.struct_hash(), signatures):
            raise refuse(3)
        if self.now() > part.valid_until:
            raise refuse(5, part.valid_until, self.now())
        if debtor.has_pair_limits:
            raise refuse(16)
        largest = max(line.amount for line in part.lines)
        if debtor.limit_per_payment and largest > debtor.limit_per_payment:
            raise refuse(13, debtor.limit_per_payment, largest)
        self._spend_part(part)
        self._fold(run, part)

    def _spend_part(self, part: Part) -> None:
        numbers = range(part.sequence, part.sequence + len(part.lines))
        if part.mode == BY_ORDER:
            used = [number for number in numbers if (part.debtor, number) in self.orders]
            if used:
                raise Reverts("OrderUsed", part.debtor, used[0])
            self.orders |= {(part.debtor, number) for number in numbers}
        else:
            for line in part.lines:
                self.spend(line.uetr, part.struct_hash())

    def _fold(self, run: bytes, part: Part) -> None:
        for name, line in zip(part.ids(), part.lines, strict=True):
            payer = self.positions.setdefault((run, part.debtor), Position())
            payee = self.positions.setdefault((run, line.creditor), Position())
            payer.paid += line.amount
            payee.received += line.amount
            for position in (payer, payee):
                position.count += 1
                position.subhead = next_subhead(position.subhead, part.debtor, name, line)

    def _book_position(self, run: bytes, account: str) -> int:
        position = self.positions.pop((run, account), None)
        if position is None:
            raise Reverts("NotInRun", run, account)
        found = self.accounts[account]
        self._require_passable(run, account, found, position)
        if position.paid:
            found.day_limit.charge(position.paid, self.day)
        reference = net_reference(run, position.count, position.subhead)
        self.book(account, 4, reference, NONE, position.received - position.paid)
        return position.count

    def _require_passable(self, run: bytes, account: str, found: Account, position: Position) -> None:
        def refuse(code: int, limit: int = 0, needed: int = 0) -> Reverts:
            return Reverts("NotSettleable", run, account, code, limit, needed)

        if position.paid and found.has_pair_limits:
            raise refuse(16)
        refusal = check_states(found.state if position.paid else OPEN, found.state if position.received else OPEN)
        if refusal:
            raise refuse(refusal.code)
        covered = found.balance + position.received - found.held - found.frozen
        if position.paid and position.paid > covered:
            raise refuse(15, max(0, covered), position.paid)
        if position.paid and found.day_limit.is_passed_by(position.paid, self.day):
            raise refuse(14, found.day_limit.limit, found.day_limit.so_far(self.day) + position.paid)


def require_sound(part: Part, at: int) -> None:
    """A line of nothing, of too much, or to the debtor itself: the sender's mistake."""
    if any(not 1 <= line.amount <= MAX or line.creditor == part.debtor for line in part.lines):
        raise Reverts("MalformedChunk", at)
