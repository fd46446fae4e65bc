// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {ILedger} from "../interfaces/ILedger.sol";
import {LedgerStorage} from "./LedgerStorage.sol";

/// @title Roles, the business day and the pause
abstract contract Governance is LedgerStorage {
    bytes32 internal constant OPERATOR = keccak256("OPERATOR");
    bytes32 internal constant COMPLIANCE = keccak256("COMPLIANCE");
    bytes32 internal constant ISSUER = keccak256("ISSUER");
    bytes32 internal constant CALENDAR = keccak256("CALENDAR");
    bytes32 internal constant GUARDIAN = keccak256("GUARDIAN");

    /// @inheritdoc ILedger
    function openBusinessDay(uint32 day) external {
        _requireRole(CALENDAR);
        uint32 current = _businessDay;
        if (day <= current) revert BusinessDayNotForward(current, day);
        uint32 today = uint32(block.timestamp / 1 days);
        if (day > today + 1 || day + 1 < today) revert BusinessDayTooFar(today, day);
        _businessDay = day;
        emit BusinessDayOpened(day);
    }

    /// @inheritdoc ILedger
    function pause() external {
        _requireRole(GUARDIAN);
        if (_paused) revert LedgerPaused();
        _paused = true;
        emit Paused(msg.sender);
    }

    /// @inheritdoc ILedger
    function unpause() external {
        _requireRole(GUARDIAN);
        if (!_paused) revert LedgerNotPaused();
        _paused = false;
        emit Unpaused(msg.sender);
    }

    /// @inheritdoc ILedger
    function hasRole(bytes32 role, address holder) external view returns (bool) {
        return _roles[role][holder];
    }

    /// @inheritdoc ILedger
    function businessDay() external view returns (uint32) {
        return _businessDay;
    }

    /// @inheritdoc ILedger
    function paused() external view returns (bool) {
        return _paused;
    }

    /// @dev At deployment only: there is no way yet to move a role, so the holders are as fixed as the code.
    function _grantRole(bytes32 role, address holder) internal {
        if (holder == address(0)) revert BadRoleHolder(role, holder);
        _roles[role][holder] = true;
        emit RoleGranted(role, holder);
    }

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
