// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {Workspace} from "../ledger/Workspace.sol";
import {Routes} from "./Routes.sol";

/// @title Interbank payments: one bank's customer pays another's
/// @notice docs/decisions/0010.
abstract contract Interbank is Routes {
    uint256 private constant CONSENT_HEADER = 8;

    /// @notice See IClearing.
    function settleInterbank(bytes calldata items) external {
        Workspace.reserve();
        _requireRole(OPERATOR);
        uint256 day = _requireMovable();
        _prepareInstructions(INSTRUCTION_TYPE);
        _prepareEntries(INTERBANK, day);
        uint256 start;
        uint256 end;
        assembly ("memory-safe") {
            start := items.offset
            end := add(start, items.length)
        }
        for (uint256 item = start; item < end;) {
            uint256 consent = _itemEnd(item, start, end);
            uint256 next = _signaturesEnd(consent + CONSENT_HEADER, 0, item - start, end);
            _settleItem(item, consent, day);
            item = next;
        }
    }

    function _settleItem(uint256 item, uint256 consent, uint256 day) private {
        uint256 markSlot = _markSlot(_uetr(item));
        (uint256 code, uint256 policy, bytes32 structHash) =
            _checkAuthority(item, _recordBase(_debtor(item)), markSlot);
        if (code != 0) return _emitRefused(item, code, 0, 0);

        Refusal memory refusal = _checkEnds(item, policy, _records[_creditor(item)].token, true);
        if (refusal.code == 0) refusal = _tryDebit(_debtor(item), _creditor(item), _amount(item), day, false);
        if (refusal.code != 0) return _refuseForGood(item, markSlot, refusal.code, refusal.limit, refusal.needed);

        Route memory route = _planRoute(_debtor(item), _creditor(item), _amount(item));
        uint256 list = consent + CONSENT_HEADER;
        refusal = _checkRoute(route, day);
        if (refusal.code == 0) refusal = _checkConsent(route, structHash, _uint64At(consent), list, day);
        if (refusal.code != 0) return _emitRefused(item, refusal.code, refusal.limit, refusal.needed);

        _store(markSlot, uint256(structHash));
        _tryDebit(route.from, route.to, route.amount, day, true);
        if (route.payer != route.from) _tryDebit(route.payer, route.payee, route.amount, day, true);
        _chargeMandate(route, list, day);
        _setReference(structHash);
        _bookRoute(route, INTERBANK, structHash, day);
        _report(item, route, structHash, day);
    }

    function _report(uint256 item, Route memory route, bytes32 structHash, uint256 day) private {
        emit InterbankSettled(
            _uetr(item),
            route.from,
            route.to,
            uint64(route.amount),
            route.payer,
            route.payee,
            structHash,
            uint32(day)
        );
    }
}
