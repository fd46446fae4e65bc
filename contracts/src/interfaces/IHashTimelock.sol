// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

/// @title Hash locks: a leg here that is paid when its twin on another chain was
/// @notice A notary without a will for holds of one ledger (docs/decisions/0009). The money stays on the debtor's account.
/// A hold's condition is the SHA-256 of a secret of 32 bytes; who shows the secret in time has it paid to the creditor
/// named in the hold, afterwards anybody has it given back.
/// @dev WARNING: the secret is public from the moment a claim is sent. The other leg must expire later than this one.
interface IHashTimelock {
    /// @notice The secret was shown, and the money paid.
    event Claimed(bytes16 indexed hold, bytes32 preimage);
    /// @notice The time is over, and the money free again.
    event Refunded(bytes16 indexed hold);

    /// @notice The hold names another notary.
    error NotALock(bytes16 hold);
    /// @notice This is not the secret of the hash.
    error WrongPreimage(bytes16 hold, bytes32 hash);
    /// @notice The time is not over yet.
    error NotExpired(bytes16 hold, uint64 expiresAt);

    /// @notice Pay all of a lock to its creditor, under the hold's own UETR. Anybody who has the secret.
    /// @dev IRREVERSIBLE.
    function claim(bytes16 hold, bytes32 preimage) external;

    /// @notice Give back all of a lock whose time is over. Anybody.
    function refund(bytes16 hold) external;

    /// @notice The ledger whose holds are locked here.
    function ledger() external view returns (address);
}
