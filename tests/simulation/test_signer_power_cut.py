"""The power goes while the signer signs: what it has answered is in its journal, and its keys are in its store."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from power_cut import PowerCut
from signing_network import SigningNetwork, wait_for

from wallet.domain.identifiers import AccountId, new_uetr
from wallet.domain.instructions import PaymentInstruction
from wallet.keys.wire import SigningOrder, Submission

LEDGER, REGISTRY = "0x" + "c3" * 20, "0x" + "d4" * 20


def order(signer: str) -> SigningOrder:
    debtor, creditor = AccountId("0x" + "11" * 20), AccountId("0x" + "22" * 20)
    until = int(time.time()) + 600
    instruction = PaymentInstruction(new_uetr(), debtor, creditor, LEDGER, 1, 0, until, 0, os.urandom(32))
    return SigningOrder(instruction, (signer,))


def test_what_was_answered_survives_the_power(tmp_path: Path) -> None:
    net = SigningNetwork(tmp_path / "net")
    net.network.write_text(json.dumps({"chain_id": 20022, "ledger": LEDGER, "registry": REGISTRY}))
    cut = PowerCut(tmp_path / "net" / "signer", tmp_path / "scratch")
    net.environment = cut.environment()
    net.start_signer()
    keys = net.signer.create_keys([("t", "treasury:DEUTDEFF"), ("role:operator", "role:operator")])
    for round_number in range(3):
        submission = Submission(f"s{round_number}", keys[1].address, LEDGER, b"\x01", 100_000, 0)
        orders = [order(keys[0].address) for _ in range(20)]
        signed = net.signer.sign_submissions([submission], None)
        answer = net.signer.sign_instructions(orders, signed.seen)
        net.kill("signer")
        cut.lose_unsynced_writes()
        net.start_signer()
        assert wait_for(net.signer.health) == answer.seen
        assert net.signer.keys() == sorted(keys, key=lambda key: key.key_id)
        assert net.signer.sign_instructions(orders, answer.seen).items == answer.items
        assert net.signer.sign_submissions([submission], answer.seen).items == signed.items
    net.stop()
