// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {ILedger} from "../interfaces/ILedger.sol";
import {LedgerStorage} from "./LedgerStorage.sol";

/// @title What only the registry may write, since two persons stand behind each of its changes
/// @notice The registry is fixed at deployment; nobody else changes policy.
abstract contract WrittenByRegistry is ILedger, LedgerStorage {
    /// @inheritdoc ILedger
    address public immutable registry;

    modifier onlyRegistry() {
        if (msg.sender != registry) revert OnlyRegistry(msg.sender);
        _;
    }

    constructor(address registry_) {
        registry = registry_;
    }

    function _requireWithin(string memory field, uint256 value, uint256 min, uint256 max) internal pure {
        if (value < min || value > max) revert ValueOutOfRange(field, value, max);
    }
}
