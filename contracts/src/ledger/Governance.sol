// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {LedgerStorage} from "./LedgerStorage.sol";

/// @title Who may do what, and whether money moves today
/// @notice What both halves of the ledger ask.
abstract contract Governance is LedgerStorage {
    bytes32 internal constant OPERATOR = keccak256("OPERATOR");
    bytes32 internal constant COMPLIANCE = keccak256("COMPLIANCE");
    bytes32 internal constant CALENDAR = keccak256("CALENDAR");
    bytes32 internal constant GUARDIAN = keccak256("GUARDIAN");
    bytes32 internal constant ENFORCER = keccak256("ENFORCER");

    function _requireRole(bytes32 role) internal view {
        if (!_roles[role][msg.sender]) revert MissingRole(role, msg.sender);
    }

    /// @dev Returns the open business day; reverts while money may not move.
    function _requireMovable() internal view returns (uint256 day) {
        if (_paused) revert LedgerPaused();
        day = _businessDay;
        if (day == 0) revert BusinessDayNotOpen();
    }
}
