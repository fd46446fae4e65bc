// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";

/// @title Who moves roles: one proposes, another executes, a third may cancel, and a delay lies between
/// @notice OpenZeppelin's TimelockController with its roles given once. It administers itself: also its own roles and its
/// delay change only by a proposal that waited.
contract Administration is TimelockController {
    /// @notice Nobody may both propose and execute.
    error SamePerson(address person);
    /// @notice Without a delay nobody could cancel anything. (A later change to zero would have to wait the delay before it.)
    error NoDelay();
    /// @notice A role is somebody's: held by zero, that of the executor would be everybody's.
    error MissingPerson();

    /// @param delay Seconds between a proposal and its execution.
    /// @param proposer ADMIN. May also cancel.
    /// @param executor COMPLIANCE.
    /// @param canceller GUARDIAN.
    constructor(uint256 delay, address proposer, address executor, address canceller)
        TimelockController(delay, _only(proposer), _only(executor), address(0))
    {
        if (delay == 0) revert NoDelay();
        _grantRole(CANCELLER_ROLE, canceller);
    }

    /// @dev Nobody ever comes to hold both, by whatever way.
    function _grantRole(bytes32 role, address account) internal override returns (bool) {
        bool both = (role == PROPOSER_ROLE && hasRole(EXECUTOR_ROLE, account))
            || (role == EXECUTOR_ROLE && hasRole(PROPOSER_ROLE, account));
        if (both) revert SamePerson(account);
        if (account == address(0)) revert MissingPerson();
        return super._grantRole(role, account);
    }

    function _only(address one) private pure returns (address[] memory list) {
        list = new address[](1);
        list[0] = one;
    }
}
