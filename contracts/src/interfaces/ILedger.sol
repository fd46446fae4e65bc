// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

/// @title The ledger of one network: all money, all accounts, all tokens
/// @notice Everything a payment touches lies in this one contract. Payments come as packed batches
/// (docs/decisions/0003); a bad item is reported by an event and never touches its neighbours (0004). Account
/// records, entries and the running hash are frozen formats (0002).
/// @dev WARNING: amounts are minor units of the token's currency, 1 … 2**63 - 1. They are not wei and have no 18 decimals.
/// WARNING: accounts are ids, not keys. Money sent to the address of a wallet that is no account here does not arrive:
/// the payment is refused.
interface ILedger {
    // --- records (the frozen storage layout) ---

    /// @notice One account: its balance, its history's count and running hash, and who may debit it up to how much.
    struct Record {
        /// Booked money, in minor units.
        uint64 balance;
        /// Part of the balance that is reserved by holds.
        uint64 held;
        /// Part of the balance that is frozen; may exceed it.
        uint64 frozen;
        /// How many entries the account has had: the `seq` of the last.
        uint64 entries;
        /// Running hash over all entries.
        bytes32 head;
        /// The one token the account holds.
        address token;
        /// 1 SETTLEMENT, 2 CUSTOMER, 3 VOSTRO, 4 FEE, 5 SUSPENSE, 6 ESCROW.
        uint8 kind;
        /// 0 none, 1 OPEN, 2 DEBIT_BLOCKED, 3 CREDIT_BLOCKED, 4 BLOCKED, 5 CLOSED.
        uint8 state;
        /// How many of the account's signers must sign a debit.
        uint8 threshold;
        /// Zero.
        uint8 reserved;
        /// Largest single debit; 0: no limit.
        uint64 limitPerPayment;
        /// Largest sum of debits in one business day; 0: no limit.
        uint64 limitPerDay;
        /// Debits charged on `usageDay`; counted only while a day limit is set.
        uint64 usedToday;
        /// The business day that `usedToday` belongs to.
        uint32 usageDay;
        /// Number of the participant whose account it is.
        uint32 participant;
    }

    /// @notice One token: a currency as the liability of one issuer.
    struct Token {
        /// The sum of all balances.
        uint64 supply;
        /// Number of the issuing participant; 0: the network's settlement agent.
        uint32 issuer;
        /// 1 settlement asset, 2 deposit token.
        uint8 kind;
        /// Decimals of the currency's minor unit.
        uint8 exponent;
        /// ISO 4217 alphabetic code.
        bytes3 currency;
    }

    /// @notice What an account is opened with.
    struct AccountOpening {
        address account;
        address token;
        uint32 participant;
        uint8 kind;
        uint8 threshold;
        /// Strictly ascending, 1 … 16.
        address[] signers;
        uint64 limitPerPayment;
        uint64 limitPerDay;
    }

    // --- what happened (frozen: docs/decisions/0004) ---

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
    /// @notice Entries belong to this day from now on (days since 1970-01-01).
    event BusinessDayOpened(uint32 businessDay);
    /// @notice An address holds a role.
    event RoleGranted(bytes32 indexed role, address indexed holder);
    /// @notice Nothing moves from now on.
    event Paused(address indexed by);
    /// @notice Money moves again.
    event Unpaused(address indexed by);

    // --- why not ---

    /// @notice The caller does not hold the role.
    error MissingRole(bytes32 role, address caller);
    /// @notice Only the registry contract may do this.
    error OnlyRegistry(address caller);
    /// @notice A party given at deployment is the zero address, or two that must differ are the same.
    error BadRoleHolder(bytes32 role, address holder);
    /// @notice The registry given at deployment does not belong to this ledger.
    error RegistryMismatch(address registry);
    /// @notice The guardian has paused the ledger.
    error LedgerPaused();
    /// @notice The ledger is not paused.
    error LedgerNotPaused();
    /// @notice No business day has been opened yet.
    error BusinessDayNotOpen();
    /// @notice The business day only moves forward.
    error BusinessDayNotForward(uint32 current, uint32 asked);
    /// @notice The business day is more than a day away from the block's time.
    error BusinessDayTooFar(uint32 today, uint32 asked);
    /// @notice The packed bytes do not end exactly at the end of an item, or an item has no 1 … 16 signatures.
    error MalformedBatch(uint256 position);
    /// @notice This UETR has settled or has been refused for good; `mark` is what stands for it.
    error AlreadyUsed(bytes16 uetr, bytes32 mark);
    /// @notice No such account.
    error UnknownAccount(address account);
    /// @notice No such token.
    error UnknownToken(address token);
    /// @notice The account holds another token.
    error TokenMismatch(address account, address held, address asked);
    /// @notice The amount is zero, or would lift the supply above 2**63 - 1: `allowed` is what is left.
    error AmountOutOfRange(uint64 amount, uint64 allowed);
    /// @notice The account's state forbids this.
    error AccountBlocked(address account, uint8 state);
    /// @notice A closed account stays closed.
    error AccountClosed(address account);
    /// @notice An account that holds money is not closed.
    error AccountNotEmpty(address account, uint64 balance);
    /// @notice The item's creditor is not its token, so it is no redemption.
    error NotARedemption(bytes16 uetr, address creditor, address token);
    /// @notice The id is taken, by a token or an account.
    error IdTaken(address id);
    /// @notice Zero cannot be an id.
    error ZeroId();
    /// @notice A value lies outside its range 1 … `max` (or 0 … `max` for limits and exponents).
    error ValueOutOfRange(string field, uint256 value, uint256 max);
    /// @notice Signers must be 1 … 16 non-zero addresses, strictly ascending; this one breaks the order.
    error SignersNotAscending(address signer);
    /// @notice The threshold must lie within 1 and the number of signers.
    error ThresholdUnreachable(address account, uint8 threshold, uint256 signers);
    /// @notice The signer has that authority, or lacks it, already.
    error SignerUnchanged(address account, address signer, bool authorised);

    // --- money ---

    /// @notice Settle a batch of packed, signed payment instructions. May be called by OPERATOR.
    /// @dev IRREVERSIBLE. Each item is settled, or refused with an event that says why, on its own. A refusal after its
    /// signatures held is final: the UETR is spent with its code, and the same bytes never settle later.
    /// @param items Packed items (docs/decisions/0003), one after another.
    function settle(bytes calldata items) external;

    /// @notice Destroy money against one signed instruction whose creditor is the token itself. May be called by ISSUER.
    /// @dev IRREVERSIBLE. The money is gone from the ledger; paying it out elsewhere is the issuer's duty. Refuses
    /// as `settle` does: with an event that says why, and for good once the signatures held. Reverts for what is no
    /// redemption at all: bytes that are not exactly one item, or a creditor that is not the token.
    function redeem(bytes calldata item) external;

    /// @notice Create money on an account, once per UETR. May be called by ISSUER.
    /// @dev IRREVERSIBLE but for a redemption signed by the account's holder.
    /// @param documentHash Hash of the document that orders the issue (a reserve movement's confirmation).
    function issue(bytes16 uetr, address token_, address account, uint64 amount, bytes32 documentHash) external;

    // --- time and emergency ---

    /// @notice Open a business day: entries and day limits belong to it from now on. May be called by CALENDAR.
    /// @dev Only forward, and within a day of the block's time.
    function openBusinessDay(uint32 day) external;

    /// @notice Stop all movement of money. May be called by GUARDIAN.
    function pause() external;

    /// @notice Let money move again. May be called by GUARDIAN.
    function unpause() external;

    // --- policy, by the registry contract only (two persons stand behind each of its changes) ---

    /// @notice Create a token. May be called by the registry only.
    function createToken(address token_, bytes3 currency, uint8 exponent, uint8 kind, uint32 issuer) external;

    /// @notice Open an account in state OPEN and write its head₀. May be called by the registry only.
    function openAccount(AccountOpening calldata opening) external;

    /// @notice Let a key sign for an account, or no longer. May be called by the registry only.
    /// @dev Takes effect at once, also for instructions that are signed and not yet settled.
    function setSigner(address account, address signer, bool authorised) external;

    /// @notice Change how many signers must sign. May be called by the registry only.
    function setThreshold(address account, uint8 threshold) external;

    /// @notice Change both limits; 0 means none. May be called by the registry only.
    /// @dev Usage is counted only while a day limit is set: a first day limit starts at a usage of zero.
    function setLimits(address account, uint64 limitPerPayment, uint64 limitPerDay) external;

    /// @notice Change an account's state. May be called by the registry only.
    /// @dev CLOSED is for ever, and only for an account without money.
    function setAccountState(address account, uint8 state) external;

    // --- views ---

    /// @notice The whole record of an account; all zero when there is none.
    function record(address account) external view returns (Record memory);

    /// @notice What an account can pay now: balance less held and frozen, not below zero.
    function available(address account) external view returns (uint64);

    /// @notice A token's record; all zero when there is none.
    function token(address token_) external view returns (Token memory);

    /// @notice Zero: unspent. 1 … 255: refused for good with that code. Else: settled, with this reference.
    function mark(bytes16 uetr) external view returns (bytes32);

    /// @notice Whether a key may sign for an account.
    function isSigner(address account, address signer) external view returns (bool);

    /// @notice How many keys may sign for an account.
    function signerCount(address account) external view returns (uint8);

    /// @notice Whether an address holds a role (`keccak256` of its name, such as "OPERATOR").
    function hasRole(bytes32 role, address holder) external view returns (bool);

    /// @notice The open business day, in days since 1970-01-01; 0 before the first.
    function businessDay() external view returns (uint32);

    /// @notice Whether the guardian has stopped all movement.
    function paused() external view returns (bool);

    /// @notice The registry contract that writes the policy.
    function registry() external view returns (address);

    /// @notice The EIP-712 domain separator, for the chain this runs on.
    function domainSeparator() external view returns (bytes32);
}
