"""Status reports: what became of a payment file, written as pain.002 and read back."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation, localcontext
from textwrap import wrap
from typing import Final

from lxml import etree

from wallet.domain.errors import InvalidInput
from wallet.iso20022.elements import child, children, text
from wallet.iso20022.status_report import GroupStatus, StatusReport, TransactionStatus
from wallet.iso20022.xml import PAIN_002, SIZE_MAX, parse_message

_NOT_IN_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_REASON_CODE: Final = re.compile(r"[A-Z0-9]{1,4}")
_ID_MAX: Final = 35
_DETAIL_MAX: Final = 105
_SUM_DIGITS_MAX: Final = 18
_DETAILS_MAX: Final = 4
"""Lines of additional information that one reason gets."""


def render_pain002(report: StatusReport) -> bytes:
    """Return the report as a schema-valid message in UTF-8, texts cleaned and cut to what their fields hold.

    Raises
    ------
    InvalidInput
        A rejection without a reason, or a value (UETR, amount, BIC) that its field cannot hold.
    """
    document = etree.fromstring(f'<Document xmlns="{PAIN_002.namespace}"/>')
    root = _add(document, PAIN_002.root)
    header = _add(root, "GrpHdr")
    _add(header, "MsgId", _identifier(report.message_id))
    _add(header, "CreDtTm", _time(report.created_at))
    if report.debtor_agent_bic:
        _add(_add(_add(header, "DbtrAgt"), "FinInstnId"), "BICFI", report.debtor_agent_bic)
    _add_original_group(root, report)
    for group in report.groups:
        _add_group(root, group)
    rendered = etree.tostring(document, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    parse_message(rendered, PAIN_002, size_max=len(rendered))
    return rendered


def _add_original_group(root: etree._Element, report: StatusReport) -> None:
    original = _add(root, "OrgnlGrpInfAndSts")
    _add(original, "OrgnlMsgId", _identifier(report.original_message_id))
    _add(original, "OrgnlMsgNmId", _identifier(report.original_message_name))
    if report.original_created_at is not None:
        _add(original, "OrgnlCreDtTm", _time(report.original_created_at))
    _add_totals(original, report.original_number_of_transactions, report.original_control_sum)
    _add(original, "GrpSts", report.iso_status)
    _add_reason(original, report.reason, report.detail)
    _add_counts(original, report.transactions)


def _add_group(root: etree._Element, group: GroupStatus) -> None:
    element = _add(root, "OrgnlPmtInfAndSts")
    _add(element, "OrgnlPmtInfId", _identifier(group.payment_information_id))
    _add_totals(element, group.number_of_transactions, group.control_sum)
    _add(element, "PmtInfSts", group.iso_status)
    _add_counts(element, group.transactions)
    for transaction in group.transactions:
        _add_transaction(element, transaction)


def _add_transaction(group: etree._Element, transaction: TransactionStatus) -> None:
    if transaction.iso_status == "RJCT" and transaction.iso_reason is None:
        detail = f"the rejection of {transaction.end_to_end_id[:_ID_MAX]!r} has no reason"
        raise InvalidInput(detail, field="reason")
    element = _add(group, "TxInfAndSts")
    if transaction.instruction_id:
        _add(element, "OrgnlInstrId", _identifier(transaction.instruction_id))
    _add(element, "OrgnlEndToEndId", _identifier(transaction.end_to_end_id))
    if transaction.uetr:
        _add(element, "OrgnlUETR", transaction.uetr)
    _add(element, "TxSts", transaction.iso_status)
    _add_reason(element, transaction.iso_reason, transaction.detail)
    if transaction.accepted_at is not None:
        _add(element, "AccptncDtTm", _time(transaction.accepted_at))
    if transaction.amount is not None and transaction.currency is not None:
        amount = _add(_add(_add(element, "OrgnlTxRef"), "Amt"), "InstdAmt", transaction.amount)
        amount.set("Ccy", transaction.currency)


def _add_totals(parent: etree._Element, count: int | None, total: Decimal | None) -> None:
    if count is not None:
        _add(parent, "OrgnlNbOfTxs", str(count))
    _add_sum(parent, "OrgnlCtrlSum", total)


def _add_sum(parent: etree._Element, name: str, total: Decimal | None) -> None:
    # A sum may have more digits than its field has (the addends are large); it is optional, so it is left out then.
    if total is not None and len(f"{total:f}".replace(".", "")) <= _SUM_DIGITS_MAX:
        _add(parent, name, f"{total:f}")


def _add_reason(parent: etree._Element, reason: str | None, detail: str | None) -> None:
    if reason is None:
        return
    information = _add(parent, "StsRsnInf")
    kind = "Cd" if _REASON_CODE.fullmatch(reason) else "Prtry"
    _add(_add(information, "Rsn"), kind, _identifier(reason))
    for line in wrap(_clean(detail or ""), _DETAIL_MAX, break_on_hyphens=False)[:_DETAILS_MAX]:
        _add(information, "AddtlInf", line)


def _add_counts(parent: etree._Element, transactions: Sequence[TransactionStatus]) -> None:
    counts = Counter(one.iso_status for one in transactions)
    for status, count in sorted(counts.items()):
        element = _add(parent, "NbOfTxsPerSts")
        _add(element, "DtldNbOfTxs", str(count))
        _add(element, "DtldSts", status)
        _add_sum(element, "DtldCtrlSum", _sum([one.amount for one in transactions if one.iso_status == status]))


def _sum(amounts: Sequence[str | None]) -> Decimal | None:
    """Return the sum, or None where an amount is not known."""
    known = [amount for amount in amounts if amount is not None]
    if len(known) < len(amounts):
        return None
    try:
        with localcontext(prec=60):
            return sum((Decimal(amount) for amount in known), Decimal(0))
    except InvalidOperation:
        raise InvalidInput("an amount to be reported is no decimal", field="amount") from None


def read_pain002(raw: bytes, *, size_max: int = SIZE_MAX) -> StatusReport:
    """Return the report in a pain.002 as we write it; InvalidInput if it cannot be read or is not schema-valid."""
    root = parse_message(raw, PAIN_002, size_max)
    header, original = child(root, "GrpHdr"), child(root, "OrgnlGrpInfAndSts")
    assert header is not None and original is not None, "the schema asks for both"
    created_at = _read_time(header, "CreDtTm")
    assert created_at is not None, "the schema asks for it"
    reason, detail = _read_reason(original)
    count, total = _read_totals(original)
    return StatusReport(
        message_id=text(header, "MsgId") or "",
        created_at=created_at,
        original_message_id=text(original, "OrgnlMsgId") or "",
        groups=tuple(_read_group(group) for group in children(root, "OrgnlPmtInfAndSts")),
        original_message_name=text(original, "OrgnlMsgNmId") or "",
        original_created_at=_read_time(original, "OrgnlCreDtTm"),
        original_number_of_transactions=count,
        original_control_sum=total,
        reason=reason,
        detail=detail,
        debtor_agent_bic=text(header, "DbtrAgt", "FinInstnId", "BICFI"),
    )


def _read_group(group: etree._Element) -> GroupStatus:
    count, total = _read_totals(group)
    return GroupStatus(
        payment_information_id=text(group, "OrgnlPmtInfId") or "",
        transactions=tuple(_read_transaction(one) for one in children(group, "TxInfAndSts")),
        number_of_transactions=count,
        control_sum=total,
    )


def _read_transaction(element: etree._Element) -> TransactionStatus:
    reason, detail = _read_reason(element)
    amount = child(element, "OrgnlTxRef", "Amt", "InstdAmt")
    return TransactionStatus(
        end_to_end_id=text(element, "OrgnlEndToEndId") or "",
        status=text(element, "TxSts") or "",
        instruction_id=text(element, "OrgnlInstrId"),
        uetr=text(element, "OrgnlUETR"),
        reason=reason,
        detail=detail,
        accepted_at=_read_time(element, "AccptncDtTm"),
        amount=None if amount is None else amount.text,
        currency=None if amount is None else amount.get("Ccy"),
    )


def _read_reason(element: etree._Element) -> tuple[str | None, str | None]:
    information = child(element, "StsRsnInf")
    if information is None:
        return None, None
    explanation = " ".join(line.text or "" for line in children(information, "AddtlInf"))
    return text(information, "Rsn", "Cd") or text(information, "Rsn", "Prtry"), explanation or None


def _read_totals(element: etree._Element) -> tuple[int | None, Decimal | None]:
    count, total = text(element, "OrgnlNbOfTxs"), text(element, "OrgnlCtrlSum")
    return None if count is None else int(count), None if total is None else Decimal(total)


def _read_time(element: etree._Element, name: str) -> datetime | None:
    written = text(element, name)
    try:
        return None if written is None else datetime.fromisoformat(written)
    except ValueError:
        raise InvalidInput(f"{written!r} is not a time we can tell", field=name, reason="DT02") from None


def _add(parent: etree._Element, name: str, content: str | None = None) -> etree._Element:
    element = etree.SubElement(parent, f"{{{PAIN_002.namespace}}}{name}")
    element.text = content
    return element


def _clean(content: str) -> str:
    """Drop what XML cannot carry, and make every run of white space one blank."""
    return " ".join(_NOT_IN_XML.sub("", content).split())


def _identifier(content: str) -> str:
    return _clean(content)[:_ID_MAX].strip() or "NOTPROVIDED"


def _time(moment: datetime) -> str:
    """Write a time in UTC with an explicit offset, whole milliseconds: what CBPR+ asks for, and never a ``Z``."""
    if moment.tzinfo is None:
        raise InvalidInput("a time without an offset cannot be reported", field="created_at")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
