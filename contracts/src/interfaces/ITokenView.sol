// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IERC165} from "./IERC165.sol";
import {IERC7943Queries} from "./IERC7943Queries.sol";

/// @title One token of the ledger, as tools that know ERC-20 read it
/// @notice Reads only; the money lies in the ledger and moves by signed instructions. One view per token, without state of
/// its own besides its name and symbol, so it can be replaced at any time.
/// @dev WARNING: not an ERC-20 token, and `supportsInterface` does not say so: nothing moves here, and the events
/// `Transfer` and `Approval` are never emitted. Follow the ledger's events.
/// WARNING: nor does it claim ERC-7943 (0x3edbb4c4): `forcedTransfer` and `setFrozenTokens` are the ledger's, where each names
/// the order behind it, which the standard's form has no room for.
/// `canTransfer` answers as `settle` would for a payment with good signatures: paused ledger, states, all limits, frozen and
/// held money, and the ledger's own rules that an amount is at least 1 and debtor and creditor differ.
interface ITokenView is IERC165, IERC7943Queries {
    /// @notice The ledger knows no such token.
    error UnknownToken(address token);
    /// @notice Money moves by a signed payment instruction to the ledger only.
    error UseInstruction();

    /// @notice The ledger that is read.
    function ledger() external view returns (address);

    /// @notice The token's id on the ledger; it is not this contract's address.
    function token() external view returns (address);

    /// @notice The token's name for people, as given at deployment.
    function name() external view returns (string memory);

    /// @notice The token's short name for people, as given at deployment.
    function symbol() external view returns (string memory);

    /// @notice Decimals of the currency's minor unit.
    function decimals() external view returns (uint8);

    /// @notice The sum of all balances, in minor units.
    function totalSupply() external view returns (uint256);

    /// @notice Booked money of an account, in minor units; zero for accounts of other tokens.
    function balanceOf(address account) external view returns (uint256);

    /// @notice Zero: nobody moves money on behalf of another here.
    function allowance(address owner, address spender) external view returns (uint256);

    /// @notice Always reverts with `UseInstruction`.
    function transfer(address to, uint256 amount) external pure returns (bool);

    /// @notice Always reverts with `UseInstruction`.
    function transferFrom(address from, address to, uint256 amount) external pure returns (bool);

    /// @notice Always reverts with `UseInstruction`.
    function approve(address spender, uint256 amount) external pure returns (bool);
}
