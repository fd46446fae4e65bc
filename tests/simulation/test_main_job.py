"""The main job on the whole running system: a bank's file, sent by three doors, and a system stopped and started."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from running_system import ChainFacts, RunningSystem, index_balances

from wallet.cli import onboarding
from wallet.cli.demo import EXAMPLES
from wallet.cli.http_api import ApiClient, Json, wait_until
from wallet.cli.onboarding import Example
from wallet.cli.up import free_port
from wallet.domain.errors import Conflict

BANK = "LUNLFRPPXXX"
FINAL = {"ACSC", "RJCT"}


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSystem]:
    """The example's three banks on a running system, with money in their accounts."""
    running = RunningSystem(tmp_path_factory.mktemp("main_job") / "data")
    running.start()
    example = Example.read(EXAMPLES)
    with running.client("operator") as operator:
        for bic, token in onboarding.admit(operator, example.participants).items():
            running.layout.token(bic).write_text(token)
        ids = onboarding.open_accounts(operator, example.accounts)
        onboarding.attest(operator, example.accounts)
        onboarding.issue(operator, example.accounts, ids)
    yield running
    running.stop()


def send(treasury: ApiClient) -> Json:
    return treasury.upload("/v1/payments/bulk", Example.read(EXAMPLES).payment_file, "application/xml")


def pay(system: RunningSystem) -> subprocess.CompletedProcess[str]:
    file = next(EXAMPLES.glob("payments-*.xml"))
    command = [sys.executable, "-m", "wallet.cli", "pay", str(file), "--url", system.url]
    command += ["--token-file", str(system.layout.token(BANK))]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_file_sent_by_three_doors_pays_once(system: RunningSystem) -> None:
    expected = Example.read(EXAMPLES).expected
    with system.client(BANK) as treasury:
        first = send(treasury)
        assert len(first["payments"]) == expected["payments_count"]

        second = pay(system)
        assert second.returncode == 1
        assert second.stderr.count("\n") == 1
        assert expected["message_id"] in second.stderr

        with pytest.raises(Conflict) as third:
            send(treasury)
        assert third.value.facts["problem"]["reason"] == "DU01"

        where = f"/v1/payments/bulk/{expected['message_id']}"
        wait_until(lambda: {line["status"] for line in treasury.get(where)["payments"]} <= FINAL, "settling")
        lines = treasury.get(where)["payments"]
    got = [(line["position"], line["status"], line["reason"]) for line in lines]
    assert got == [(line["position"], line["status"], line["reason"]) for line in expected["payments"]]
    settled = {line["uetr"] for line in lines if line["status"] == "ACSC"}

    chain = ChainFacts.read(system)
    chain.require_sound()
    issued = sum(1 for account in Example.read(EXAMPLES).accounts if account["issue"])
    assert settled <= set(chain.settlements)
    assert len(chain.settlements) == len(settled) + issued


def test_stopped_and_started_it_carries_on(system: RunningSystem) -> None:
    before = index_balances(system)
    with system.client(BANK) as treasury:
        payments = list(treasury.pages("/v1/payments", limit=100))
    assert system.stop() == 0
    assert not system.process_ids()

    system.start()
    assert index_balances(system) == before
    with system.client(BANK) as treasury:
        assert list(treasury.pages("/v1/payments", limit=100)) == payments
        ours = [one["account"] for one in treasury.get("/v1/accounts")["items"] if one["currency"] == "EUR"]
        debtor, creditor = ours[:2]
        body = {"debtor_account": debtor, "creditor_account": creditor, "amount": "1.00", "currency": "EUR"}
        uetr = treasury.post("/v1/payments", body)["uetr"]
        wait_until(lambda: treasury.get(f"/v1/payments/{uetr}")["status"] == "ACSC", "settling after a restart")


@pytest.mark.parametrize("fault", ["port", "directory"])
def test_what_cannot_start_says_why_in_one_line(tmp_path: Path, system: RunningSystem, fault: str) -> None:
    is_port = fault == "port"
    data, port = (tmp_path, system.port) if is_port else (system.layout.root, free_port())
    command = [sys.executable, "-m", "wallet.cli", "up", "--data", str(data), "--port", str(port)]
    done = subprocess.run([*command, "--rpc-port", str(free_port())], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == (
        f"vostro up: port {port} on 127.0.0.1 is taken; choose another with --port or --rpc-port\n"
        if is_port
        else f"vostro up: another process runs on {data}\n"
    )
