"""Why a payment was refused: the ledger's codes, and the ISO 20022 external reason code of each.

Source: docs/decisions/0004-ledger-hot-path.md and 0008-authority-and-policy.md; ISO 20022 External Code Sets,
ExternalStatusReason1Code.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final


class RefusalCode(IntEnum):
    """The code by which the ledger reports a refused item."""

    DUPLICATE = 1
    UNKNOWN_DEBTOR = 2
    NOT_AUTHORISED = 3
    NOT_YET_VALID = 4
    EXPIRED = 5
    AMOUNT = 6
    TOKEN = 7
    UNKNOWN_CREDITOR = 8
    DEBTOR_BLOCKED = 9
    CREDITOR_BLOCKED = 10
    DEBTOR_CLOSED = 11
    CREDITOR_CLOSED = 12
    OVER_PAYMENT_LIMIT = 13
    OVER_DAY_LIMIT = 14
    INSUFFICIENT_FUNDS = 15
    OVER_COUNTERPARTY_LIMIT = 16
    RESERVED_UETR = 17
    NO_CONSENT = 18
    OVER_MANDATE = 19
    NO_LIQUIDITY = 20
    QUOTE_INVALID = 21
    BELOW_MINIMUM = 22
    OVER_CHARGES = 23
    AGENT_BLOCKED = 24
    OVER_PROVIDER_LIMIT = 25


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a code means: ``iso`` for messages, ``rule`` for people, ``is_final`` whether the UETR is spent by it."""

    iso: str
    rule: str
    is_final: bool


REFUSALS: Final[dict[RefusalCode, Refusal]] = {
    RefusalCode.DUPLICATE: Refusal("AM05", "the UETR has been used before", False),
    RefusalCode.UNKNOWN_DEBTOR: Refusal("AC02", "the debtor account does not exist", False),
    RefusalCode.NOT_AUTHORISED: Refusal("DS0H", "the signatures do not authorise this payment", False),
    RefusalCode.NOT_YET_VALID: Refusal("DT01", "the instruction is not valid yet", False),
    RefusalCode.EXPIRED: Refusal("AB01", "the instruction expired before it settled", False),
    RefusalCode.AMOUNT: Refusal("AM02", "the amount is zero or too large", True),
    RefusalCode.TOKEN: Refusal("AC09", "debtor and creditor do not both hold this currency", True),
    RefusalCode.UNKNOWN_CREDITOR: Refusal("AC03", "the creditor account does not exist", True),
    RefusalCode.DEBTOR_BLOCKED: Refusal("AC06", "the debtor account is blocked for debits", True),
    RefusalCode.CREDITOR_BLOCKED: Refusal("AC06", "the creditor account is blocked for credits", True),
    RefusalCode.DEBTOR_CLOSED: Refusal("AC05", "the debtor account is closed", True),
    RefusalCode.CREDITOR_CLOSED: Refusal("AC07", "the creditor account is closed", True),
    RefusalCode.OVER_PAYMENT_LIMIT: Refusal("AM14", "the amount is above the account's limit per payment", True),
    RefusalCode.OVER_DAY_LIMIT: Refusal("AM14", "the amount exceeds what is left of the account's limit today", True),
    RefusalCode.INSUFFICIENT_FUNDS: Refusal("AM04", "the available balance is below the amount", True),
    RefusalCode.OVER_COUNTERPARTY_LIMIT: Refusal("AM14", "the amount exceeds today's limit to this creditor", True),
    RefusalCode.RESERVED_UETR: Refusal("AM05", "the UETR is reserved for netting orders", False),
    RefusalCode.NO_CONSENT: Refusal("MD01", "the creditor's bank has not consented", False),
    RefusalCode.OVER_MANDATE: Refusal("AM14", "the amount exceeds what the creditor's bank mandates", False),
    RefusalCode.NO_LIQUIDITY: Refusal("ED05", "a settlement account cannot pay its leg", False),
    RefusalCode.QUOTE_INVALID: Refusal("ED05", "the quote is not signed, expired, for other tokens, or used up", False),
    RefusalCode.BELOW_MINIMUM: Refusal("ED05", "the creditor would get less than the minimum", False),
    RefusalCode.OVER_CHARGES: Refusal("ED05", "the charges are above what the debtor allows", False),
    RefusalCode.AGENT_BLOCKED: Refusal("AG01", "a settlement or provider account does not let this pass", False),
    RefusalCode.OVER_PROVIDER_LIMIT: Refusal("AM14", "the amount exceeds today's limit to the provider", False),
}
