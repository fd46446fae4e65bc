"""``vostro demo``: the main job on real input, from an empty directory.

Everything is real: the chain, the contracts, the signer and the API are started as ``vostro up`` starts them, and the
demo talks to them as a bank would, over HTTP. It checks what it shows, and fails when anything is not as expected.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from wallet.cli import onboarding, verify
from wallet.cli.demo_screen import Screen
from wallet.cli.http_api import ApiClient, Json
from wallet.cli.onboarding import Example
from wallet.cli.up import CHAIN_ID_DEFAULT, System, free_port
from wallet.domain.errors import IntegrityBroken, Refused
from wallet.domain.money import parse_currency, render_amount
from wallet.iso20022.pain002 import read_pain002
from wallet.keys.durable import write_durably

EXAMPLES: Final = Path(__file__).parents[2] / "examples"
_FINAL: Final = frozenset({"ACSC", "RJCT", "CANC"})


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of the file, and how fast."""

    report: Json
    seconds: float
    payments_per_s: float


def run(arguments: list[str]) -> int:
    """Play the demo; 0 when everything was as expected."""
    parser = argparse.ArgumentParser(prog="vostro demo", description="The main job, end to end, on real input.")
    parser.add_argument("--data", type=Path, help="an empty or new directory (default: a new one for temporary files)")
    parser.add_argument("--examples", type=Path, default=EXAMPLES, help="directory with the banks and the payment file")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a story")
    chosen = parser.parse_args(arguments)

    data = chosen.data or Path(tempfile.mkdtemp(prefix="vostro-demo-"))
    if data.exists() and any(data.iterdir()):
        raise Refused(f"{data} is not empty; the demo starts from nothing")
    screen = Screen(is_quiet=chosen.json)
    system = System(data, free_port(), free_port(), "EUR,USD", CHAIN_ID_DEFAULT)
    started = time.monotonic()
    try:
        with screen.step("starting chain, signer, index and API") as say:
            system.start(say)
        result = _play(system, Example.read(chosen.examples), screen)
    finally:
        system.stop()
    result["seconds"] = round(time.monotonic() - started, 1)
    screen.farewell(data, result)
    if chosen.json:
        print(json.dumps(result, indent=2))
    return 0


def _play(system: System, example: Example, screen: Screen) -> Json:
    operator = ApiClient.from_token_file(system.url, system.layout.token("operator"))
    ids = _prepare(system, operator, example, screen)
    treasury = ApiClient.from_token_file(system.url, system.layout.token(example.participants[0]["bic"]))

    settled = _settle_file(treasury, example, screen)
    _require_expected(settled.report, example)
    _require_same_in_pain002(treasury, settled.report)
    screen.outcome(settled.report)

    balances = _balances(operator, example, ids)
    screen.balances(balances)
    paid = next(line for line in settled.report["payments"] if line["status"] == "ACSC")
    screen.trail(treasury.get(f"/v1/payments/{paid['uetr']}"), treasury.get(f"/v1/payments/{paid['uetr']}/trail"))
    statement = _verify_statement(system, treasury, example, ids, screen)
    return {
        "data": str(system.layout.root),
        "payments": len(settled.report["payments"]),
        "settled": example.expected["settled"],
        "rejected": example.expected["rejected"],
        "payments_per_s": round(settled.payments_per_s, 1),
        "statement": str(statement),
        "network": asdict(system.layout.read_network()),
        "bic": example.participants[0]["bic"],
    }


def _prepare(system: System, operator: ApiClient, example: Example, screen: Screen) -> dict[str, str]:
    with screen.step(f"admitting {len(example.participants)} banks"):
        for bic, token in onboarding.admit(operator, example.participants).items():
            write_durably(system.layout.token(bic), token.encode())
    with screen.step(f"opening {len(example.accounts)} accounts"):
        ids = onboarding.open_accounts(operator, example.accounts)
    with screen.step("stating the reserves behind the money"):
        onboarding.attest(operator, example.accounts)
    with screen.step("issuing money within them"):
        onboarding.issue(operator, example.accounts, ids)
    return ids


def _settle_file(treasury: ApiClient, example: Example, screen: Screen) -> Settled:
    """Send the file and wait until each of its payments is final."""
    count = example.expected["payments_count"]
    started = time.monotonic()
    with screen.progress(f"settling {count} payments of {example.expected['message_id']}", count) as advance:
        report = treasury.upload("/v1/payments/bulk", example.payment_file, "application/xml")
        while (final := sum(line["status"] in _FINAL for line in report["payments"])) < count:
            advance(final)
            time.sleep(0.1)
            report = treasury.get(f"/v1/payments/bulk/{report['message_id']}")
        advance(final)
    seconds = time.monotonic() - started
    return Settled(report, seconds, example.expected["settled"] / seconds)


def _require_expected(report: Json, example: Example) -> None:
    """Compare each line's status and reason with what the example says must come of it."""
    expected = {line["position"]: (line["status"], line["reason"]) for line in example.expected["payments"]}
    got = {line["position"]: (line["status"], line["reason"]) for line in report["payments"]}
    wrong = {
        position: (got.get(position), expected[position])
        for position in expected
        if got.get(position) != expected[position]
    }
    if wrong or len(got) != len(expected):
        raise IntegrityBroken(f"{len(wrong)} payments ended otherwise than expected: {dict(list(wrong.items())[:3])}")


def _require_same_in_pain002(treasury: ApiClient, report: Json) -> None:
    """Compare the pain.002 with the API, line by line."""
    message = read_pain002(treasury.download(f"/v1/payments/bulk/{report['message_id']}/report"))
    told = Counter((one.end_to_end_id, one.status, one.reason) for one in message.transactions)
    known = Counter((line["end_to_end_id"], line["status"], line["reason"]) for line in report["payments"])
    if told != known:
        raise IntegrityBroken(f"the pain.002 and the API disagree: {list((told - known) + (known - told))[:3]}")


def _balances(operator: ApiClient, example: Example, ids: dict[str, str]) -> list[Json]:
    """Return each account's balance, checked against what the example expects."""
    rows = []
    for account in example.accounts:
        balance = operator.get(f"/v1/accounts/{ids[account['iban']]}/balance")
        exponent = parse_currency(account["currency"]).exponent
        expected = render_amount(example.expected["balances"][account["iban"]], exponent)
        if balance["total"] != expected:
            raise IntegrityBroken(f"{account['iban']} holds {balance['total']}, expected {expected}")
        rows.append({**account, **balance})
    return rows


def _verify_statement(
    system: System, treasury: ApiClient, example: Example, ids: dict[str, str], screen: Screen
) -> Path:
    """Download the busiest account's bundle and verify it offline, as an auditor would: from the file alone."""
    account = max(
        (ids[one["iban"]] for one in example.accounts if one["participant"] == example.participants[0]["bic"]),
        key=lambda account: int(treasury.get(f"/v1/accounts/{account}/balance")["entries"]),
    )
    file = system.layout.root / "statement.json"
    file.write_bytes(treasury.download(f"/v1/statements/{account}/proof"))
    network = system.layout.read_network()
    screen.heading("A statement, verified offline")
    arguments = [str(file), "--validators", ",".join(network.validators), "--ledger", network.ledger]
    arguments += ["--chain-id", str(network.chain_id)]
    if screen.run_verifier(lambda: verify.run(arguments)):
        raise IntegrityBroken("the statement did not verify")
    return file
