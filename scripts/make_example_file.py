"""Write the example: three banks, their accounts, one payment file of 240 payments, and what must become of each.

    python scripts/make_example_file.py [--date YYYY-MM-DD] [--out DIR]

Names, BICs, LEIs, IBANs and addresses are invented; their check digits are right. The same date gives the same bytes.
Every outcome holds in whatever order the payments are executed: who runs out of money receives none, and each payment
that must fail would fail alone.
"""

from __future__ import annotations

import argparse
import json
import random
import uuid
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

from example_banks import BANKS, LUNEL, Account, Address, accounts, creditor_reference, with_iban
from lxml import etree
from lxml.builder import ElementMaker

SEED: Final = 20261122
NAMESPACE: Final = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
MESSAGE_ID: Final = "LUNEL-20261120-0417"
E = ElementMaker(namespace=NAMESPACE, nsmap={None: NAMESPACE})


@dataclass(frozen=True)
class Payment:
    """One payment of the file, and what must become of it."""

    debtor: Account
    creditor: Account
    amount: int
    instruction_id: str
    end_to_end_id: str
    uetr: str
    remittance: str
    creditor_reference: str
    status: str = "ACSC"
    reason: str | None = None


@dataclass
class Sheet:
    """The payments drawn so far."""

    rng: random.Random
    payments: list[Payment] = field(default_factory=list)


def draw_payments(opened: list[Account], rng: random.Random) -> list[Payment]:
    """Draw the payments of every paying account, then spoil some of them on purpose."""
    sheet = Sheet(rng)
    for debtor in opened:
        # Nobody pays the account that is to run out of money, so that it does whatever the order.
        creditors = [
            account
            for account in opened
            if account.currency == debtor.currency and account.kind == debtor.kind and not account.code
        ]
        for _ in range(debtor.payments):
            sheet.payments.append(draw_payment(sheet, debtor, rng.choice(creditors)))
    return spoil(sheet)


def draw_payment(sheet: Sheet, debtor: Account, creditor: Account) -> Payment:
    """Draw one payment that settles."""
    rng, number = sheet.rng, len(sheet.payments) + 1
    if debtor.kind == "SETTLEMENT":
        amount = rng.randrange(5, 40) * 50_000_00
    else:
        amount = round(10 ** rng.uniform(2.2, 4.5) * 100) if debtor.issue > 100_000_00 else rng.randrange(90_00, 900_00)
    invoice = rng.randrange(10_000, 99_999)
    texts = (
        f"Invoice 2026-{invoice}",
        f"Invoices 2026-{invoice} and 2026-{invoice + rng.randrange(1, 30)} less credit note {rng.randrange(100, 999)}",
        f"Order {invoice}, 30% on account",
        f"Delivery note {invoice}, week {rng.randrange(41, 47)}",
        f"Contract MS-{invoice // 10}, November 2026",
        "",
    )
    remittance = "Liquidity transfer, November 2026" if debtor.kind == "SETTLEMENT" else rng.choice(texts)
    return Payment(
        debtor=debtor,
        creditor=creditor,
        amount=amount,
        instruction_id=f"LUN26K{number:06d}",
        end_to_end_id=f"{debtor.code}-2026-{40_000 + number * 7}",
        uetr=str(uuid.UUID(int=rng.getrandbits(128), version=4)),
        remittance=remittance,
        creditor_reference="" if remittance else creditor_reference(26_000_000 + invoice),
    )


def spoil(sheet: Sheet) -> list[Payment]:
    """Return the payments with those in them that must be refused: AM14, AC03, AM04, and one AM05."""
    payments, rng = sheet.payments, sheet.rng
    rows = {
        code: [i for i, one in enumerate(payments) if one.debtor.code == code]
        for code in ("VDC", "LMA", "APR", "TBC", "IGF", "NCM")
    }
    over_limit = rows["VDC"][11::17][:2] + rows["LMA"][7::19][:2] + rows["APR"][5::21][:2]
    for index in over_limit:
        limit = payments[index].debtor.limit_per_payment or 0
        payments[index] = replace(
            payments[index], amount=limit + rng.randrange(1, 900_000), status="RJCT", reason="AM14"
        )
    payments[over_limit[0]] = replace(payments[over_limit[0]], amount=60_000_01)  # one cent above the limit
    for index in rows["TBC"][4::13][:2] + rows["NCM"][9::11][:2] + rows["VDC"][30:31]:
        stranger = with_iban(payments[index].creditor, rng)
        payments[index] = replace(payments[index], creditor=stranger, status="RJCT", reason="AC03")
    for index in rows["IGF"][3::2]:
        amount = rng.randrange(payments[index].debtor.issue + 1, 40_000_00)
        payments[index] = replace(payments[index], amount=amount, status="RJCT", reason="AM04")
    original = payments[rows["TBC"][10]]
    again = replace(original, instruction_id="LUN26K000901", uetr=str(uuid.UUID(int=rng.getrandbits(128), version=4)))
    payments[rows["TBC"][21]] = replace(again, status="RJCT", reason="AM05")
    return payments


def decimal(minor: int) -> str:
    """Return minor units of a currency with two decimals as a decimal string."""
    return f"{minor // 100}.{minor % 100:02d}"


def party(name: str, address: Address) -> list[Any]:
    """Return the content of a party: name and structured address."""
    return [
        E.Nm(name),
        E.PstlAdr(
            E.StrtNm(address.street),
            E.BldgNb(address.number),
            E.PstCd(address.postcode),
            E.TwnNm(address.town),
            E.Ctry(address.country),
        ),
    ]


def render_file(payments: list[Payment], day: date) -> bytes:
    """Return the payments as a pain.001.001.09 file, one PmtInf per paying account."""
    debtors = list(dict.fromkeys(payment.debtor for payment in payments))
    document = E.Document(
        E.CstmrCdtTrfInitn(
            E.GrpHdr(
                E.MsgId(MESSAGE_ID),
                E.CreDtTm("2026-11-20T16:42:07+01:00"),
                E.NbOfTxs(str(len(payments))),
                E.CtrlSum(decimal(sum(payment.amount for payment in payments))),
                E.InitgPty(E.Nm(LUNEL.name), E.Id(E.OrgId(E.AnyBIC(LUNEL.bic[:8]), E.LEI(LUNEL.lei)))),
            ),
            *(render_group(debtor, [one for one in payments if one.debtor == debtor], day) for debtor in debtors),
        )
    )
    return etree.tostring(document, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def render_group(debtor: Account, payments: list[Payment], day: date) -> Any:
    """Return the PmtInf of one debtor account."""
    urgent = debtor.kind == "SETTLEMENT"
    return E.PmtInf(
        E.PmtInfId(f"{MESSAGE_ID}-{debtor.code}"),
        E.PmtMtd("TRF"),
        E.NbOfTxs(str(len(payments))),
        E.CtrlSum(decimal(sum(payment.amount for payment in payments))),
        E.PmtTpInf(E.InstrPrty("HIGH" if urgent else "NORM")),
        E.ReqdExctnDt(E.Dt(day.isoformat())),
        E.Dbtr(*party(debtor.name, debtor.address)),
        E.DbtrAcct(E.Id(E.IBAN(debtor.iban)), E.Ccy(debtor.currency)),
        E.DbtrAgt(E.FinInstnId(E.BICFI(debtor.bank.bic[:8]))),
        E.ChrgBr("SLEV" if debtor.currency == "EUR" else "SHAR"),
        *(render_payment(payment) for payment in payments),
    )


def render_payment(payment: Payment) -> Any:
    """Return one CdtTrfTxInf."""
    creditor, reference = payment.creditor, payment.creditor_reference
    structured = E.Strd(E.CdtrRefInf(E.Tp(E.CdOrPrtry(E.Cd("SCOR"))), E.Ref(reference)))
    return E.CdtTrfTxInf(
        E.PmtId(E.InstrId(payment.instruction_id), E.EndToEndId(payment.end_to_end_id), E.UETR(payment.uetr)),
        E.Amt(E.InstdAmt(decimal(payment.amount), Ccy=payment.debtor.currency)),
        E.CdtrAgt(E.FinInstnId(E.BICFI(creditor.bank.bic[:8]), E.LEI(creditor.bank.lei))),
        E.Cdtr(*party(creditor.name, creditor.address)),
        E.CdtrAcct(E.Id(E.IBAN(creditor.iban))),
        E.RmtInf(structured if reference else E.Ustrd(payment.remittance)),
    )


def expected(opened: list[Account], payments: list[Payment]) -> dict[str, Any]:
    """Return what must become of each payment, and every balance at the end in minor units."""
    balances = {account.iban: account.issue for account in opened}
    for payment in payments:
        if payment.status == "ACSC":
            balances[payment.debtor.iban] -= payment.amount
            balances[payment.creditor.iban] += payment.amount
    require_certain(opened, payments, balances)
    reasons = [payment.reason for payment in payments if payment.reason]
    return {
        "message_id": MESSAGE_ID,
        "initiating_party": LUNEL.lei,
        "payments_count": len(payments),
        "settled": len(payments) - len(reasons),
        "rejected": {reason: reasons.count(reason) for reason in sorted(set(reasons))},
        "payments": [
            {
                "position": position,
                "end_to_end_id": payment.end_to_end_id,
                "uetr": payment.uetr,
                "status": payment.status,
                "reason": payment.reason,
            }
            for position, payment in enumerate(payments, 1)
        ],
        "balances": balances,
    }


def require_certain(opened: list[Account], payments: list[Payment], balances: dict[str, int]) -> None:
    """Make sure that no outcome hangs on the order of execution."""
    known = {account.iban: account for account in opened}
    for account in opened:
        spent = sum(one.amount for one in payments if one.debtor == account and one.status == "ACSC")
        assert spent <= min(account.issue, account.limit_per_day or spent), account
    for payment in payments:
        limit, refused = payment.debtor.limit_per_payment, payment.reason
        assert (refused == "AC03") == (payment.creditor.iban not in known), payment
        assert (refused == "AM14") == (limit is not None and payment.amount > limit), payment
        assert (refused == "AM04") == (payment.amount > payment.debtor.issue), payment
    contents = [(one.end_to_end_id, one.debtor.iban, one.creditor.iban, one.amount) for one in payments]
    assert len(contents) - len(set(contents)) == sum(one.reason == "AM05" for one in payments) == 1
    assert len({one.uetr for one in payments}) == len(payments)
    assert sum(balances.values()) == sum(account.issue for account in opened)


def write_json(path: Path, content: object) -> None:
    """Write indented JSON that a person can read."""
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def limit(minor: int | None) -> str | None:
    """Return a limit as a decimal string, or None."""
    return None if minor is None else decimal(minor)


def write_example(out: Path, day: date) -> None:
    """Write the four files into ``out``."""
    rng = random.Random(SEED)  # noqa: S311 - the same bytes each time are the point
    opened = [with_iban(account, rng) for account in accounts()]
    payments = draw_payments(opened, rng)
    out.mkdir(parents=True, exist_ok=True)
    write_json(
        out / "participants.json",
        [
            {"bic": bank.bic, "lei": bank.lei, "name": bank.name, "country": bank.address.country,
             "address": vars(bank.address)}
            for bank in BANKS
        ],
    )  # fmt: skip
    write_json(
        out / "accounts.json",
        [
            {
                "participant": account.bank.bic,
                "currency": account.currency,
                "kind": account.kind,
                "iban": account.iban,
                "name": account.name,
                "limit_per_payment": limit(account.limit_per_payment),
                "limit_per_day": limit(account.limit_per_day),
                "issue": decimal(account.issue) if account.issue else None,
            }
            for account in opened
        ],
    )
    (out / "payments-2026-11.xml").write_bytes(render_file(payments, day))
    write_json(out / "expected.json", expected(opened, payments))


def main() -> None:
    """Read the arguments and write the example."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--date", type=date.fromisoformat, default=date(2026, 11, 20), help="requested execution date")
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent.parent / "examples")
    options = parser.parse_args()
    write_example(options.out, options.date)
    print(f"wrote {options.out}/participants.json, accounts.json, payments-2026-11.xml, expected.json")


if __name__ == "__main__":
    main()
