// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IClearing} from "./IClearing.sol";
import {IGovernance} from "./IGovernance.sol";
import {IHolds} from "./IHolds.sol";
import {ILedgerErrors} from "./ILedgerErrors.sol";
import {ILedgerEvents} from "./ILedgerEvents.sol";

/// @title The ledger of one network: all money, all accounts, all tokens
/// @notice Everything a payment touches lies in this one contract. Payments come as packed batches
/// (docs/decisions/0003); a bad item is reported by an event and never touches its neighbours (0004). Account
/// records, entries and the running hash are frozen formats (0002).
/// @dev WARNING: amounts are minor units of the token's currency, 1 … 2**63 - 1. They are not wei and have no 18 decimals.
/// WARNING: accounts are ids, not keys. Money sent to the address of a wallet that is no account here does not arrive:
/// the payment is refused.
interface ILedger is ILedgerEvents, ILedgerErrors, IGovernance, IHolds, IClearing {
    // --- money ---

    /// @notice Settle a batch of packed, signed payment instructions. May be called by OPERATOR.
    /// @dev IRREVERSIBLE. Each item is settled, or refused with an event that says why, on its own. A refusal after its
    /// signatures held is final: the UETR is spent with its code, and the same bytes never settle later.
    /// @param items Packed items (docs/decisions/0003), one after another.
    function settle(bytes calldata items) external;

    /// @notice Destroy money against one signed instruction whose creditor is the token itself. May be called by an issuer of the
    /// token.
    /// @dev IRREVERSIBLE. The money is gone from the ledger; paying it out elsewhere is the issuer's duty. Refuses
    /// as `settle` does: with an event that says why, and for good once the signatures held. Reverts for what is no
    /// redemption at all: bytes that are not exactly one item, or a creditor that is not the token.
    function redeem(bytes calldata item) external;

    /// @notice Create money on an account, once per UETR. May be called by an issuer of the token. A settlement asset only
    /// within fresh attested reserves.
    /// @dev IRREVERSIBLE but for a redemption signed by the account's holder.
    /// @param documentHash Hash of the document that orders the issue (a reserve movement's confirmation).
    function issue(bytes16 uetr, address token_, address account, uint64 amount, bytes32 documentHash) external;

    /// @notice Freeze so much of an account's money; 0 frees all. May be called by COMPLIANCE.
    /// @dev The amount replaces the earlier one. It may exceed the balance: then what comes in is frozen too.
    function setFrozen(address account, uint64 amount, bytes32 orderReference) external;

    /// @notice Move money without its holder's signature, once per UETR, by an order. May be called by ENFORCER, also while paused.
    /// @dev IRREVERSIBLE. Past the debtor's state, limits and freeze; never past its holds. Frozen money that is taken is
    /// no longer frozen.
    function forcedTransfer(bytes16 uetr, address from, address to, uint64 amount, bytes32 orderReference) external;

    // --- policy, by the registry contract only (two persons stand behind each of its changes) ---

    /// @notice Create a token. May be called by the registry only.
    function createToken(address token_, bytes3 currency, uint8 exponent, uint8 kind, uint32 issuer) external;

    /// @notice Open an account in state OPEN and write its head₀. May be called by the registry only.
    function openAccount(AccountOpening calldata opening) external;

    /// @notice Let a key sign for an account, or no longer. May be called by the registry only.
    /// @dev Takes effect at once, also for instructions that are signed and not yet settled; a part of a netting run that is
    /// staged counts as accepted, and is stopped by blocking the account.
    function setSigner(address account, address signer, bool authorised) external;

    /// @notice Change how many signers must sign. May be called by the registry only.
    function setThreshold(address account, uint8 threshold) external;

    /// @notice Change both limits; 0 means none. May be called by the registry only.
    /// @dev Usage is counted only while a day limit is set: a first day limit starts at a usage of zero.
    function setLimits(address account, uint64 limitPerPayment, uint64 limitPerDay) external;

    /// @notice Change an account's state. May be called by the registry only.
    /// @dev CLOSED is for ever, and only for an account without money.
    function setAccountState(address account, uint8 state) external;

    /// @notice Say who needs how many signatures above which amounts; none: the threshold for all. May be called by the registry only.
    function setBands(address account, Band[] calldata bands_) external;

    /// @notice Limit one day's debits to one counterparty; 0: no limit. May be called by the registry only.
    function setCounterpartyLimit(address account, address counterparty, uint64 limitPerDay) external;

    /// @notice Let an address issue and redeem a token, or no longer. May be called by the registry only.
    /// @dev Who attests reserves never issues a settlement asset.
    function setIssuer(address token_, address holder, bool authorised) external;

    /// @notice Name the settlement account behind a deposit token; zero: none. May be called by the registry only.
    function setSettlementAccount(address token_, address account) external;

    /// @notice Let payments of a participant's customers in, up to these limits. May be called by the registry only.
    function setInboundMandate(
        address token_,
        uint32 from,
        uint64 maxPerPayment,
        uint64 maxPerDay,
        uint64 validUntil
    ) external;

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

    /// @notice An account's amount bands, ascending.
    function bands(address account) external view returns (Band[] memory);

    /// @notice An account's limit towards a counterparty, and how much of it is used.
    function counterpartyLimit(address account, address counterparty)
        external
        view
        returns (CounterpartyLimit memory);

    /// @notice Whether an address may issue and redeem a token.
    function isIssuer(address token_, address holder) external view returns (bool);

    /// @notice The settlement account behind a deposit token; zero: none.
    function settlementAccount(address token_) external view returns (address);

    /// @notice What the bank behind `token_` lets in from a participant.
    function inboundMandate(address token_, uint32 from) external view returns (Mandate memory);

    /// @notice How much was sold under a quote, by the quote's struct hash.
    function quoteUsed(bytes32 quoteHash) external view returns (uint64);

    /// @notice A run; all zero when there is none.
    function run(bytes16 run_) external view returns (Run memory);

    /// @notice What a run has staged for an account; zero after it was finalised or aborted.
    function runPosition(bytes16 run_, address account) external view returns (Position memory);

    /// @notice Whether an order number of a debtor was used by a run.
    function isOrderUsed(address debtor, uint64 order) external view returns (bool);

    /// @notice How many keys may sign for an account.
    function signerCount(address account) external view returns (uint8);

    /// @notice The registry contract that writes the policy.
    function registry() external view returns (address);

    /// @notice The contract that says what reserves stand behind settlement assets.
    function reserves() external view returns (address);

    /// @notice How old an attestation may be, in seconds, to issue upon it.
    function reservesMaxAge() external view returns (uint64);

    /// @notice The contract whose code settles between banks (IClearing), over this ledger's storage.
    function clearing() external view returns (address);

    /// @notice The EIP-712 domain separator, for the chain this runs on.
    function domainSeparator() external view returns (bytes32);
}
