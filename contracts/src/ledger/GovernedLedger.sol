// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IGovernance} from "../interfaces/IGovernance.sol";
import {ILedger} from "../interfaces/ILedger.sol";
import {Governance} from "./Governance.sol";

/// @title Roles, the business day and the pause
/// @notice See IGovernance.
abstract contract GovernedLedger is ILedger, Governance {
    /// @inheritdoc IGovernance
    address public immutable administration;

    constructor(address administration_) {
        if (administration_.code.length == 0) revert PartMismatch(administration_);
        administration = administration_;
    }

    modifier onlyAdministration() {
        if (msg.sender != administration) revert OnlyAdministration(msg.sender);
        _;
    }

    /// @inheritdoc IGovernance
    function grantRole(bytes32 role, address holder) external onlyAdministration {
        _grantRole(role, holder);
    }

    /// @inheritdoc IGovernance
    function revokeRole(bytes32 role, address holder) external onlyAdministration {
        if (!_roles[role][holder]) revert RoleUnchanged(role, holder);
        _roles[role][holder] = false;
        emit RoleRevoked(role, holder);
    }

    /// @inheritdoc IGovernance
    function proposeBusinessDay(uint32 day) external {
        _requireRole(CALENDAR);
        _requireNextDay(day);
        _proposedDay = day;
        _proposedBy = msg.sender;
        emit BusinessDayProposed(day, msg.sender);
    }

    /// @inheritdoc IGovernance
    function openBusinessDay(uint32 day) external {
        _requireRole(CALENDAR);
        if (day == 0 || day != _proposedDay) revert BusinessDayNotProposed(_proposedDay, day);
        if (msg.sender == _proposedBy) revert SamePerson(msg.sender);
        if (!_roles[CALENDAR][_proposedBy]) revert MissingRole(CALENDAR, _proposedBy);
        _requireNextDay(day);
        _businessDay = day;
        _proposedDay = 0;
        _proposedBy = address(0);
        emit BusinessDayOpened(day);
    }

    /// @inheritdoc IGovernance
    function pause() external {
        _requireRole(GUARDIAN);
        if (_paused) revert LedgerPaused();
        _paused = true;
        emit Paused(msg.sender);
    }

    /// @inheritdoc IGovernance
    function unpause() external {
        _requireRole(GUARDIAN);
        if (!_paused) revert LedgerNotPaused();
        _paused = false;
        emit Unpaused(msg.sender);
    }

    /// @inheritdoc IGovernance
    function hasRole(bytes32 role, address holder) external view returns (bool) {
        return _roles[role][holder];
    }

    /// @inheritdoc IGovernance
    function businessDay() external view returns (uint32) {
        return _businessDay;
    }

    /// @inheritdoc IGovernance
    function proposedBusinessDay() external view returns (uint32 day, address by) {
        return (_proposedDay, _proposedBy);
    }

    /// @inheritdoc IGovernance
    function paused() external view returns (bool) {
        return _paused;
    }

    function _grantRole(bytes32 role, address holder) internal {
        if (holder == address(0)) revert BadRoleHolder(role, holder);
        if (_roles[role][holder]) revert RoleUnchanged(role, holder);
        if (role == OPERATOR) {
            _requireWithout(role, COMPLIANCE, holder);
            _requireWithout(role, ENFORCER, holder);
        } else if (role == COMPLIANCE || role == ENFORCER) {
            _requireWithout(role, OPERATOR, holder);
        } else if (role != CALENDAR && role != GUARDIAN) {
            revert UnknownRole(role);
        }
        _roles[role][holder] = true;
        emit RoleGranted(role, holder);
    }

    function _requireWithout(bytes32 role, bytes32 other, address holder) private view {
        if (_roles[other][holder]) revert RolesExclude(role, other, holder);
    }

    function _requireNextDay(uint32 day) private view {
        uint32 current = _businessDay;
        if (day <= current) revert BusinessDayNotForward(current, day);
        uint32 today = uint32(block.timestamp / 1 days);
        if (day > today + 1 || day + 1 < today) revert BusinessDayTooFar(today, day);
    }
}
