// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {ILedger} from "../interfaces/ILedger.sol";
import {Checks} from "./Checks.sol";
import {Workspace} from "./Workspace.sol";

/// @title Settlement of payment batches: the hot path
/// @notice Reads packed calldata and packed storage words directly. Its shape is what a payment costs on a Python EVM:
/// nine storage reads, five writes (six under a day limit), one recovery per signature, one event.
abstract contract Settlement is ILedger, Checks {
    /// @dev What must be as expected in the third word of a record: token and state, and of the debtor that it has no flags.
    uint256 private constant PLAIN_CREDITOR = type(uint160).max | STATE_MASK;
    uint256 private constant PLAIN_DEBTOR = PLAIN_CREDITOR | (0xff << FLAGS_SHIFT);

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

    /// @dev Settles one item. Nearly all have nothing against them, and then the order of the checks does not matter: they
    /// are weighed together. Where there is any doubt, or more to the debtor's policy than a threshold and two limits, the
    /// checks are made one by one.
    function _settleItem(uint256 item, uint256 day) private {
        bytes32 structHash = _hashInstruction(item);
        (uint256 doubts, uint256 markSlot, uint256 debtorBase, uint256 creditorBase, uint256 policy, uint256 charged) =
            _weigh(day);
        uint256 threshold = uint8(policy >> THRESHOLD_SHIFT);
        if (doubts != 0 || !_isAuthorised(item + AT_MORE, _debtor(item), threshold, structHash)) {
            return _settleByRule(item, day);
        }
        _bookPayment(structHash, markSlot, debtorBase, creditorBase, charged, day);
    }

    /// @dev All checks of the instruction in the workspace but that of its signatures, at once, over packed words.
    /// @return doubts Zero when none of the checks 1, 2, 4 to 15 and 17 fails, and the debtor has neither bands nor limits per
    /// counterparty.
    /// @return markSlot Where the UETR's mark belongs.
    /// @return debtorBase Storage base of the debtor's record.
    /// @return creditorBase Storage base of the creditor's record.
    /// @return policy The third word of the debtor's record.
    /// @return charged The fourth word of the debtor's record, with the amount charged to the day.
    function _weigh(uint256 day)
        private
        view
        returns (
            uint256 doubts,
            uint256 markSlot,
            uint256 debtorBase,
            uint256 creditorBase,
            uint256 policy,
            uint256 charged
        )
    {
        uint256 at = Workspace.INSTRUCTION;
        uint256 plainDebtor = PLAIN_DEBTOR;
        uint256 plainCreditor = PLAIN_CREDITOR;
        uint256 open = STATE_OPEN;
        uint256 keptUsage = ~USAGE_MASK;
        assembly ("memory-safe") {
            // Where things lie: the mark under the UETR, the records under their accounts.
            let uetr := mload(add(at, 0x20))
            mstore(0x00, uetr)
            mstore(0x20, _marks.slot)
            markSlot := keccak256(0x00, 0x40)
            mstore(0x20, _records.slot)
            mstore(0x00, mload(add(at, 0x40)))
            debtorBase := keccak256(0x00, 0x40)
            mstore(0x00, mload(add(at, 0x60)))
            creditorBase := keccak256(0x00, 0x40)

            // Not spent, not reserved; two accounts, both open, both of the token; a plain policy.
            let expected := or(mload(add(at, 0x80)), open)
            policy := sload(add(debtorBase, 2))
            doubts := or(sload(markSlot), eq(shr(224, uetr), ORDER_TAG))
            doubts := or(doubts, eq(debtorBase, creditorBase))
            doubts := or(doubts, and(xor(policy, expected), plainDebtor))
            doubts := or(doubts, and(xor(sload(add(creditorBase, 2)), expected), plainCreditor))

            // In time; an amount of 1 … 2**63 - 1, within the limit per payment: a limit of zero is none, and wraps.
            let amount := mload(add(at, 0xa0))
            doubts := or(doubts, or(lt(timestamp(), mload(add(at, 0xc0))), gt(timestamp(), mload(add(at, 0xe0)))))
            doubts := or(doubts, or(iszero(amount), shr(63, amount)))
            doubts := or(doubts, gt(sub(amount, 1), sub(shr(LIMIT_SHIFT, policy), 1)))

            // Within the day's limit, if there is one.
            charged := sload(add(debtorBase, 3))
            let limit := and(charged, LOW_64)
            if limit {
                let needed := amount
                if eq(and(shr(DAY_SHIFT, charged), 0xffffffff), day) {
                    needed := add(needed, and(shr(USED_SHIFT, charged), LOW_64))
                }
                doubts := or(doubts, gt(needed, limit))
                charged := or(and(charged, keptUsage), or(shl(DAY_SHIFT, day), shl(USED_SHIFT, needed)))
            }

            // The balance less held and frozen covers it.
            let balances := sload(debtorBase)
            let bound := add(and(shr(64, balances), LOW_64), and(shr(128, balances), LOW_64))
            doubts := or(doubts, gt(add(bound, amount), and(balances, LOW_64)))
        }
    }

    /// @dev Settles one item, or refuses it with an event, and with a mark when its signatures held: check by check, in
    /// the frozen order.
    function _settleByRule(uint256 item, uint256 day) private {
        uint256 markSlot = _markSlot(_uetr(item));
        uint256 debtorBase = _recordBase(_debtor(item));
        (uint256 code, uint256 policy, bytes32 structHash) = _checkAuthority(item, debtorBase, markSlot);
        if (code != 0) return _emitRefused(item, code, 0, 0);

        uint256 amount = _field(Workspace.INSTRUCTION_AMOUNT);
        uint256 creditorBase = _recordBase(_creditor(item));
        code = _checkParties(amount, _token(item), policy, _load(creditorBase + 2), creditorBase == debtorBase);
        (uint256 limit, uint256 needed) = _partyNumbers(code, amount);
        if (code != 0) return _refuseForGood(item, markSlot, code, limit, needed);

        uint256 charged;
        (code, limit, needed, charged) = _checkMoney(amount, policy, _load(debtorBase + 3), _load(debtorBase), day);
        if (code == 0 && policy & COUNTERPARTIES_MASK != 0) {
            (code, limit, needed) = _chargeCounterparty(_debtor(item), _creditor(item), amount, day);
        }
        if (code != 0) return _refuseForGood(item, markSlot, code, limit, needed);
        _bookPayment(structHash, markSlot, debtorBase, creditorBase, charged, day);
    }

    /// @dev Books the payment in the workspace, which was checked.
    function _bookPayment(
        bytes32 structHash,
        uint256 markSlot,
        uint256 debtorBase,
        uint256 creditorBase,
        uint256 charged,
        uint256 day
    ) private {
        unchecked {
            _store(markSlot, uint256(structHash));
            _store(debtorBase + 3, charged);
            _setReference(structHash);
            uint256 amount = _field(Workspace.INSTRUCTION_AMOUNT);
            uint256 creditor = _field(Workspace.INSTRUCTION_CREDITOR);
            uint256 debtor = _field(Workspace.INSTRUCTION_DEBTOR);
            uint256 debtorSeq = _book(debtorBase, _load(debtorBase), 0 - amount, creditor);
            uint256 creditorSeq = _book(creditorBase, _load(creditorBase), amount, debtor);
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
