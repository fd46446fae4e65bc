// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {ILedger} from "./interfaces/ILedger.sol";
import {IRegistry} from "./interfaces/IRegistry.sol";
import {IReserveAttestation} from "./interfaces/IReserveAttestation.sol";
import {Clearing} from "./Clearing.sol";
import {Accounts} from "./ledger/Accounts.sol";
import {Banks} from "./ledger/Banks.sol";
import {ClearingGate} from "./ledger/ClearingGate.sol";
import {GovernedLedger} from "./ledger/GovernedLedger.sol";
import {Instructions} from "./ledger/Instructions.sol";
import {Orders} from "./ledger/Orders.sol";
import {Settlement} from "./ledger/Settlement.sol";
import {Supply} from "./ledger/Supply.sol";
import {WrittenByRegistry} from "./ledger/WrittenByRegistry.sol";

/// @title The ledger
/// @notice See ILedger. Deployed after its parts: they are given its predicted address, and that is checked here.
contract Ledger is GovernedLedger, Accounts, Banks, Settlement, Supply, Orders, ClearingGate {
    constructor(Parts memory parts, Holders memory holders)
        GovernedLedger(parts.administration)
        WrittenByRegistry(parts.registry)
        Instructions(address(this))
        Supply(parts.reserves, parts.reservesMaxAge)
        ClearingGate(parts.clearing)
    {
        if (IRegistry(parts.registry).ledger() != address(this)) revert PartMismatch(parts.registry);
        if (Clearing(parts.clearing).ledger() != address(this)) revert PartMismatch(parts.clearing);
        if (IReserveAttestation(parts.reserves).ledger() != address(this)) revert PartMismatch(parts.reserves);
        _grantRole(OPERATOR, holders.operator);
        _grantRole(COMPLIANCE, holders.compliance);
        _grantRole(CALENDAR, holders.calendar);
        _grantRole(CALENDAR, holders.secondCalendar);
        _grantRole(GUARDIAN, holders.guardian);
        _grantRole(ENFORCER, holders.enforcer);
    }

    /// @inheritdoc ILedger
    function mark(bytes16 uetr) external view returns (bytes32) {
        return _marks[uetr];
    }

    /// @inheritdoc ILedger
    function domainSeparator() external view returns (bytes32) {
        return _domainSeparator();
    }
}
