// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

/// @title Hash locks: a leg here that is paid when its twin on another chain was
/// @notice A notary without a will for holds of one ledger (docs/decisions/0009). The money stays on the debtor's account.
/// A hold's condition is the SHA-256 of a secret of 32 bytes; who shows the secret in time has it paid to the creditor
/// named in the hold, afterwards anybody has it given back.
/// @dev WARNING: the secret is public from the moment a claim is sent. The other leg must expire later than this one.
interface IHashTimelock {
    /// @notice Money is locked under a hash.
    event Locked(bytes16 indexed hold, bytes32 indexed hash);
    /// @notice The secret was shown, and the money paid.
    event Claimed(bytes16 indexed hold, bytes16 indexed uetr, bytes32 preimage);
    /// @notice The time is over, and the money free again.
    event Refunded(bytes16 indexed hold);

    /// @notice Not one new hold, or the ledger refused it (and says why when it is placed by OPERATOR instead).
    error NotLocked(bytes16 hold);
    /// @notice The hold names another notary.
    error NotALock(bytes16 hold);
    /// @notice This is not the secret of the hash.
    error WrongPreimage(bytes16 hold, bytes32 hash);
    /// @notice The time is not over yet.
    error NotExpired(bytes16 hold, uint64 expiresAt);

    /// @notice Lock money: one packed, signed hold instruction that names this contract as its notary. Anybody may carry it.
    function lock(bytes calldata item) external;

    /// @notice Pay all of a lock to its creditor, under the UETR `claimUetr`. Anybody who has the secret.
    /// @dev IRREVERSIBLE.
    function claim(bytes16 hold, bytes32 preimage) external;

    /// @notice Give back all of a lock whose time is over. Anybody.
    function refund(bytes16 hold) external;

    /// @notice The UETR under which a lock is claimed: it follows from the hold, so that a claim can spend no other's.
    function claimUetr(bytes16 hold) external pure returns (bytes16);

    /// @notice The ledger whose holds are locked here.
    function ledger() external view returns (address);
}
