// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {Instructions} from "./ledger/Instructions.sol";
import {Exchange} from "./clearing/Exchange.sol";
import {Holds} from "./clearing/Holds.sol";
import {Interbank} from "./clearing/Interbank.sol";
import {Netting} from "./clearing/Netting.sol";

/// @title The ledger's second half: holds, and settlement between banks
/// @notice See IHolds and IClearing. Code only: the ledger runs it over its own storage. Called directly it does nothing, for here nobody
/// holds a role.
contract Clearing is Holds, Interbank, Exchange, Netting {
    /// @notice The ledger that this code is for.
    address public immutable ledger;

    constructor(address ledger_) Instructions(ledger_) {
        ledger = ledger_;
    }
}
