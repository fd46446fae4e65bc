"""The ledger as the dispatcher calls it: which role calls what, with how much gas, and what it would say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from api.dispatch.batches import Call
from wallet.domain.errors import Refused
from wallet.domain.instructions import SignedInstruction, pack_item
from wallet.keys.wire import GAS_MAX
from wallet.ledger import views
from wallet.ledger.calls import (
    encode_confirm,
    encode_open_business_day,
    encode_propose,
    encode_propose_business_day,
    encode_redeem,
)
from wallet.ledger.errors import decode_revert
from wallet.network import Network
from wallet.rpc.client import RpcClient
from wallet.rpc.errors import RpcError
from wallet.transfers.batching import settle_calldata, settle_gas

_GAS_SINGLE: Final = 1_000_000
_REVERTED: Final = 3


class LedgerCalls:
    """Makes the calls of one network's ledger and registry."""

    def __init__(self, rpc: RpcClient, network: Network) -> None:
        self._rpc, self._network = rpc, network

    def settle(self, batch_id: str, items: Sequence[SignedInstruction]) -> Call:
        """Return the call that settles a batch."""
        return self._ledger(f"settle:{batch_id}", "operator", settle_calldata(items), settle_gas(items))

    def redeem(self, batch_id: str, item: SignedInstruction) -> Call:
        """Return the call that redeems."""
        return self._ledger(batch_id, "issuer", encode_redeem(pack_item(item)), _GAS_SINGLE)

    def issue(self, batch_id: str, data: bytes) -> Call:
        """Return the call that issues money."""
        return self._ledger(batch_id, "issuer", data, _GAS_SINGLE)

    def attest(self, batch_id: str, data: bytes) -> Call:
        """Return the call that states reserves."""
        return Call(batch_id, self._network.roles["attestor"], self._network.reserves, data, _GAS_SINGLE)

    def open_business_day(self, batch_id: str, day: int) -> list[Call]:
        """Return the calls that open a business day: one person proposes it, unless somebody has, another opens it."""
        first, second = "calendar", "second_calendar"
        day_proposed, by = self._proposed_business_day()
        is_proposed = day_proposed == day and by in (self._network.roles[first], self._network.roles[second])
        opener = first if is_proposed and by == self._network.roles[second] else second
        opening = self._ledger(f"{batch_id}:open", opener, encode_open_business_day(day), _GAS_SINGLE)
        if is_proposed:
            return [opening]
        return [self._ledger(f"{batch_id}:propose", first, encode_propose_business_day(day), _GAS_SINGLE), opening]

    def change(self, batch_id: str, calls: Sequence[bytes]) -> tuple[Call, Call]:
        """Return the pair of calls by which one person proposes a registry change and another confirms it."""
        registry, roles = self._network.registry, self._network.roles
        return (
            Call(f"{batch_id}:propose", roles["operator"], registry, encode_propose(calls), GAS_MAX),
            Call(f"{batch_id}:confirm", roles["compliance"], registry, encode_confirm(calls), GAS_MAX),
        )

    def try_call(self, call: Call) -> Refused | None:
        """Run a call on the chain's present state; return why it would be refused, or nothing."""
        return self._try(call.submitter, call.recipient, call.data)

    def is_movable(self) -> bool:
        """Tell whether the ledger would move money now: not while it is paused, nor before its first business day."""
        return self.try_call(self.settle("", [])) is None

    def height(self) -> int:
        """Return the height of the chain."""
        return int(self._rpc.call("eth_blockNumber"), 16)

    def try_change(self, change: bytes) -> Refused | None:
        """Run one registry change as if it were confirmed; return why it would be refused, or nothing."""
        return self._try(self._network.registry, self._network.registry, change)

    def try_attest(self, data: bytes) -> Refused | None:
        """Run a statement of reserves on the chain's present state; return why it would be refused, or nothing."""
        return self._try(self._network.roles["attestor"], self._network.reserves, data)

    def try_issue(self, data: bytes) -> Refused | None:
        """Run an issue on the chain's present state; return why it would be refused, or nothing."""
        return self._try(self._network.roles["issuer"], self._network.ledger, data)

    def _proposed_business_day(self) -> tuple[int, str]:
        asked = {"to": self._network.ledger, "data": "0x" + views.encode_proposed_business_day().hex()}
        answer = self._rpc.call("eth_call", [asked, "latest"])
        return views.decode_proposed_business_day(bytes.fromhex(answer[2:]))

    def _ledger(self, submission_id: str, role: str, data: bytes, gas: int) -> Call:
        return Call(submission_id, self._network.roles[role], self._network.ledger, data, gas)

    def _try(self, sender: str, recipient: str, data: bytes) -> Refused | None:
        asked = {"from": sender, "to": recipient, "data": "0x" + data.hex()}
        try:
            self._rpc.call("eth_call", [asked, "latest"])
        except RpcError as error:
            if error.number != _REVERTED:
                raise
            return decode_revert(error.revert_data())
        return None
