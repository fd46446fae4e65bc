"""Forced transfers: money moved by an order from outside, without its holder's signature.

Source: docs/decisions/0008-authority-and-policy.md.
"""

from __future__ import annotations

from typing import Final

from wallet.domain.identifiers import AccountId, Uetr, uetr_bytes
from wallet.domain.words import address_word, keccak256, short_word, uint_word

_FORCED_TAG: Final = keccak256(b"vostro.forced.1")


def forced_reference(
    uetr: Uetr, debtor: AccountId, creditor: AccountId, token: str, amount_minor: int, order_reference: bytes
) -> bytes:
    """Return the reference of the FORCED entries of one transfer, which is also its UETR's mark."""
    return keccak256(
        _FORCED_TAG
        + short_word(uetr_bytes(uetr))
        + address_word(debtor)
        + address_word(creditor)
        + address_word(token)
        + uint_word(amount_minor)
        + order_reference
    )
