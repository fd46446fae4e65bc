// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

/// @title ERC-165: which interfaces a contract has
/// @notice As the standard has it; its id is 0x01ffc9a7.
interface IERC165 {
    /// @notice Whether this contract does what an interface promises. Never for 0xffffffff.
    /// @param interfaceId All selectors of the interface, combined by exclusive or.
    function supportsInterface(bytes4 interfaceId) external view returns (bool);
}
