"""A caller, a signer that dies at every commit, and old copies put back: nothing is ever signed in two ways.

The model is two dictionaries: what each (key, UETR) was signed as, and what each (submitter, nonce) went out as.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from wallet.domain.errors import JournalBehind, SigningConflict
from wallet.domain.identifiers import AccountId, Uetr
from wallet.domain.instructions import PaymentInstruction
from wallet.keys.journal import Journal
from wallet.keys.opening import JOURNAL_NAME, locked, opened_signer
from wallet.keys.restore import import_records
from wallet.keys.server import render_record
from wallet.keys.service import SigningService
from wallet.keys.vault import ScryptCost
from wallet.keys.wire import Seen, SigningOrder, Submission

CHAIN, LEDGER, REGISTRY = 20022, "0x" + "c3" * 20, "0x" + "d4" * 20
NOW = 1_795_000_000
UETRS = [Uetr(f"00000000-0000-4000-8000-{number:012x}") for number in range(4)]
PURPOSES = [("t1", "treasury:DEUTDEFF"), ("t2", "treasury:DEUTDEFF"), ("role:a", "role:a"), ("role:b", "role:b")]


ORDERS = st.tuples(st.sampled_from(UETRS), st.integers(1, 3), st.sampled_from([(0,), (1,), (0, 1)]))


class Killed(BaseException):
    """The process died here: nothing in it may catch this."""


class Fuse:
    """Kills the process at a chosen commit, just before it or just after."""

    def __init__(self) -> None:
        self.commits_left: int | None = None
        self.after = False

    def arm(self, commits: int, after: bool) -> None:
        self.commits_left, self.after = commits, after

    def commit(self, real: Any) -> None:
        if self.commits_left is not None:
            self.commits_left -= 1
            if self.commits_left == 0:
                self.commits_left = None
                if self.after:
                    real()
                raise Killed
        real()


class SignerMachine(RuleBasedStateMachine):
    @initialize()
    def start(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="signer-machine-"))
        self.network = self.root / "network.json"
        self.network.write_text(json.dumps({"chain_id": CHAIN, "ledger": LEDGER, "registry": REGISTRY}))
        self.fuse = Fuse()
        self.open()
        keys = self.service.create_keys(PURPOSES)
        self.treasuries = [key.address for key in keys[:2]]
        self.submitters = [key.address for key in keys[2:]]
        self.seen: Seen | None = None
        self.mirror: list[dict[str, Any]] = []
        self.signed: dict[tuple[str, str], bytes] = {}
        self.raws: dict[tuple[str, int], bytes] = {}
        self.by_id: dict[str, tuple[bytes, tuple[object, ...]]] = {}
        self.chain: dict[str, int] = dict.fromkeys(self.submitters, 0)
        self.copies: list[Path] = []

    def open(self) -> None:
        self.context = opened_signer(self.root / "live", b"pass", self.network, lambda: NOW, ScryptCost(n=2**4))
        self.service: SigningService = self.context.__enter__()
        journal = self.service._journal
        real = journal._commit
        journal._commit = lambda: self.fuse.commit(real)  # type: ignore[method-assign]

    def close(self) -> None:
        self.context.__exit__(None, None, None)

    def teardown(self) -> None:
        if hasattr(self, "context"):
            self.close()
            shutil.rmtree(self.root)

    # --- what happens ---

    @rule(
        items=st.lists(ORDERS, min_size=1, max_size=4),
        dies=st.sampled_from([None, False, True]),
    )
    def sign(self, items: list[tuple[Uetr, int, tuple[int, ...]]], dies: bool | None) -> None:
        orders = [
            SigningOrder(_instruction(uetr, amount), tuple(self.treasuries[one] for one in signers))
            for uetr, amount, signers in items
        ]
        answer = self.ask(lambda: self.service.sign_instructions(orders, self.seen), dies, commits=1)
        if answer is None:
            return
        for order, one in zip(orders, answer.items, strict=True):
            if one.error is not None:
                assert isinstance(one.error, SigningConflict)
                continue
            for key, signature in zip(sorted(order.signers), one.signatures, strict=True):
                assert self.signed.setdefault((key, order.instruction.uetr), signature) == signature

    @rule(
        items=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 1), st.integers(0, 1)), min_size=1, max_size=3),
        dies=st.sampled_from([None, False, True]),
        commit=st.integers(1, 2),
    )
    def submit(self, items: list[tuple[int, int, int]], dies: bool | None, commit: int) -> None:
        submissions = [
            Submission(
                f"s{number}", self.submitters[who], LEDGER, bytes([content]), 100_000, self.chain[self.submitters[who]]
            )
            for number, who, content in items
        ]
        try:
            answer = self.ask(lambda: self.service.sign_submissions(submissions, self.seen), dies, commit)
        except SigningConflict:
            return
        if answer is None:
            return
        for wanted, one in zip(submissions, answer.items, strict=True):
            content = (wanted.submitter, wanted.data)
            assert self.raws.setdefault((wanted.submitter, one.nonce), one.raw) == one.raw
            assert self.by_id.setdefault(one.submission_id, (one.raw, content)) == (one.raw, content)

    @rule()
    def chain_takes_what_was_sent(self) -> None:
        for submitter in self.submitters:
            while (submitter, self.chain[submitter]) in self.raws:
                self.chain[submitter] += 1

    @rule()
    def restart(self) -> None:
        self.close()
        self.open()
        assert self.service._journal.unfinished() == []

    @precondition(lambda self: len(self.copies) < 3)
    @rule()
    def back_up(self) -> None:
        self.close()
        copy = self.root / f"copy-{len(self.copies)}"
        shutil.copytree(self.root / "live", copy)
        self.copies.append(copy)
        self.open()

    @precondition(lambda self: self.copies)
    @rule(data=st.data())
    def put_back_an_old_copy(self, data: st.DataObject) -> None:
        copy = data.draw(st.sampled_from(self.copies))
        self.close()
        shutil.rmtree(self.root / "live")
        shutil.copytree(copy, self.root / "live")
        self.open()

    @rule()
    def import_what_the_caller_kept(self) -> None:
        self.close()
        with locked(self.root / "live"), Journal(self.root / "live" / JOURNAL_NAME) as journal:
            import_records(journal, self.mirror)
        self.open()
        if self.seen is not None:
            self.service._journal.require_seen(self.seen)

    # --- how a caller asks ---

    def ask(self, request: Any, dies: bool | None, commits: int) -> Any:
        """Ask; when the process dies, start it again and ask again, as every caller does. None: it is behind."""
        behind = self.seen is not None and self.service.position().sequence < self.seen.sequence
        if dies is not None:
            self.fuse.arm(commits, dies)
        try:
            answer = request()
        except Killed:
            self.close()
            self.open()
            return self.ask(request, None, 0)
        except JournalBehind:
            assert behind or self.chain_is_ahead()
            return None
        finally:
            self.fuse.commits_left = None
        assert not behind, "a signer that is behind its caller has signed"
        self.keep(answer.seen)
        return answer

    def keep(self, seen: Seen) -> None:
        """Keep where the signer is, and the records that lead there."""
        self.seen = seen
        self.mirror += [render_record(one) for one in self.service.records(len(self.mirror), 1_000)]
        assert len(self.mirror) == seen.sequence

    def chain_is_ahead(self) -> bool:
        records = [one for one in self.service.records(0, 1_000) if hasattr(one, "nonce")]
        last = {submitter: -1 for submitter in self.submitters}
        for record in records:
            last[record.submitter] = max(last[record.submitter], record.nonce)
        return any(last[one] >= 0 and self.chain[one] > last[one] + 1 for one in self.submitters)

    # --- what always holds ---

    @invariant()
    def every_nonce_and_payment_has_one_record(self) -> None:
        if not hasattr(self, "service"):
            return
        records = self.service.records(0, 1_000)
        assert [one.sequence for one in records] == list(range(1, len(records) + 1))


def _instruction(uetr: Uetr, amount: int) -> PaymentInstruction:
    debtor, creditor = AccountId("0x" + "11" * 20), AccountId("0x" + "22" * 20)
    return PaymentInstruction(uetr, debtor, creditor, "0x" + "33" * 20, amount, 0, NOW + 60, 0, b"\x07" * 32)


TestSignerMachine = SignerMachine.TestCase
TestSignerMachine.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
