// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IHashTimelock} from "./interfaces/IHashTimelock.sol";
import {ILedger} from "./interfaces/ILedger.sol";
import {ILedgerRecords} from "./interfaces/ILedgerRecords.sol";

/// @title Hash locks
/// @notice See IHashTimelock. Keeps nothing of its own: a lock is a hold of the ledger.
contract HashTimelock is IHashTimelock {
    bytes32 private constant CLAIM_1 = keccak256("vostro.claim.1");
    /// @dev Where a packed hold says how many signatures it has, and the size of each.
    uint256 private constant AT_COUNT = 193;
    uint256 private constant SIGNATURE_SIZE = 65;
    /// @dev The bits that make sixteen bytes a UUID of version 4, and those they replace.
    uint128 private constant UUID_4 = 0x00000000000040008000000000000000;
    uint128 private constant UUID_FREE = 0xffffffffffff0fff3fffffffffffffff;

    ILedger private immutable _ledger;

    constructor(address ledger_) {
        _ledger = ILedger(ledger_);
    }

    /// @inheritdoc IHashTimelock
    function lock(bytes calldata item) external {
        bytes16 hold = bytes16(item);
        bool isOneItem = item.length > AT_COUNT && item.length == AT_COUNT + 1 + SIGNATURE_SIZE * uint8(item[AT_COUNT]);
        if (!isOneItem || _ledger.hold(hold).amount != 0) revert NotLocked(hold);
        _ledger.placeHolds(item);
        ILedgerRecords.Hold memory placed = _ledger.hold(hold);
        if (placed.amount == 0) revert NotLocked(hold);
        emit Locked(hold, placed.condition);
    }

    /// @inheritdoc IHashTimelock
    function claim(bytes16 hold, bytes32 preimage) external {
        ILedgerRecords.Hold memory placed = _ledger.hold(hold);
        if (placed.notary != address(this)) revert NotALock(hold);
        if (sha256(abi.encode(preimage)) != placed.condition) revert WrongPreimage(hold, placed.condition);
        bytes16 uetr = claimUetr(hold);
        emit Claimed(hold, uetr, preimage);
        _ledger.executeHold(hold, uetr, placed.remaining);
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

    /// @inheritdoc IHashTimelock
    function claimUetr(bytes16 hold) public pure returns (bytes16) {
        uint128 random = uint128(bytes16(keccak256(abi.encode(CLAIM_1, bytes32(hold)))));
        return bytes16((random & UUID_FREE) | UUID_4);
    }
}
