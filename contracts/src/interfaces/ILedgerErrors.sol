// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

/// @title Why the ledger did not
/// @notice Each says which rule, and which numbers.
interface ILedgerErrors {
    // --- accounts, tokens, payments ---

    /// @notice Only the registry contract may do this.
    error OnlyRegistry(address caller);
    /// @notice A contract given at deployment does not belong to this ledger.
    error PartMismatch(address part);
    /// @notice The caller does not issue this token.
    error NotIssuer(address token, address caller);
    /// @notice The address issues the token, or does not, already.
    error IssuerUnchanged(address token, address holder, bool authorised);
    /// @notice Supply would exceed what is attested: `available` is what may still be issued.
    error BeyondReserves(address token, uint64 available, uint64 asked);
    /// @notice The attestation is too old to issue upon; `asOf` 0: there is none.
    error ReservesStale(address token, uint64 asOf, uint64 maxAge);
    /// @notice The UETR belongs to a netting order (docs/decisions/0011).
    error UetrReserved(bytes16 uetr);
    /// @notice An order names itself.
    error OrderMissing();
    /// @notice The account's money, less what is held, is `available`.
    error InsufficientBalance(address account, uint64 available, uint64 asked);
    /// @notice At most three bands, ascending, thresholds not falling; this one breaks the rule.
    error BadBand(address account, uint64 above, uint8 threshold);
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
    /// @notice Debtor and creditor are the same account.
    error SameAccount(address account);
    /// @notice The item's creditor is not its token, so it is no redemption.
    error NotARedemption(bytes16 uetr, address creditor, address token);
    /// @notice The id is taken, by a token or an account.
    error IdTaken(address id);
    /// @notice A currency is three capital letters.
    error NotACurrency(bytes3 currency);
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

    // --- roles, business day, pause ---

    /// @notice The caller does not hold the role.
    error MissingRole(bytes32 role, address caller);
    /// @notice Only the administration contract may do this.
    error OnlyAdministration(address caller);
    /// @notice A party is the zero address.
    error BadRoleHolder(bytes32 role, address holder);
    /// @notice No such role can be granted.
    error UnknownRole(bytes32 role);
    /// @notice The holder has the role, or lacks it, already.
    error RoleUnchanged(bytes32 role, address holder);
    /// @notice Nobody may hold both roles.
    error RolesExclude(bytes32 role, bytes32 other, address holder);
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
    /// @notice Another business day was proposed, or none: `proposed` is 0.
    error BusinessDayNotProposed(uint32 proposed, uint32 asked);
    /// @notice Who proposed may not confirm.
    error SamePerson(address person);

    // --- holds ---

    /// @notice No such hold.
    error UnknownHold(bytes16 hold);
    /// @notice Nothing remains of the hold.
    error HoldClosed(bytes16 hold);
    /// @notice The hold can be executed no longer.
    error HoldExpired(bytes16 hold, uint64 expiresAt);
    /// @notice Only the notary may do this now.
    error OnlyNotary(bytes16 hold, address notary, address caller);
    /// @notice The part is zero, or more than remains.
    error BeyondHold(bytes16 hold, uint64 remaining, uint64 asked);

    // --- between banks ---

    /// @notice This part of a settlement cannot be booked: `code` and its two numbers as in `PaymentRefused`.
    error NotSettleable(bytes16 id, address account, uint8 code, uint64 limit, uint64 needed);
    /// @notice The account cannot be the settlement account of this deposit token.
    error NotASettlementAccount(address token, address account);
    /// @notice The run is in another state: 0 none, 1 staged, 2 finalised, 3 being aborted.
    error RunNotStaged(bytes16 run, uint8 state);
    /// @notice The run is one of another token.
    error RunTokenMismatch(bytes16 run, address token, address asked);
    /// @notice The chunk's bytes are wrong at this position.
    error MalformedChunk(uint256 position);
    /// @notice This order number of the debtor was used before.
    error OrderUsed(address debtor, uint64 order);
    /// @notice This very chunk is staged already.
    error ChunkStaged(bytes16 run, bytes32 chunk);
    /// @notice No such chunk is staged: never, or taken back already.
    error UnknownChunk(bytes16 run, bytes32 chunk);
    /// @notice The accounts given are not all accounts of the run: so many sides of instructions are theirs, of so many.
    error RunIncomplete(bytes16 run, uint256 counted, uint256 staged);
    /// @notice The account takes no part in the run.
    error NotInRun(bytes16 run, address account);
    /// @notice The accounts of a run are given strictly ascending; this one breaks the order.
    error AccountsNotAscending(address account);
}
