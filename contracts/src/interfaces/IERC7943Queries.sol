// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

/// @title The four questions of ERC-7943 (uRWA) about a fungible token
/// @notice ERC-7943 with status Final, whose fungible interface has the id 0x3edbb4c4 and asks `canSend` and
/// `canReceive` (its earlier drafts asked `canTransact`). Its two commands, `forcedTransfer` and `setFrozenTokens`, are
/// not here: this interface alone is not ERC-7943 and has an id of its own.
/// @dev None of these reverts, whatever the arguments.
interface IERC7943Queries {
    /// @notice Whether the account may send at all. Says nothing of amounts.
    function canSend(address account) external view returns (bool allowed);

    /// @notice Whether the account may receive at all. Says nothing of amounts.
    function canReceive(address account) external view returns (bool allowed);

    /// @notice How much of the account's money is frozen. May exceed its balance.
    function getFrozenTokens(address account) external view returns (uint256 amount);

    /// @notice Whether this transfer would go through now, authority aside.
    function canTransfer(address from, address to, uint256 amount) external view returns (bool allowed);
}
