// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice What a payment is measured beside: a plain ERC-20. Not part of the product.
contract PlainToken is ERC20 {
    constructor(address[] memory holders) ERC20("Plain", "PLAIN") {
        for (uint256 i = 0; i < holders.length; ++i) {
            _mint(holders[i], 10 ** 12);
        }
    }
}
