// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

/// @title What the ledger keeps
/// @notice Records of accounts, tokens, holds, mandates and runs. The layout of the first three slots is frozen (docs/decisions/0002).
interface ILedgerRecords {
    // --- accounts, tokens, payments ---

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
        /// Bits 0 and 1: number of amount bands; bit 7: there are limits per counterparty (docs/decisions/0008).
        uint8 flags;
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

    /// @notice Debits of more than `above` need `threshold` signatures.
    struct Band {
        uint64 above;
        uint8 threshold;
    }

    /// @notice How much of a counterparty limit is used.
    struct CounterpartyLimit {
        /// Largest sum of debits to the counterparty in one business day; 0: no limit.
        uint64 limitPerDay;
        /// Debits on `usageDay`; counted only while there is a limit.
        uint64 usedToday;
        uint32 usageDay;
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

    /// @notice The contracts that a ledger belongs with, for ever.
    struct Parts {
        address registry;
        address clearing;
        address reserves;
        address administration;
        /// How old an attestation may be, in seconds, to issue upon it.
        uint64 reservesMaxAge;
    }

    /// @notice Who holds the roles at first.
    struct Holders {
        address operator;
        address compliance;
        address calendar;
        address secondCalendar;
        address guardian;
        address enforcer;
    }

    // --- holds ---

    /// @notice One hold.
    struct Hold {
        address debtor;
        /// What was held at first, in minor units; 0: no such hold.
        uint64 amount;
        address creditor;
        /// What is still held; 0: all executed or released.
        uint64 remaining;
        /// Who executes and releases it.
        address notary;
        /// The last second in which it can be executed.
        uint64 expiresAt;
        /// What the notary is to ask for; its meaning is the notary's.
        bytes32 condition;
        /// The HoldInstruction's EIP-712 struct hash.
        bytes32 instructionHash;
    }

    // --- between banks ---

    /// @notice What a creditor's bank lets in without signing each payment.
    struct Mandate {
        /// Largest single payment; 0: no limit.
        uint64 maxPerPayment;
        /// Largest sum of one business day; 0: no limit.
        uint64 maxPerDay;
        /// Let in on `usageDay`; counted only while there is a day limit.
        uint64 usedToday;
        uint32 usageDay;
        /// Last second of the mandate; 0: there is none.
        uint64 validUntil;
    }

    /// @notice One netting run.
    struct Run {
        address token;
        /// 0 none, 1 staged, 2 finalised, 3 being aborted.
        uint8 state;
        /// Chunks that are staged.
        uint32 chunks;
        uint32 instructions;
        /// The earliest `validUntil` of its parts.
        uint64 validUntil;
        /// Sum of all its instructions.
        uint64 gross;
    }

    /// @notice What a run has staged for one account.
    struct Position {
        uint64 received;
        uint64 paid;
        uint32 count;
        bytes32 subhead;
    }
}
