// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {ILedgerErrors} from "../interfaces/ILedgerErrors.sol";
import {ILedgerEvents} from "../interfaces/ILedgerEvents.sol";

/// @title Where everything lies
/// @notice Slots 0, 1 and 2 are frozen by docs/decisions/0002: proofs of balances and marks are storage proofs. Add new
/// state at the end only. `Ledger` and `Clearing` share this layout: the second runs over the first one's storage.
abstract contract LedgerStorage is ILedgerEvents, ILedgerErrors {
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
    /// @dev Slot 6: the day that waits for its second CALENDAR, and who proposed it.
    uint32 internal _proposedDay;
    address internal _proposedBy;
    /// @dev Slot 7: three times `above` (64 bits) and `threshold` (8 bits), least significant first; from bit 216 on how many
    /// counterparty limits the account has.
    mapping(address account => uint256) internal _bands;
    /// @dev Slot 8.
    mapping(address account => mapping(address counterparty => CounterpartyLimit)) internal _counterparties;
    /// @dev Slot 9.
    mapping(address token => mapping(address holder => bool)) internal _issuers;
    /// @dev Slot 10.
    mapping(bytes16 uetr => Hold) internal _holds;
    /// @dev Slot 11.
    mapping(address token => address) internal _settlementAccounts;
    /// @dev Slot 12.
    mapping(address token => mapping(uint32 participant => Mandate)) internal _mandates;
    /// @dev Slot 13: how much was sold under each quote, by its struct hash.
    mapping(bytes32 quote => uint64) internal _quoteUsed;
    /// @dev Slot 14.
    mapping(bytes16 run => Run) internal _runs;
    /// @dev Slot 15.
    mapping(bytes16 run => mapping(address account => Position)) internal _positions;
    /// @dev Slot 16: whether the chunk with this hash is staged.
    mapping(bytes16 run => mapping(bytes32 chunk => bool)) internal _chunks;
    /// @dev Slot 17: one bit per order number, 256 to a slot.
    mapping(address debtor => mapping(uint256 word => uint256)) internal _orders;

    /// @dev The largest amount, balance, limit and supply: it fits a signed 64-bit column everywhere.
    uint256 internal constant MAX_MINOR = 2 ** 63 - 1;

    /// @dev States of an account.
    uint8 internal constant OPEN = 1;
    uint8 internal constant DEBIT_BLOCKED = 2;
    uint8 internal constant CREDIT_BLOCKED = 3;
    uint8 internal constant BLOCKED = 4;
    uint8 internal constant CLOSED = 5;

    /// @dev Kinds of accounts and tokens that rules speak of.
    uint8 internal constant SETTLEMENT_ACCOUNT = 1;
    uint8 internal constant SETTLEMENT_ASSET = 1;
    uint8 internal constant DEPOSIT_TOKEN = 2;

    /// @dev Flags of a record.
    uint8 internal constant BAND_COUNT = 3;
    uint8 internal constant HAS_COUNTERPARTY_LIMITS = 0x80;

    /// @dev The four bytes that the UETR of a netting order begins with.
    uint256 internal constant ORDER_TAG = 0x564e4554;
}
