// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {Checks} from "../ledger/Checks.sol";
import {Workspace} from "../ledger/Workspace.sol";

/// @title Holds: money reserved now, paid in parts or released later
/// @notice docs/decisions/0009. `item` is the calldata position of a packed hold whose length was checked.
abstract contract Holds is Checks {
    bytes32 private constant HOLD_TYPE = keccak256(
        "HoldInstruction(bytes16 uetr,address debtor,address creditor,address token,uint64 amount,uint64 validAfter,uint64 validUntil,uint8 priority,bytes32 remittanceHash,uint64 expiresAt,address notary,bytes32 condition)"
    );
    bytes32 private constant HOLD_1 = keccak256("vostro.hold.1");
    uint256 private constant AT_EXPIRES = 133;
    uint256 private constant AT_NOTARY = 141;
    uint256 private constant AT_CONDITION = 161;
    uint256 private constant AT_HOLD_SIGNATURES = 193;
    /// @dev Ten words of a payment and three more.
    uint256 private constant HOLD_SIZE = 0x1a0;
    /// @dev `held` in the first word of a record.
    uint256 private constant ONE_HELD = 1 << 64;

    /// @notice See IHolds.
    function placeHolds(bytes calldata items) external {
        Workspace.reserve();
        uint256 day = _requireMovable();
        _requireRole(OPERATOR);
        _prepareInstructions(HOLD_TYPE);
        uint256 start;
        uint256 end;
        assembly ("memory-safe") {
            start := items.offset
            end := add(start, items.length)
        }
        for (uint256 item = start; item < end;) {
            uint256 next = _signaturesEnd(item + AT_HOLD_SIGNATURES, 1, item - start, end);
            _placeItem(item, day);
            item = next;
        }
    }

    /// @notice See IHolds.
    function executeHold(bytes16 hold_, bytes16 uetr, uint64 amount) external {
        Workspace.reserve();
        uint256 day = _requireMovable();
        Hold storage found = _requireOpen(hold_);
        if (msg.sender != found.notary) revert OnlyNotary(hold_, found.notary, msg.sender);
        // Under another UETR than the hold's own: a notary is anybody, and nobody but OPERATOR spends UETRs.
        if (uetr != hold_) _requireRole(OPERATOR);
        if (block.timestamp > found.expiresAt) revert HoldExpired(hold_, found.expiresAt);
        if (amount == 0 || amount > found.remaining) revert BeyondHold(hold_, found.remaining, amount);
        _requireExecutable(uetr, found, amount);

        bytes32 entryReference = keccak256(abi.encode(HOLD_1, bytes32(uetr), found.instructionHash, uint256(amount)));
        _spendExecution(hold_, uetr, entryReference, amount == found.remaining);
        found.remaining -= amount;
        _records[found.debtor].held -= amount;
        _prepareEntries(HOLD, day);
        _setReference(entryReference);
        unchecked {
            _bookEntry(found.debtor, HOLD, entryReference, 0 - uint256(amount), found.creditor, day);
        }
        _bookEntry(found.creditor, HOLD, entryReference, amount, found.debtor, day);
        emit HoldExecuted(hold_, uetr, amount, found.remaining);
    }

    /// @notice See IHolds.
    function releaseHold(bytes16 hold_) external {
        Hold storage found = _requireOpen(hold_);
        bool isOver = block.timestamp > found.expiresAt;
        if (!isOver && msg.sender != found.notary && !_roles[ENFORCER][msg.sender]) {
            revert OnlyNotary(hold_, found.notary, msg.sender);
        }
        uint64 amount = found.remaining;
        found.remaining = 0;
        _records[found.debtor].held -= amount;
        emit HoldReleased(hold_, found.debtor, amount);
    }

    /// @dev Reserves one item's money, or refuses it as `settle` refuses a payment.
    function _placeItem(uint256 item, uint256 day) private {
        uint256 markSlot = _markSlot(_uetr(item));
        address debtor = _debtor(item);
        uint256 base = _recordBase(debtor);
        (uint256 code, uint256 policy) = _checkIdentity(item, base, markSlot);
        if (code != 0) return _emitRefused(item, code, 0, 0);
        bytes32 structHash = _hashHold(item);
        code = _checkSignatures(item, item + AT_HOLD_SIGNATURES, policy, structHash);
        if (code == 0 && block.timestamp >= _uint64At(item + AT_EXPIRES)) code = EXPIRED;
        if (code != 0) return _emitRefused(item, code, 0, 0);

        uint256 limit;
        uint256 needed;
        uint256 charged;
        (code, limit, needed, charged) = _checkHold(item, policy, base, day);
        if (code == 0 && policy & COUNTERPARTIES_MASK != 0) {
            (code, limit, needed) = _chargeCounterparty(debtor, _creditor(item), _amount(item), day);
        }
        if (code != 0) return _refuseForGood(item, markSlot, code, limit, needed);

        _store(markSlot, uint256(structHash));
        _store(base + 3, charged);
        _store(base, _load(base) + _amount(item) * ONE_HELD);
        _keep(item, structHash, day);
    }

    /// @dev Checks 6 to 15.
    function _checkHold(uint256 item, uint256 policy, uint256 base, uint256 day)
        private
        view
        returns (uint256 code, uint256 limit, uint256 needed, uint256 charged)
    {
        uint256 creditorBase = _recordBase(_creditor(item));
        uint256 amount = _amount(item);
        code = _checkParties(amount, _token(item), policy, _load(creditorBase + 2), creditorBase == base);
        if (code == 0) return _checkMoney(amount, policy, _load(base + 3), _load(base), day);
        (limit, needed) = _partyNumbers(code, amount);
    }

    function _keep(uint256 item, bytes32 structHash, uint256 day) private {
        uint64 amount = uint64(_amount(item));
        Hold memory made = Hold(
            _debtor(item),
            amount,
            _creditor(item),
            amount,
            _addressAt(item + AT_NOTARY),
            _uint64At(item + AT_EXPIRES),
            _word(item + AT_CONDITION),
            structHash
        );
        _holds[_uetr(item)] = made;
        emit HoldPlaced(
            _uetr(item),
            made.debtor,
            made.creditor,
            amount,
            made.expiresAt,
            made.notary,
            made.condition,
            structHash,
            uint32(day)
        );
    }

    /// @dev Returns the hold's struct hash, and leaves its fields in the workspace.
    function _hashHold(uint256 item) private pure returns (bytes32) {
        _copyInstruction(item);
        uint256 at = Workspace.INSTRUCTION_MORE;
        assembly ("memory-safe") {
            mstore(at, shr(192, calldataload(add(item, AT_EXPIRES))))
            mstore(add(at, 0x20), shr(96, calldataload(add(item, AT_NOTARY))))
            mstore(add(at, 0x40), calldataload(add(item, AT_CONDITION)))
        }
        return _hashCopied(HOLD_SIZE);
    }

    function _requireOpen(bytes16 hold_) private view returns (Hold storage found) {
        found = _holds[hold_];
        if (found.amount == 0) revert UnknownHold(hold_);
        if (found.remaining == 0) revert HoldClosed(hold_);
    }

    /// @dev What is left of a hold may be paid under the hold's own UETR, which nobody else can spend: the hold marked it.
    function _spendExecution(bytes16 hold_, bytes16 uetr, bytes32 entryReference, bool isLast) private {
        if (uetr == hold_ && isLast) {
            _store(_markSlot(uetr), uint256(entryReference));
        } else {
            _spend(uetr, entryReference);
        }
    }

    /// @dev Both accounts' states allow it, and what is frozen stays: a freeze binds holds too.
    function _requireExecutable(bytes16 uetr, Hold storage found, uint64 amount) private view {
        Record storage debtor = _records[found.debtor];
        uint256 code = _checkStates(debtor.state, _records[found.creditor].state);
        if (code != 0) revert NotSettleable(uetr, found.debtor, uint8(code), 0, 0);
        uint64 free = debtor.balance > debtor.frozen ? debtor.balance - debtor.frozen : 0;
        if (amount > free) revert NotSettleable(uetr, found.debtor, uint8(INSUFFICIENT_FUNDS), free, amount);
    }
}
