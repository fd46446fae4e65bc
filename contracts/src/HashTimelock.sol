// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IHashTimelock} from "./interfaces/IHashTimelock.sol";
import {ILedger} from "./interfaces/ILedger.sol";
import {ILedgerRecords} from "./interfaces/ILedgerRecords.sol";

/// @title Hash locks
/// @notice See IHashTimelock. Keeps nothing of its own: a lock is a hold of the ledger.
contract HashTimelock is IHashTimelock {
    ILedger private immutable _ledger;

    constructor(address ledger_) {
        _ledger = ILedger(ledger_);
    }

    /// @inheritdoc IHashTimelock
    function claim(bytes16 hold, bytes32 preimage) external {
        ILedgerRecords.Hold memory placed = _ledger.hold(hold);
        if (placed.notary != address(this)) revert NotALock(hold);
        if (sha256(abi.encode(preimage)) != placed.condition) revert WrongPreimage(hold, placed.condition);
        emit Claimed(hold, preimage);
        _ledger.executeHold(hold, hold, placed.remaining);
    }

    /// @inheritdoc IHashTimelock
    function refund(bytes16 hold) external {
        ILedgerRecords.Hold memory placed = _ledger.hold(hold);
        if (placed.notary != address(this)) revert NotALock(hold);
        if (block.timestamp <= placed.expiresAt) revert NotExpired(hold, placed.expiresAt);
        emit Refunded(hold);
        _ledger.releaseHold(hold);
    }

    /// @inheritdoc IHashTimelock
    function ledger() external view returns (address) {
        return address(_ledger);
    }
}
