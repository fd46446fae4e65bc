// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";

/// @title Who moves roles: one proposes, another executes, a third may cancel, and a delay lies between
/// @notice OpenZeppelin's TimelockController with its roles given once. It administers itself: also its own roles and its
/// delay change only by a proposal that waited.
contract Administration is TimelockController {
    /// @notice Nobody may both propose and execute.
    error SamePerson(address person);
    /// @notice Each of the three is somebody: zero as the executor would let everybody execute.
    error MissingPerson();

    /// @param delay Seconds between a proposal and its execution.
    /// @param proposer ADMIN. May also cancel.
    /// @param executor COMPLIANCE.
    /// @param canceller GUARDIAN.
    constructor(uint256 delay, address proposer, address executor, address canceller)
        TimelockController(delay, _only(proposer), _only(executor), address(0))
    {
        if (proposer == address(0) || executor == address(0) || canceller == address(0)) revert MissingPerson();
        if (proposer == executor) revert SamePerson(proposer);
        _grantRole(CANCELLER_ROLE, canceller);
    }

    function _only(address one) private pure returns (address[] memory list) {
        list = new address[](1);
        list[0] = one;
    }
}
