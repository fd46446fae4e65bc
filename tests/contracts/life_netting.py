"""Rules: netting runs are staged in chunks, finalised, or taken back."""

from __future__ import annotations

from dataclasses import dataclass, replace

from banks_world import A_SETTLES, B_SETTLES
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from ledger_reference import uuid_4
from ledger_world import ALICE, BOB, CAROL, DAN, EURO, NOBODY, ROLES, STRANGER
from life import EDGES, FAULTS, LifeBase, mostly
from typed_reference import BY_ORDER, BY_UETR, FAR, Chunk, Line, Part

from wallet.domain.identifiers import AccountId
from wallet.ledger import calls

NETTED = (ALICE, BOB, CAROL, A_SETTLES, B_SETTLES)
FAILS = ("order used", "uetr used", "reserved", "late", "token", "debtor", "creditor", "amount", "pays itself", "alien")


@dataclass
class OpenRun:
    name: bytes
    chunks: list[Chunk]


class NettingLife(LifeBase):
    """Two runs at most are open at a time."""

    def begin_netting(self) -> None:
        self.open_runs: list[OpenRun] = []
        self.closed_runs: list[OpenRun] = []
        self.next_order = {account: 250 for account in (*NETTED, DAN, NOBODY)}

    def draw_run(self, data: st.DataObject) -> OpenRun:
        if self.open_runs and (len(self.open_runs) == 2 or data.draw(mostly(True, False, weight=3), "go on")):
            return data.draw(st.sampled_from(self.open_runs), "run")
        return OpenRun(uuid_4(self.world.uetr()), [])

    def draw_part(self, data: st.DataObject, run: bytes) -> Part:
        debtor = data.draw(st.sampled_from(NETTED), "debtor")
        others = [one for one in NETTED if one != debtor]
        wrong = data.draw(mostly("none", *FAILS, weight=20), "wrong")
        mode = data.draw(st.sampled_from([BY_UETR, BY_ORDER]), "mode")
        lines = tuple(
            Line(data.draw(st.sampled_from(others), "creditor"), self.draw_amount(data), uetr=self.world.uetr())
            for _ in range(data.draw(st.integers(1, 3), "lines"))
        )
        part = Part(run, debtor, EURO, mode, self.next_order[debtor], lines, self.draw_end(data))
        self.next_order[debtor] += len(lines)
        return self._spoilt(data, part, wrong)

    def draw_end(self, data: st.DataObject) -> int:
        now = self.world.evm.timestamp
        return int(data.draw(st.sampled_from([now, now + 30, now + 200_000, FAR, FAR, FAR, FAR]), "valid until"))

    def _spoilt(self, data: st.DataObject, part: Part, wrong: str) -> Part:
        first, *rest = part.lines
        if wrong == "order used":
            return replace(part, sequence=max(0, part.sequence - len(part.lines) - 1), mode=BY_ORDER)
        if wrong == "uetr used" and self.uetrs:
            first = replace(first, uetr=data.draw(st.sampled_from(self.uetrs), "used"))
            part = replace(part, mode=BY_UETR)
        elif wrong == "reserved":
            first = replace(first, uetr=b"VNET" + first.uetr[4:])
            part = replace(part, mode=BY_UETR)
        elif wrong == "amount":
            first = replace(first, amount=min(data.draw(EDGES, "edge"), 2**64 - 1))
        elif wrong == "pays itself":
            first = replace(first, creditor=part.debtor)
        elif wrong == "creditor":
            first = replace(first, creditor=NOBODY)
        elif wrong == "alien":
            first = replace(first, creditor=DAN)
        changed = {"late": {"valid_until": self.world.evm.timestamp - 1}, "debtor": {"debtor": NOBODY}}
        changed["token"] = {"debtor": DAN}
        return replace(part, lines=(first, *rest), **changed.get(wrong, {}))

    @rule(data=st.data(), count=st.integers(1, 3))
    def stage(self, data: st.DataObject, count: int) -> None:
        self._stage(data, self.draw_run(data), count)

    def _stage(self, data: st.DataObject, run: OpenRun, count: int) -> None:
        parts = [self.draw_part(data, run.name) for _ in range(count)]
        faults = [data.draw(mostly("none", *FAULTS, weight=40), "fault") for _ in parts]
        signed = [self.signatures(part.struct_hash(), fault) for part, fault in zip(parts, faults, strict=True)]
        chunk = Chunk(tuple(zip(parts, signed, strict=True)))
        if run.chunks and data.draw(mostly(False, True, weight=12), "staged already"):
            chunk = run.chunks[0]
        sender = self.draw_sender(data, ROLES.operator)
        encoded = calls.encode_stage_run(run.name, EURO, chunk.packed())
        self.do("stage", sender, encoded, lambda: self.model.stage_run(sender, run.name, EURO, chunk), [chunk])
        if self.step.error is None:
            run.chunks.append(chunk)
            self.uetrs += [line.uetr for part, _ in chunk.parts for line in part.lines if part.mode == BY_UETR]
            if run not in self.open_runs:
                self.open_runs.append(run)

    @precondition(lambda self: self.open_runs)
    @rule(data=st.data())
    def finalise(self, data: st.DataObject) -> None:
        self._finalise(data, data.draw(st.sampled_from(self.open_runs * 3 + self.closed_runs[-1:]), "run"))

    @rule(data=st.data(), count=st.integers(1, 4))
    def net_at_once(self, data: st.DataObject, count: int) -> None:
        """A run of one chunk, staged and finalised."""
        run = OpenRun(uuid_4(self.world.uetr()), [])
        self._stage(data, run, count)
        self.judge()
        if run.chunks:
            self._finalise(data, run)

    def _finalise(self, data: st.DataObject, run: OpenRun) -> None:
        accounts = {account for chunk in run.chunks for account in chunk.table()}
        wrong = data.draw(mostly("none", "one missing", "one too many", "descending", weight=12), "wrong")
        if wrong == "one too many":
            accounts.add(DAN)
        ordered = sorted(accounts, key=lambda one: int(one, 16), reverse=wrong == "descending")
        if wrong == "one missing":
            ordered = ordered[1:]
        sender = self.draw_sender(data, ROLES.operator)
        encoded = calls.encode_finalise_run(run.name, [AccountId(one) for one in ordered])
        self.do("finalise", sender, encoded, lambda: self.model.finalise_run(sender, run.name, ordered), run.chunks)
        if self.step.error is None:
            self._close(run)

    @precondition(lambda self: self.open_runs)
    @rule(data=st.data())
    def abort(self, data: st.DataObject) -> None:
        self._abort(data)

    def _abort(self, data: st.DataObject) -> None:
        run = data.draw(st.sampled_from(self.open_runs + self.closed_runs[-1:]), "run")
        chunk = data.draw(st.sampled_from(run.chunks), "chunk")
        sender = data.draw(mostly(ROLES.operator, STRANGER, weight=2), "sender")
        encoded = calls.encode_abort_run(run.name, chunk.packed())
        self.do("abort", sender, encoded, lambda: self.model.abort_run(sender, run.name, chunk))
        if self.step.error is None:
            run.chunks.remove(chunk)
            if not run.chunks:
                self.open_runs.remove(run)

    def _close(self, run: OpenRun) -> None:
        self.open_runs.remove(run)
        self.closed_runs.append(run)
