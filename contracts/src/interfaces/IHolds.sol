// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {ILedgerRecords} from "./ILedgerRecords.sol";

/// @title Holds: money reserved now, paid in parts or released later
/// @notice Part of the ledger (docs/decisions/0009). The money stays on the debtor's account; its `held` says how much is reserved.
interface IHolds is ILedgerRecords {
    /// @notice Place a batch of packed, signed hold instructions. May be called by OPERATOR.
    /// @dev Each item is held or refused with an event on its own, as in `settle`.
    function placeHolds(bytes calldata items) external;

    /// @notice Pay a part of a hold, once per UETR. May be called by its notary.
    /// @dev IRREVERSIBLE. All that remains may be paid under the hold's own UETR; a part under another one only by a notary
    /// that is OPERATOR too.
    function executeHold(bytes16 hold_, bytes16 uetr, uint64 amount) external;

    /// @notice Free what remains of a hold. May be called by its notary and by ENFORCER; after it expired by anybody.
    function releaseHold(bytes16 hold_) external;

    /// @notice A hold; all zero when there is none.
    function hold(bytes16 uetr) external view returns (Hold memory);
}
