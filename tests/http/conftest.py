"""Fixtures of the HTTP tests; what they are made of stands in ``api_world``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from api_world import BANKS, EUR_IBAN, USD_IBAN, Api, make_api

from wallet.domain.entries import EntryKind


@pytest.fixture
def empty_api(tmp_path: Path) -> Iterator[Api]:
    """The application without a bank and without a block."""
    api = make_api(tmp_path)
    with api.client:
        yield api


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """Two banks with open accounts, on a ledger of three blocks, each account having received 1000.00 in the last."""
    api = make_api(tmp_path)
    with api.client:
        api.ledger.block()
        api.ledger.block()
        api.ledger.tokens()
        for bic, (lei, name) in BANKS.items():
            assert api.post("operator", "/v1/participants", {"bic": bic, "lei": lei, "name": name}).status_code == 201
            for role, who in (("treasury", bic), ("auditor", f"auditor of {bic}")):
                answer = api.post("operator", f"/v1/participants/{bic}/tokens", {"role": role})
                api.tokens[who] = answer.json()["token"]
        for bic, iban, currency in (
            *((bic, iban, "EUR") for bic, iban in EUR_IBAN.items()),
            *((bic, iban, "USD") for bic, iban in USD_IBAN.items()),
        ):
            body = {"participant": bic, "currency": currency, "iban": iban, "name": BANKS[bic][1]}
            answer = api.post("operator", "/v1/accounts", body)
            assert answer.status_code == 201, answer.text
            api.accounts[iban] = answer.json()["account"]
        api.ledger.activate_participants()
        api.ledger.open_accounts()
        api.ledger.block()
        for account in api.accounts.values():
            api.ledger.post(account, 1_000_00, kind=EntryKind.ISSUE)
        yield api
