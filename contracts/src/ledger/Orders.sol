// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {ILedger} from "../interfaces/ILedger.sol";
import {Checks} from "./Checks.sol";
import {Workspace} from "./Workspace.sol";

/// @title What courts and authorities order: freezes and forced transfers
/// @notice docs/decisions/0008.
abstract contract Orders is ILedger, Checks {
    bytes32 private constant FORCED_1 = keccak256("vostro.forced.1");

    /// @inheritdoc ILedger
    function setFrozen(address account, uint64 amount, bytes32 orderReference) external {
        _requireRole(COMPLIANCE);
        if (orderReference == 0) revert OrderMissing();
        if (_records[account].state == 0) revert UnknownAccount(account);
        if (amount > MAX_MINOR) revert AmountOutOfRange(amount, uint64(MAX_MINOR));
        _setFrozen(account, amount, orderReference);
    }

    /// @inheritdoc ILedger
    function forcedTransfer(bytes16 uetr, address from, address to, uint64 amount, bytes32 orderReference) external {
        Workspace.reserve();
        _requireRole(ENFORCER);
        if (orderReference == 0) revert OrderMissing();
        uint256 day = _businessDay;
        if (day == 0) revert BusinessDayNotOpen();
        _requireForcible(from, to, amount);

        _unfreezeTaken(from, amount, orderReference);
        address token_ = _records[from].token;
        bytes32 entryReference = keccak256(
            abi.encode(FORCED_1, bytes32(uetr), from, to, token_, uint256(amount), orderReference)
        );
        _spend(uetr, entryReference);
        _prepareEntries(FORCED, day);
        _setReference(entryReference);
        unchecked {
            _bookEntry(from, FORCED, entryReference, 0 - uint256(amount), to, day);
        }
        _bookEntry(to, FORCED, entryReference, amount, from, day);
        emit ForcedTransferred(uetr, from, to, amount, orderReference);
    }

    function _setFrozen(address account, uint64 amount, bytes32 orderReference) private {
        _records[account].frozen = amount;
        emit FrozenChanged(account, amount, orderReference);
    }

    /// @dev Frozen money that is taken is frozen no longer: the order that froze it is executed so far.
    function _unfreezeTaken(address from, uint64 amount, bytes32 orderReference) private {
        Record storage debtor = _records[from];
        uint64 free = debtor.balance - debtor.held;
        uint64 unfrozen = free > debtor.frozen ? free - debtor.frozen : 0;
        if (amount > unfrozen) _setFrozen(from, debtor.frozen - (amount - unfrozen), orderReference);
    }

    function _requireForcible(address from, address to, uint64 amount) private view {
        if (from == to) revert SameAccount(from);
        Record storage debtor = _records[from];
        Record storage creditor = _records[to];
        if (debtor.state == 0) revert UnknownAccount(from);
        if (creditor.state == 0) revert UnknownAccount(to);
        if (creditor.state == CLOSED) revert AccountClosed(to);
        if (debtor.token != creditor.token) revert TokenMismatch(to, creditor.token, debtor.token);
        uint64 free = debtor.balance - debtor.held;
        if (amount == 0 || amount > free) revert InsufficientBalance(from, free, amount);
    }
}
