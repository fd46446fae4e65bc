// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

/// @title Roles, the business day and the pause
/// @notice Part of the ledger. Nobody moves a role at once or alone: `administration` is a contract that lets one person
/// propose and another execute, after a delay (docs/decisions/0008).
interface IGovernance {
    /// @notice Give a role. May be called by the administration contract only.
    /// @dev OPERATOR excludes COMPLIANCE and ENFORCER. Issuers are not a role: see `setIssuer`.
    function grantRole(bytes32 role, address holder) external;

    /// @notice Take a role away. May be called by the administration contract only.
    function revokeRole(bytes32 role, address holder) external;

    /// @notice Propose the next business day; a later proposal replaces an earlier one. May be called by CALENDAR.
    /// @dev Only forward, and within a day of the block's time.
    function proposeBusinessDay(uint32 day) external;

    /// @notice Open the proposed business day: entries and day limits belong to it from now on. May be called by a
    /// CALENDAR that did not propose it.
    function openBusinessDay(uint32 day) external;

    /// @notice Stop all movement of money, but for forced transfers. May be called by GUARDIAN.
    function pause() external;

    /// @notice Let money move again. May be called by GUARDIAN.
    function unpause() external;

    /// @notice Whether an address holds a role (`keccak256` of its name, such as "OPERATOR").
    function hasRole(bytes32 role, address holder) external view returns (bool);

    /// @notice The contract that moves roles.
    function administration() external view returns (address);

    /// @notice The open business day, in days since 1970-01-01; 0 before the first.
    function businessDay() external view returns (uint32);

    /// @notice The business day that waits for its second CALENDAR, and who proposed it; 0 when none waits.
    function proposedBusinessDay() external view returns (uint32 day, address by);

    /// @notice Whether the guardian has stopped all movement.
    function paused() external view returns (bool);
}
