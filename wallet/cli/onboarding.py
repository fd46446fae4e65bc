"""Bringing banks onto a network through the public API: admission, accounts, reserves, first money."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from wallet.cli.http_api import ApiClient, Json, wait_until
from wallet.domain.errors import Refused


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


def attest(operator: ApiClient, accounts: Sequence[Json]) -> int:
    """State reserves for all that is to be issued, wait until the ledger has them, and return how many statements.

    The ledger issues a settlement asset only within reserves that were stated, and not long ago.
    """
    wanted: dict[str, Decimal] = {}
    for account in accounts:
        if account.get("issue"):
            wanted[account["currency"]] = wanted.get(account["currency"], Decimal(0)) + Decimal(account["issue"])
    standing = {one["currency"]: one for one in operator.get("/v1/reserves")["items"]}

    def attest_one(currency: str) -> str:
        as_of = datetime.now(UTC).replace(microsecond=0).isoformat()
        body = {
            "currency": currency,
            "amount": str(wanted[currency] + Decimal(standing[currency]["supply"])),
            "as_of": as_of,
            "document": f"Confirmation of reserves in {currency} as of {as_of}",
        }
        name: str = operator.post("/v1/reserves", body)["id"]
        return name

    names = [attest_one(currency) for currency in sorted(wanted)]
    wait_until(lambda: all(_outcome(operator, name)["status"] != "PENDING" for name in names), "stating reserves")
    for told in (_outcome(operator, name) for name in names):
        if told["status"] != "ATTESTED":
            raise Refused(f"the statement of reserves {told['id']} was refused: {told['detail']}")
    return len(names)


def _outcome(operator: ApiClient, attestation: str) -> Json:
    return operator.get(f"/v1/reserves/{attestation}")


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
