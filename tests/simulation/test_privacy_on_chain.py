"""Names, IBANs and remittance texts are planted, paid with, and looked for in everything that the chain keeps."""

from __future__ import annotations

import hashlib
import sqlite3
import zlib
from collections.abc import Iterator

import pytest
from banking import House
from signing_network import SigningNetwork
from sqlalchemy import select
from sqlmodel import col

from api.store.tables import Payment
from wallet.domain.words import keccak256
from wallet.network import Network

BANK = "Bankhaus Quittenbaum"
HOLDER = "Theodora Wunderlich-Ruiz"
IBAN = "DE89370400440532013000"
REMITTANCE = "Invoice 4711-Xylophon for Theodora"
PLANTED = (BANK, HOLDER, IBAN, REMITTANCE)


def _traces(text: str) -> Iterator[bytes]:
    """Return every form in which somebody might have put a text on the chain, or could guess it from there."""
    for form in {text, text.upper(), text.lower(), text.replace(" ", ""), text.title()}:
        yield from {form.encode(), form.encode("utf-16-le"), form.encode("utf-16-be"), form.encode().hex().encode()}
        for digest in (
            keccak256(form.encode()),
            hashlib.sha256(form.encode()).digest(),
            hashlib.sha1(form.encode()).digest(),
        ):
            yield from (digest, digest[:20], digest[-20:], digest[:16], digest.hex().encode())


@pytest.fixture(scope="module")
def planted(chain: SigningNetwork, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = House(chain, Network.from_json(chain.network.read_text()), tmp_path_factory.mktemp("planted") / "v.sqlite")
    debtor_bank, creditor_bank = house.admit("PRVADEFFXXX", BANK), house.admit("PRVBFRPPXXX")
    house.run()
    debtor, creditor = house.open(debtor_bank, HOLDER, iban=IBAN), house.open(creditor_bank, HOLDER + " II")
    house.run()
    house.issue(debtor, 10_000)
    house.run()
    wishes = {"remittance": REMITTANCE, "creditor_name": HOLDER, "creditor_reference": IBAN}
    uetr = house.pay(debtor, creditor, 100, **wishes)
    refused = house.pay(debtor, "0x" + "55" * 20, 100, **wishes)
    house.run()
    assert (house.payment(uetr).status, house.payment(refused).status) == ("ACSC", "RJCT")
    yield house
    house.close()


def _chain_bytes(house: House) -> dict[str, bytes]:
    """Return headers, bodies and receipts of every block, as bytes."""
    kept = {}
    for height in range(house.tip() + 1):
        for method in ("debug_getRawBlock", "debug_getRawReceipts"):
            answer = house.chain.rpc.call(method, [hex(height)])
            parts = answer if isinstance(answer, list) else [answer]
            kept[f"{method} {height}"] = b"".join(bytes.fromhex(part[2:]) for part in parts)
    return kept


def _stored_bytes(house: House) -> dict[str, bytes]:
    """Return every cell of the node's database, whole, and unpacked where it is packed."""
    kept = {}
    with sqlite3.connect(f"file:{house.chain.directory / 'node' / 'chain.sqlite'}?mode=ro", uri=True) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for number, row in enumerate(database.execute(f"SELECT * FROM {table}")):
                for position, cell in enumerate(row):
                    raw = cell if isinstance(cell, bytes) else str(cell).encode()
                    kept[f"{table} {number} {position}"] = raw + _unpacked(raw)
    database.close()
    for file in (house.chain.directory / "node").iterdir():
        if file.is_file():
            kept[file.name] = file.read_bytes()
    return kept


def _unpacked(raw: bytes) -> bytes:
    try:
        return zlib.decompress(raw)
    except zlib.error:
        return b""


def test_nothing_planted_is_on_the_chain(planted: House) -> None:
    blocks, stored = _chain_bytes(planted), _stored_bytes(planted)
    assert len(blocks) > 10 and any(key.startswith("nodes ") for key in stored)
    traces = {trace: text for text in PLANTED for trace in _traces(text)}
    haystack = {"blocks": b"\0".join(blocks.values()), "store": b"\0".join(stored.values())}
    found = [(where, traces[trace]) for where, kept in haystack.items() for trace in traces if trace in kept]
    assert found == []


def test_the_search_finds_what_is_there(planted: House) -> None:
    """What the chain does hold is found by the same search: so an empty answer above means something."""
    payment = planted.payment(next(iter(_settled(planted))))
    blocks, stored = _chain_bytes(planted), _stored_bytes(planted)
    known = keccak256(payment.remittance_salt + payment.remittance.encode())
    for raw in (known, bytes.fromhex(payment.debtor_account[2:]), b"PRVADEFFXXX"):
        assert any(raw in kept for kept in blocks.values())
        assert any(raw in kept for kept in stored.values())


def _settled(house: House) -> list[str]:
    with house.read() as session:
        query = select(col(Payment.uetr)).where(col(Payment.status) == "ACSC", col(Payment.kind) == "PAYMENT")
        return list(session.execute(query).scalars())
