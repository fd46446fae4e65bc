// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {ILedger} from "./interfaces/ILedger.sol";
import {IRegistry} from "./interfaces/IRegistry.sol";
import {Accounts} from "./ledger/Accounts.sol";
import {Settlement} from "./ledger/Settlement.sol";
import {Supply} from "./ledger/Supply.sol";

/// @title The ledger
/// @notice See ILedger. Deployed second: its address is predicted, given to the registry, and checked here.
contract Ledger is Settlement, Supply {
    /// @dev Who proposes (operator) may not be who confirms (compliance); the other roles may share a holder.
    constructor(
        address registry_,
        address operator,
        address compliance,
        address issuer,
        address calendar,
        address guardian
    ) Accounts(registry_) {
        if (IRegistry(registry_).ledger() != address(this)) revert RegistryMismatch(registry_);
        if (operator == compliance) revert BadRoleHolder(COMPLIANCE, compliance);
        _grantRole(OPERATOR, operator);
        _grantRole(COMPLIANCE, compliance);
        _grantRole(ISSUER, issuer);
        _grantRole(CALENDAR, calendar);
        _grantRole(GUARDIAN, guardian);
    }

    /// @inheritdoc ILedger
    function mark(bytes16 uetr) external view returns (bytes32) {
        return _marks[uetr];
    }
}
