// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {ILedger} from "../interfaces/ILedger.sol";
import {Checks} from "./Checks.sol";
import {Workspace} from "./Workspace.sol";

/// @title Settlement of payment batches: the hot path
/// @notice Reads packed calldata and packed storage words directly. Its shape is what a payment costs on a Python EVM:
/// nine storage reads, five writes (six under a day limit), one recovery per signature, one event.
abstract contract Settlement is ILedger, Checks {
    /// @inheritdoc ILedger
    function settle(bytes calldata items) external {
        Workspace.reserve();
        _requireRole(OPERATOR);
        uint256 day = _requireMovable();
        _prepareInstructions(INSTRUCTION_TYPE);
        _prepareEntries(PAYMENT, day);
        uint256 start;
        uint256 end;
        assembly ("memory-safe") {
            start := items.offset
            end := add(start, items.length)
        }
        for (uint256 item = start; item < end;) {
            uint256 next = _itemEnd(item, start, end);
            _settleItem(item, day);
            item = next;
        }
    }

    /// @dev Settles one item, or refuses it with an event, and with a mark when its signatures held.
    function _settleItem(uint256 item, uint256 day) private {
        uint256 markSlot = _markSlot(_uetr(item));
        uint256 debtorBase = _recordBase(_debtor(item));
        (uint256 code, uint256 policy, bytes32 structHash) = _checkAuthority(item, debtorBase, markSlot);
        if (code != 0) return _emitRefused(item, code, 0, 0);

        uint256 amount = _field(Workspace.INSTRUCTION_AMOUNT);
        address creditor = address(uint160(_field(Workspace.INSTRUCTION_CREDITOR)));
        uint256 creditorBase = _recordBase(creditor);
        unchecked {
            code = _checkParties(amount, _token(item), policy, _load(creditorBase + 2), creditorBase == debtorBase);
            uint256 limit;
            uint256 needed;
            if (code != 0) {
                (limit, needed) = _partyNumbers(code, amount);
                return _refuseForGood(item, markSlot, code, limit, needed);
            }

            uint256 usage = _load(debtorBase + 3);
            uint256 balances = _load(debtorBase);
            uint256 charged;
            (code, limit, needed, charged) = _checkMoney(amount, policy, usage, balances, day);
            if (code == 0 && policy & COUNTERPARTIES_MASK != 0) {
                (code, limit, needed) = _chargeCounterparty(_debtor(item), creditor, amount, day);
            }
            if (code != 0) return _refuseForGood(item, markSlot, code, limit, needed);

            _store(markSlot, uint256(structHash));
            _setReference(structHash);
            if (charged != usage) _store(debtorBase + 3, charged);
            uint256 debtorSeq = _book(debtorBase, balances, 0 - amount, creditor);
            uint256 creditorSeq = _book(creditorBase, _load(creditorBase), amount, _debtor(item));
            _emitSettled(structHash, debtorSeq, creditorSeq, day);
        }
    }

    /// @dev The event's data are the instruction's token and amount as they lie in the workspace, and four words written
    /// over the fields behind them, which nobody needs any more.
    function _emitSettled(bytes32 structHash, uint256 debtorSeq, uint256 creditorSeq, uint256 day) private {
        bytes32 topic = PaymentSettled.selector;
        uint256 at = Workspace.INSTRUCTION;
        assembly ("memory-safe") {
            mstore(add(at, 0xc0), structHash)
            mstore(add(at, 0xe0), debtorSeq)
            mstore(add(at, 0x100), creditorSeq)
            mstore(add(at, 0x120), day)
            log4(add(at, 0x80), 0xc0, topic, mload(add(at, 0x20)), mload(add(at, 0x40)), mload(add(at, 0x60)))
        }
    }
}
