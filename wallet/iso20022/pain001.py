"""Payment files: a bank's pain.001.001.09 read into payment orders.

What is wrong with the file refuses the file; what is wrong with a payment is that payment's problem alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal, localcontext
from typing import Final

from lxml import etree

from wallet.domain.errors import InvalidInput
from wallet.domain.identifiers import parse_bic, parse_lei, parse_uetr
from wallet.iso20022.checks import (
    CREDITOR,
    DEBTOR,
    Duplicates,
    Findings,
    check_address,
    read_account,
    read_agent,
    read_amount,
    read_execution_date,
    read_party,
)
from wallet.iso20022.elements import child, children, text
from wallet.iso20022.orders import InitiatingParty, PaymentFile, PaymentGroup, PaymentOrder, Problem
from wallet.iso20022.xml import PAIN_001, SIZE_MAX, parse_message

_CREDIT_TRANSFER: Final = "TRF"
_SUM_DIGITS: Final = 60
"""More than a file can sum up to, so that sums are exact."""


@dataclass(frozen=True, slots=True)
class _GroupFacts:
    """What the payments of one group share."""

    payment_information_id: str
    debtor_name: str
    debtor_account: str
    debtor_currency: str | None
    debtor_agent_bic: str | None
    requested_execution_date: str
    charge_bearer: str
    priority: str
    problem: Problem | None


def read_pain001(raw: bytes, *, today: date | None = None, size_max: int = SIZE_MAX) -> PaymentFile:
    """Return the payment file in ``raw``, or refuse it whole.

    Parameters
    ----------
    raw : bytes
        A pain.001.001.09 document in UTF-8.
    today : date, optional
        What execution dates are held against; the current day in UTC if left out.
    size_max : int
        Bytes; a larger file is refused unread.

    Raises
    ------
    InvalidInput
        FF01: not readable, not schema-valid. AM18: a count differs. AM10: a control sum differs. DU02: a payment
        information id twice. CH21: a blank id. DT02: no creation time. BE05, BE15: no usable initiating party.
        From the counts on, ``facts["message_id"]`` says which file it was.
    """
    root = parse_message(raw, PAIN_001, size_max)
    header = child(root, "GrpHdr")
    assert header is not None, "the schema asks for it"
    message_id = _required(header, "MsgId")
    duplicates = Duplicates()
    groups: list[PaymentGroup] = []
    seen: set[str] = set()
    position = 1
    for element in children(root, "PmtInf"):
        group = _read_group(element, position, today or datetime.now(UTC).date(), duplicates)
        if group.payment_information_id in seen:
            detail = f"payment information id {group.payment_information_id!r} stands twice in the file"
            raise InvalidInput(detail, field="PmtInfId", reason="DU02", message_id=message_id)
        seen.add(group.payment_information_id)
        _require_totals(element, f"payment information {group.payment_information_id!r}", group, message_id)
        groups.append(group)
        position += group.number_of_transactions
    file = PaymentFile(
        message_id=message_id,
        created_at=_read_creation_time(header),
        initiating_party=_read_initiating_party(header),
        number_of_transactions=position - 1,
        control_sum=_total(group.control_sum for group in groups),
        groups=tuple(groups),
    )
    _require_totals(header, "the group header", file, message_id)
    return file


def _read_group(element: etree._Element, position: int, today: date, duplicates: Duplicates) -> PaymentGroup:
    facts = _read_group_facts(element, today)
    orders: list[PaymentOrder] = []
    amounts: list[Decimal] = []
    for transaction in children(element, "CdtTrfTxInf"):
        order = _read_order(transaction, facts, position + len(orders))
        first = duplicates.first_position(order)
        if first is not None and order.problem is None:
            order = replace(order, problem=Problem("AM05", f"the same payment as number {first} of this file"))
        orders.append(order)
        amounts.append(Decimal(order.amount_text))
    return PaymentGroup(facts.payment_information_id, len(orders), _total(amounts), tuple(orders))


def _read_group_facts(element: etree._Element, today: date) -> _GroupFacts:
    findings = Findings()
    method = text(element, "PmtMtd")
    if method != _CREDIT_TRANSFER:
        findings.note("AG03", f"payment method {method} is not taken, only credit transfers (TRF)")
    requested = text(element, "ReqdExctnDt", "Dt") or text(element, "ReqdExctnDt", "DtTm") or ""
    execution_date = read_execution_date(findings, requested, today)
    debtor_name = read_party(findings, child(element, "Dbtr"), DEBTOR)
    ultimate = child(element, "UltmtDbtr")
    if ultimate is not None:
        check_address(findings, ultimate, DEBTOR)
    debtor_account = read_account(findings, child(element, "DbtrAcct"), DEBTOR)
    debtor_agent_bic, _ = read_agent(findings, child(element, "DbtrAgt"), DEBTOR)
    return _GroupFacts(
        payment_information_id=_required(element, "PmtInfId"),
        debtor_name=debtor_name,
        debtor_account=debtor_account,
        debtor_currency=text(element, "DbtrAcct", "Ccy"),
        debtor_agent_bic=debtor_agent_bic,
        requested_execution_date=execution_date,
        charge_bearer=text(element, "ChrgBr") or "SLEV",
        priority=text(element, "PmtTpInf", "InstrPrty") or "NORM",
        problem=findings.problem,
    )


def _read_order(transaction: etree._Element, facts: _GroupFacts, position: int) -> PaymentOrder:
    findings = Findings(facts.problem)
    end_to_end_id = text(transaction, "PmtId", "EndToEndId")
    if end_to_end_id is None:
        findings.note("FF08", "the end-to-end id is blank")
    uetr = text(transaction, "PmtId", "UETR")
    amount_text, amount_minor, currency = read_amount(findings, transaction)
    if facts.debtor_currency not in (None, currency):
        findings.note("AC09", f"the debtor account holds {facts.debtor_currency}, the amount is in {currency}")
    creditor_agent_bic, creditor_agent_lei = read_agent(findings, child(transaction, "CdtrAgt"), CREDITOR)
    creditor_name = read_party(findings, child(transaction, "Cdtr"), CREDITOR)
    for name, side in (("UltmtDbtr", DEBTOR), ("UltmtCdtr", CREDITOR)):
        ultimate = child(transaction, name)
        if ultimate is not None:
            check_address(findings, ultimate, side)
    creditor_account = read_account(findings, child(transaction, "CdtrAcct"), CREDITOR)
    return PaymentOrder(
        position=position,
        payment_information_id=facts.payment_information_id,
        instruction_id=text(transaction, "PmtId", "InstrId"),
        end_to_end_id=end_to_end_id or "",
        uetr=None if uetr is None else findings.parsed(parse_uetr, uetr),
        debtor_name=facts.debtor_name,
        debtor_account=facts.debtor_account,
        debtor_agent_bic=facts.debtor_agent_bic,
        creditor_name=creditor_name,
        creditor_account=creditor_account,
        creditor_agent_bic=creditor_agent_bic,
        creditor_agent_lei=creditor_agent_lei,
        amount_text=amount_text,
        amount_minor=amount_minor,
        currency=currency,
        requested_execution_date=facts.requested_execution_date,
        charge_bearer=text(transaction, "ChrgBr") or facts.charge_bearer,
        priority=text(transaction, "PmtTpInf", "InstrPrty") or facts.priority,
        remittance=_read_remittance(transaction),
        problem=findings.problem,
    )


def _read_remittance(transaction: etree._Element) -> str:
    remittance = child(transaction, "RmtInf")
    if remittance is None:
        return ""
    parts = [(line.text or "").strip() for line in children(remittance, "Ustrd")]
    parts += [text(part, "CdtrRefInf", "Ref") or "" for part in children(remittance, "Strd")]
    return " ".join(part for part in parts if part)


def _read_initiating_party(header: etree._Element) -> InitiatingParty:
    element = child(header, "InitgPty")
    assert element is not None, "the schema asks for it"
    bic, lei = text(element, "Id", "OrgId", "AnyBIC"), text(element, "Id", "OrgId", "LEI")
    try:
        party = InitiatingParty(
            name=text(element, "Nm"),
            lei=lei and parse_lei(lei),
            bic=bic and parse_bic(bic),
            other_id=text(element, "Id", "OrgId", "Othr", "Id") or text(element, "Id", "PrvtId", "Othr", "Id"),
        )
    except InvalidInput as error:
        raise InvalidInput(f"initiating party: {error.detail}", field="InitgPty", reason="BE15") from None
    if not party.reference:
        raise InvalidInput("the initiating party has neither an id nor a name", field="InitgPty", reason="BE05")
    return party


def _read_creation_time(header: etree._Element) -> datetime:
    written = text(header, "CreDtTm") or ""
    try:
        created = datetime.fromisoformat(written)
        return created if created.tzinfo else created.replace(tzinfo=UTC)
    except ValueError:
        detail = f"{written[:40]!r} is not a creation time we can tell"
        raise InvalidInput(detail, field="CreDtTm", reason="DT02") from None


def _require_totals(element: etree._Element, where: str, found: PaymentGroup | PaymentFile, message_id: str) -> None:
    """Refuse the file when the count or control sum that ``element`` states is not the one found."""
    count, total = text(element, "NbOfTxs"), text(element, "CtrlSum")
    if count is not None and int(count) != found.number_of_transactions:
        detail = f"{where} states {int(count)} transactions, there are {found.number_of_transactions}"
        raise InvalidInput(detail, field="NbOfTxs", reason="AM18", message_id=message_id)
    if total is not None and Decimal(total) != found.control_sum:
        detail = f"{where} states the control sum {total}, the amounts add up to {found.control_sum:f}"
        raise InvalidInput(detail, field="CtrlSum", reason="AM10", message_id=message_id)


def _total(amounts: Iterable[Decimal]) -> Decimal:
    with localcontext(prec=_SUM_DIGITS):
        return sum(amounts, Decimal(0))


def _required(element: etree._Element, name: str) -> str:
    found = text(element, name)
    if found is None:
        raise InvalidInput(f"{name} is blank", field=name, reason="CH21")
    return found
