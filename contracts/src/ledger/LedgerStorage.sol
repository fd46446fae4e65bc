// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {ILedger} from "../interfaces/ILedger.sol";

/// @title Where everything lies
/// @dev Slots 0, 1 and 2 are frozen by docs/decisions/0002: proofs of balances and marks are storage proofs. Add new
/// state at the end only.
abstract contract LedgerStorage is ILedger {
    /// @dev Slot 0: the four-slot record of each account.
    mapping(address account => Record) internal _records;
    /// @dev Slot 1.
    mapping(address token => Token) internal _tokens;
    /// @dev Slot 2: zero unspent, 1 … 255 refused with that code, else settled under that reference.
    mapping(bytes16 uetr => bytes32) internal _marks;
    /// @dev Slot 3.
    mapping(address account => mapping(address signer => bool)) internal _signers;
    /// @dev Slot 4.
    mapping(bytes32 role => mapping(address holder => bool)) internal _roles;
    /// @dev Slot 5.
    mapping(address account => uint8) internal _signerCounts;
    /// @dev Slot 6: days since 1970-01-01; zero before the first is opened.
    uint32 internal _businessDay;
    /// @dev Slot 6, after the day: one read answers "may money move, and on which day".
    bool internal _paused;

    /// @dev The largest amount, balance, limit and supply: it fits a signed 64-bit column everywhere.
    uint256 internal constant MAX_MINOR = 2 ** 63 - 1;

    /// @dev States of an account.
    uint8 internal constant OPEN = 1;
    uint8 internal constant DEBIT_BLOCKED = 2;
    uint8 internal constant CREDIT_BLOCKED = 3;
    uint8 internal constant BLOCKED = 4;
    uint8 internal constant CLOSED = 5;
}
