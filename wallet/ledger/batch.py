"""Reading a packed batch back, as it stands in a transaction's calldata.

Source: docs/decisions/0003-payment-instruction.md.
"""

from __future__ import annotations

from typing import Final

from wallet.domain.errors import InvalidInput
from wallet.domain.identifiers import AccountId, uetr_from_bytes
from wallet.domain.instructions import SIGNATURES_MAX, PaymentInstruction, SignedInstruction

_HEAD_SIZE: Final = 134
_SIGNATURE_SIZE: Final = 65


def unpack_batch(packed: bytes) -> list[SignedInstruction]:
    """Return the items of a packed batch in their order.

    Raises
    ------
    InvalidInput
        The bytes do not end at the end of an item, or an item has no 1 to 16 signatures: the ledger reverts on those.
    """
    items = []
    position = 0
    while position < len(packed):
        count = packed[position + _HEAD_SIZE - 1] if position + _HEAD_SIZE <= len(packed) else 0
        end = position + _HEAD_SIZE + count * _SIGNATURE_SIZE
        if not 1 <= count <= SIGNATURES_MAX or end > len(packed):
            raise InvalidInput(f"the batch is malformed at byte {position}", field="items", position=position)
        items.append(_unpack_item(packed[position:end], count))
        position = end
    return items


def _unpack_item(item: bytes, count: int) -> SignedInstruction:
    signatures = item[_HEAD_SIZE:]
    return SignedInstruction(
        PaymentInstruction(
            uetr=uetr_from_bytes(item[:16]),
            debtor=AccountId("0x" + item[16:36].hex()),
            creditor=AccountId("0x" + item[36:56].hex()),
            token="0x" + item[56:76].hex(),
            amount_minor=int.from_bytes(item[76:84], "big"),
            valid_after=int.from_bytes(item[84:92], "big"),
            valid_until=int.from_bytes(item[92:100], "big"),
            priority=item[100],
            remittance_hash=item[101:133],
        ),
        tuple(
            signatures[start : start + _SIGNATURE_SIZE] for start in range(0, count * _SIGNATURE_SIZE, _SIGNATURE_SIZE)
        ),
    )
