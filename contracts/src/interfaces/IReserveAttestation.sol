// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

/// @title What reserves stand behind a token, as the institution that holds them says
/// @notice The latest statement per token; all earlier ones are in the events. A statement is never changed or taken back,
/// only followed by a later one.
/// @dev WARNING: a statement says what was held `asOf`, not what is held now. Ask `isFresh` before relying on `latest`.
interface IReserveAttestation {
    /// @notice One statement.
    struct Attestation {
        /// Reserves held, in minor units of the token's currency.
        uint64 amount;
        /// When they were held, in seconds since 1970-01-01; 0: nothing was ever attested.
        uint64 asOf;
        /// Hash of the document that says so.
        bytes32 documentHash;
    }

    /// @notice The reserves behind a token were attested.
    event ReservesAttested(address indexed token, uint64 amount, uint64 asOf, bytes32 documentHash);
    /// @notice ALARM: more of the token is in circulation than reserves were attested.
    event SupplyAboveReserves(address indexed token, uint64 supply, uint64 amount);

    /// @notice The caller does not hold the role.
    error MissingRole(bytes32 role, address caller);
    /// @notice Zero cannot hold a role.
    error BadRoleHolder(bytes32 role, address holder);
    /// @notice Zero cannot be a token.
    error ZeroToken();
    /// @notice No amount exceeds `max`, 2**63 - 1.
    error AmountTooLarge(uint64 amount, uint64 max);
    /// @notice A statement is about a later time than the one before it: `latest` is that one's.
    error AsOfNotForward(address token, uint64 latest, uint64 asked);
    /// @notice A statement is about the past: the block's time is `present`.
    error AsOfInFuture(uint64 present, uint64 asked);
    /// @notice A statement needs its document.
    error DocumentMissing(address token);

    /// @notice State the reserves behind a token. May be called by ATTESTOR.
    /// @dev A statement below the supply is taken, and emits `SupplyAboveReserves`. Sent twice, the second is refused with `AsOfNotForward`.
    function attest(address token, uint64 amount, uint64 asOf, bytes32 documentHash) external;

    /// @notice The ledger whose tokens are attested.
    function ledger() external view returns (address);

    /// @notice Who holds the role ATTESTOR, for as long as this contract is used.
    function attestor() external view returns (address);

    /// @notice The latest statement about a token; all zero when there is none.
    function latest(address token) external view returns (Attestation memory);

    /// @notice Whether the latest statement about a token is at most `maxAge` seconds old. False when there is none.
    function isFresh(address token, uint64 maxAge) external view returns (bool);
}
