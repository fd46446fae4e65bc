"""Bringing banks onto a network through the public API: admission, accounts, first money."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from wallet.cli.http_api import ApiClient, Json, wait_until


@dataclass(frozen=True, slots=True)
class Example:
    """The banks and accounts of a directory with example files."""

    directory: Path
    participants: Sequence[Json]
    accounts: Sequence[Json]
    expected: Json

    @classmethod
    def read(cls, directory: Path) -> Example:
        """Read ``participants.json``, ``accounts.json`` and ``expected.json``."""
        names = ("participants", "accounts", "expected")
        return cls(directory, *(json.loads((directory / f"{name}.json").read_text()) for name in names))

    @property
    def payment_file(self) -> bytes:
        """The pain.001 file."""
        return next(self.directory.glob("payments-*.xml")).read_bytes()


def admit(operator: ApiClient, participants: Sequence[Json]) -> dict[str, str]:
    """Admit banks, wait until the registry has them, and return a treasury token by BIC."""
    fields = ("bic", "lei", "name", "country")
    bics = [
        operator.post("/v1/participants", {name: bank[name] for name in fields}, key=f"admit-{bank['bic']}")["bic"]
        for bank in participants
    ]
    wait_until(lambda: all(operator.get(f"/v1/participants/{bic}")["status"] == "ACTIVE" for bic in bics), "admission")
    return {bic: operator.post(f"/v1/participants/{bic}/tokens", {"role": "treasury"})["token"] for bic in bics}


def open_accounts(operator: ApiClient, accounts: Sequence[Json]) -> dict[str, str]:
    """Open accounts, wait until the ledger has them, and return the account id by IBAN."""
    fields = ("participant", "currency", "kind", "iban", "name", "limit_per_payment", "limit_per_day")

    def open_one(account: Json) -> tuple[str, str]:
        body = {name: account.get(name) for name in fields}
        opened = operator.post("/v1/accounts", body, key=f"open-{account['iban']}")
        return account["iban"], opened["account"]

    with ThreadPoolExecutor(8) as pool:
        ids = dict(pool.map(open_one, accounts))
    wait_until(lambda: all(one["status"] == "OPEN" for one in operator.pages("/v1/accounts")), "opening accounts")
    return ids


def issue(operator: ApiClient, accounts: Sequence[Json], ids: dict[str, str]) -> int:
    """Issue each account's first money and wait until it is final; return how many issuances there were."""
    funded = [account for account in accounts if account.get("issue")]

    def issue_one(account: Json) -> str:
        body = {
            "account": ids[account["iban"]],
            "amount": account["issue"],
            "currency": account["currency"],
            "document": f"Reserve attestation for {account['iban']}",
        }
        uetr: str = operator.post("/v1/issuances", body, key=f"issue-{account['iban']}")["uetr"]
        return uetr

    with ThreadPoolExecutor(8) as pool:
        uetrs = list(pool.map(issue_one, funded))
    wait_until(lambda: all(operator.get(f"/v1/payments/{u}")["status"] == "ACSC" for u in uetrs), "issuance")
    return len(uetrs)
