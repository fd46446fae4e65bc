// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IClearing} from "../interfaces/IClearing.sol";
import {IHolds} from "../interfaces/IHolds.sol";
import {ILedger} from "../interfaces/ILedger.sol";
import {LedgerStorage} from "./LedgerStorage.sol";

/// @title The way to the ledger's second half
/// @notice One contract may have 24,576 bytes of code, and the ledger needs more. What is not on the
/// hot path of payments is therefore code of `Clearing`, run here by delegatecall, over this storage. Its address is fixed in
/// this code: nothing can be exchanged.
abstract contract ClearingGate is ILedger, LedgerStorage {
    /// @inheritdoc ILedger
    address public immutable clearing;

    constructor(address clearing_) {
        clearing = clearing_;
    }

    /// @inheritdoc IClearing
    function settleInterbank(bytes calldata) external {
        _runClearing();
    }

    /// @inheritdoc IClearing
    function settleExchange(bytes calldata) external {
        _runClearing();
    }

    /// @inheritdoc IClearing
    function stageRun(bytes16, address, bytes calldata) external {
        _runClearing();
    }

    /// @inheritdoc IClearing
    function finaliseRun(bytes16, address[] calldata) external {
        _runClearing();
    }

    /// @inheritdoc IClearing
    function abortRun(bytes16, bytes calldata) external {
        _runClearing();
    }

    /// @inheritdoc IHolds
    function placeHolds(bytes calldata) external {
        _runClearing();
    }

    /// @inheritdoc IHolds
    function executeHold(bytes16, bytes16, uint64) external {
        _runClearing();
    }

    /// @inheritdoc IHolds
    function releaseHold(bytes16) external {
        _runClearing();
    }

    /// @inheritdoc IHolds
    function hold(bytes16 uetr) external view returns (Hold memory) {
        return _holds[uetr];
    }

    /// @inheritdoc ILedger
    function quoteUsed(bytes32 quoteHash) external view returns (uint64) {
        return _quoteUsed[quoteHash];
    }

    /// @inheritdoc ILedger
    function run(bytes16 run_) external view returns (Run memory) {
        return _runs[run_];
    }

    /// @inheritdoc ILedger
    function runPosition(bytes16 run_, address account) external view returns (Position memory) {
        return _positions[run_][account];
    }

    /// @inheritdoc ILedger
    function isOrderUsed(address debtor, uint64 order) external view returns (bool) {
        return (_orders[debtor][order >> 8] >> (order & 0xff)) & 1 != 0;
    }

    /// @dev Hands the call on as it came, and its answer or error back as it is.
    function _runClearing() private {
        address target = clearing;
        assembly ("memory-safe") {
            let free := mload(0x40)
            calldatacopy(free, 0, calldatasize())
            let success := delegatecall(gas(), target, free, calldatasize(), 0, 0)
            returndatacopy(free, 0, returndatasize())
            if iszero(success) { revert(free, returndatasize()) }
            return(free, returndatasize())
        }
    }
}
