// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {ILedgerRecords} from "./ILedgerRecords.sol";

/// @title What happened on the ledger
/// @notice Every balance, count and head can be rebuilt from these. Frozen (docs/decisions/0004, 0008 to 0011).
interface ILedgerEvents is ILedgerRecords {
    // --- accounts, tokens, payments ---

    /// @notice A payment was booked on both accounts.
    /// @param entryReference The instruction's EIP-712 struct hash, the reference of both entries.
    event PaymentSettled(
        bytes16 indexed uetr,
        address indexed debtor,
        address indexed creditor,
        address token,
        uint64 amount,
        bytes32 entryReference,
        uint64 debtorSeq,
        uint64 creditorSeq,
        uint32 businessDay
    );
    /// @notice A payment or a redemption was refused. `limit` and `needed` are the two amounts that disagree, zero where
    /// there are none.
    event PaymentRefused(bytes16 indexed uetr, address indexed debtor, uint8 code, uint64 limit, uint64 needed);
    /// @notice New money was booked on an account.
    event Issued(
        bytes16 indexed uetr,
        address indexed token,
        address indexed account,
        uint64 amount,
        bytes32 entryReference,
        bytes32 documentHash,
        uint64 seq,
        uint32 businessDay
    );
    /// @notice Money was taken off an account and destroyed.
    event Redeemed(
        bytes16 indexed uetr,
        address indexed token,
        address indexed account,
        uint64 amount,
        bytes32 entryReference,
        uint64 seq,
        uint32 businessDay
    );
    /// @notice A token exists from now on.
    event TokenCreated(address indexed token, bytes3 currency, uint8 exponent, uint8 kind, uint32 issuer);
    /// @notice An account exists from now on, in state OPEN.
    event AccountOpened(
        address indexed account,
        address indexed token,
        uint32 indexed participant,
        uint8 kind,
        uint8 threshold,
        address[] signers,
        uint64 limitPerPayment,
        uint64 limitPerDay
    );
    /// @notice State, threshold or limits changed; all of them are told.
    event AccountChanged(
        address indexed account, uint8 state, uint8 threshold, uint64 limitPerPayment, uint64 limitPerDay
    );
    /// @notice A key may sign for an account, or may no longer.
    event SignerChanged(address indexed account, address indexed signer, bool authorised);
    /// @notice One entry that is none of a payment, an issue or a redemption (docs/decisions/0008 to 0011).
    event EntryBooked(
        address indexed account,
        uint8 indexed kind,
        bytes32 indexed entryReference,
        address counterparty,
        int64 amount,
        uint64 seq,
        uint32 businessDay
    );
    /// @notice An account's amount bands, all of them.
    event BandsChanged(address indexed account, Band[] bands);
    /// @notice An account's limit towards a counterparty; 0: none.
    event CounterpartyLimitChanged(address indexed account, address indexed counterparty, uint64 limitPerDay);
    /// @notice So much of an account's money is frozen from now on.
    event FrozenChanged(address indexed account, uint64 frozen, bytes32 orderReference);
    /// @notice Money was moved by an order, without its holder's signature.
    event ForcedTransferred(
        bytes16 indexed uetr, address indexed from, address indexed to, uint64 amount, bytes32 orderReference
    );
    /// @notice An address may issue and redeem a token, or may no longer.
    event IssuerChanged(address indexed token, address indexed holder, bool authorised);

    // --- roles, business day, pause ---

    /// @notice An address holds a role.
    event RoleGranted(bytes32 indexed role, address indexed holder);
    /// @notice An address holds a role no longer.
    event RoleRevoked(bytes32 indexed role, address indexed holder);
    /// @notice A business day waits for a second CALENDAR.
    event BusinessDayProposed(uint32 businessDay, address indexed by);
    /// @notice Entries belong to this business day from now on.
    event BusinessDayOpened(uint32 businessDay);
    /// @notice Nothing moves from now on.
    event Paused(address indexed by);
    /// @notice Money moves again.
    event Unpaused(address indexed by);

    // --- holds ---

    /// @notice Money is reserved.
    event HoldPlaced(
        bytes16 indexed hold,
        address indexed debtor,
        address indexed creditor,
        uint64 amount,
        uint64 expiresAt,
        address notary,
        bytes32 condition,
        bytes32 instructionHash,
        uint32 businessDay
    );
    /// @notice A part of a hold was paid.
    event HoldExecuted(bytes16 indexed hold, bytes16 indexed uetr, uint64 amount, uint64 remaining);
    /// @notice What remained of a hold is free again.
    event HoldReleased(bytes16 indexed hold, address indexed debtor, uint64 amount);

    // --- between banks ---

    /// @notice A payment between two banks was booked, all its legs.
    event InterbankSettled(
        bytes16 indexed uetr,
        address indexed debtor,
        address indexed creditor,
        uint64 amount,
        address payingAccount,
        address receivingAccount,
        bytes32 entryReference,
        uint32 businessDay
    );
    /// @notice A payment across two currencies was booked, all its legs.
    event ExchangeSettled(
        bytes16 indexed uetr,
        address indexed debtor,
        address indexed creditor,
        uint64 amount,
        uint64 creditorAmount,
        uint64 charges,
        bytes32 quoteHash,
        bytes32 entryReference,
        uint32 businessDay
    );
    /// @notice Payments in and out of a deposit token go over this settlement account.
    event SettlementAccountChanged(address indexed token, address account);
    /// @notice A bank lets another's payments in, up to these limits.
    event InboundMandateChanged(
        address indexed token, uint32 indexed from, uint64 maxPerPayment, uint64 maxPerDay, uint64 validUntil
    );
    /// @notice One more chunk of a run is staged.
    event RunStaged(bytes16 indexed run, address indexed token, uint32 chunk, uint32 parts, uint32 instructions);
    /// @notice What a run did to one account, of which its entry is the net.
    event RunPosition(
        bytes16 indexed run, address indexed account, uint64 received, uint64 paid, uint32 count, bytes32 subhead
    );
    /// @notice A run was booked, whole.
    event RunFinalised(
        bytes16 indexed run, address indexed token, uint32 instructions, uint64 gross, uint32 businessDay
    );
    /// @notice A chunk of a run was taken back; with the last one nothing of the run is left.
    event RunAborted(bytes16 indexed run, uint32 chunksLeft);
}
