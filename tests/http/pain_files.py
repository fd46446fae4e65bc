"""Small pain.001 files, as a bank would send them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from decimal import Decimal
from xml.sax.saxutils import escape

from api_world import BANKS, EUR_IBAN, HANSE, LUNEL


@dataclass
class Line:
    amount: str = "10.00"
    creditor: str = EUR_IBAN[HANSE]
    end_to_end_id: str = field(default_factory=lambda: uuid.uuid4().hex[:16])
    uetr: str | None = field(default_factory=lambda: str(uuid.uuid4()))
    currency: str = "EUR"
    debtor: str = EUR_IBAN[LUNEL]
    creditor_bic: str | None = None


def pain001(lines: list[Line], message_id: str = "MSG-1", bic: str = LUNEL, count: int | None = None) -> bytes:
    groups = "".join(_group(number, line) for number, line in enumerate(lines, 1))
    total = sum(Decimal(line.amount) for line in lines)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"><CstmrCdtTrfInitn><GrpHdr>
<MsgId>{message_id}</MsgId><CreDtTm>2026-11-20T16:42:07+01:00</CreDtTm><NbOfTxs>{count or len(lines)}</NbOfTxs>
<CtrlSum>{total}</CtrlSum><InitgPty><Nm>{escape(BANKS[bic][1])}</Nm><Id><OrgId><AnyBIC>{bic}</AnyBIC>
<LEI>{BANKS[bic][0]}</LEI></OrgId></Id></InitgPty></GrpHdr>{groups}</CstmrCdtTrfInitn></Document>""".encode()


def _group(number: int, line: Line) -> str:
    uetr = f"<UETR>{line.uetr}</UETR>" if line.uetr else ""
    agent = ""
    if line.creditor_bic:
        agent = f"<CdtrAgt><FinInstnId><BICFI>{line.creditor_bic}</BICFI></FinInstnId></CdtrAgt>"
    return f"""<PmtInf><PmtInfId>GROUP-{number}</PmtInfId><PmtMtd>TRF</PmtMtd>
<ReqdExctnDt><Dt>2026-11-20</Dt></ReqdExctnDt><Dbtr><Nm>Banque Lunel et Cie</Nm></Dbtr>
<DbtrAcct><Id><IBAN>{line.debtor}</IBAN></Id></DbtrAcct>
<DbtrAgt><FinInstnId><Othr><Id>NOTPROVIDED</Id></Othr></FinInstnId></DbtrAgt><CdtTrfTxInf>
<PmtId><InstrId>I-{number}</InstrId><EndToEndId>{line.end_to_end_id}</EndToEndId>{uetr}</PmtId>
<Amt><InstdAmt Ccy="{line.currency}">{line.amount}</InstdAmt></Amt>{agent}<Cdtr><Nm>Hansekontor Bank AG</Nm></Cdtr>
<CdtrAcct><Id><IBAN>{line.creditor}</IBAN></Id></CdtrAcct></CdtTrfTxInf></PmtInf>"""
