// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {Governance} from "./Governance.sol";
import {Workspace} from "./Workspace.sol";

/// @title Entries: the one way a balance changes
/// @notice docs/decisions/0002. An entry adds to the balance, counts, and is hashed into the account's head.
abstract contract Entries is Governance {
    bytes32 private constant ENTRY_1 = keccak256("vostro.entry.1");
    uint256 internal constant PAYMENT = 1;
    uint256 internal constant ISSUE = 2;
    uint256 internal constant REDEEM = 3;
    uint256 internal constant NET = 4;
    uint256 internal constant FORCED = 5;
    uint256 internal constant HOLD = 6;
    uint256 internal constant INTERBANK = 7;
    uint256 internal constant EXCHANGE = 8;

    /// @dev One more entry, in the packed word: the count lies in the uppermost 64 bits.
    uint256 private constant ONE_ENTRY = 1 << 192;
    uint256 private constant MASK_64 = type(uint64).max;

    /// @dev Writes what all entries of one call have in common.
    function _prepareEntries(uint256 kind, uint256 day) internal view {
        bytes32 tag = ENTRY_1;
        uint256 at = Workspace.ENTRY;
        uint256 atKind = Workspace.ENTRY_KIND;
        uint256 atTimestamp = Workspace.ENTRY_TIMESTAMP;
        uint256 atDay = Workspace.ENTRY_DAY;
        assembly ("memory-safe") {
            mstore(at, tag)
            mstore(atKind, kind)
            mstore(atTimestamp, timestamp())
            mstore(atDay, day)
        }
    }

    /// @dev Writes the reference of the entries that follow.
    function _setReference(bytes32 entryReference) internal pure {
        uint256 at = Workspace.ENTRY_REFERENCE;
        assembly ("memory-safe") {
            mstore(at, entryReference)
        }
    }

    /// @dev Books one entry and returns its seq. `amount` is signed, as two's complement; the caller has checked that the
    /// balance neither falls below zero nor rises above MAX_MINOR (it is part of a supply that stays below), so the
    /// sum never reaches the neighbouring fields of the packed word.
    /// @param base Storage base of the account's record.
    /// @param balances The record's first word as it stands.
    function _book(uint256 base, uint256 balances, uint256 amount, uint256 counterparty)
        internal
        returns (uint256 seq)
    {
        unchecked {
            balances += amount + ONE_ENTRY;
            seq = balances >> 192;
        }
        uint256 at = Workspace.ENTRY;
        uint256 atHead = Workspace.ENTRY_HEAD;
        uint256 atSeq = Workspace.ENTRY_SEQ;
        uint256 atCounterparty = Workspace.ENTRY_COUNTERPARTY;
        uint256 atAmount = Workspace.ENTRY_AMOUNT;
        uint256 atBalance = Workspace.ENTRY_BALANCE;
        uint256 size = Workspace.ENTRY_SIZE;
        uint256 mask = MASK_64;
        assembly ("memory-safe") {
            sstore(base, balances)
            let headSlot := add(base, 1)
            mstore(atHead, sload(headSlot))
            mstore(atSeq, seq)
            mstore(atCounterparty, counterparty)
            mstore(atAmount, amount)
            mstore(atBalance, and(balances, mask))
            sstore(headSlot, keccak256(at, size))
        }
    }

    /// @dev Books one entry of the kinds that have no event of their own, and reports it.
    function _bookEntry(
        address account,
        uint256 kind,
        bytes32 entryReference,
        uint256 amount,
        address counterparty,
        uint256 day
    ) internal {
        uint256 base = _recordBase(account);
        uint256 seq = _book(base, _load(base), amount, uint160(counterparty));
        emit EntryBooked(
            account, uint8(kind), entryReference, counterparty, int64(int256(amount)), uint64(seq), uint32(day)
        );
    }

    /// @dev Storage base of an account's record.
    function _recordBase(address account) internal pure returns (uint256 base) {
        assembly ("memory-safe") {
            mstore(0x00, account)
            mstore(0x20, _records.slot)
            base := keccak256(0x00, 0x40)
        }
    }

    function _load(uint256 slot) internal view returns (uint256 word) {
        assembly ("memory-safe") {
            word := sload(slot)
        }
    }

    function _store(uint256 slot, uint256 word) internal {
        assembly ("memory-safe") {
            sstore(slot, word)
        }
    }
}
