// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

/// @title Settlement between banks: interbank and cross-currency payments, and netting runs
/// @notice Part of the ledger; the code is in the contract `Clearing`, which the ledger runs over its own storage.
interface IClearing {
    /// @notice Settle interbank payments: packed items, each with the consent of the creditor's bank. May be called by OPERATOR.
    /// @dev IRREVERSIBLE. Each item on its own: all its legs, or none and an event that says why.
    function settleInterbank(bytes calldata items) external;

    /// @notice Settle cross-currency payments: packed items, each with a provider's quote. May be called by OPERATOR.
    /// @dev IRREVERSIBLE. Each item on its own: all its legs, or none and an event that says why.
    function settleExchange(bytes calldata items) external;

    /// @notice Stage one chunk of a netting run. May be called by OPERATOR.
    function stageRun(bytes16 run_, address token_, bytes calldata chunk) external;

    /// @notice Book a staged run, whole. May be called by OPERATOR.
    /// @dev IRREVERSIBLE.
    /// @param accounts All accounts of the run, strictly ascending.
    function finaliseRun(bytes16 run_, address[] calldata accounts) external;

    /// @notice Take back one chunk of a run that is not finalised. May be called by OPERATOR; once the run can be finalised no
    /// longer, by anybody.
    function abortRun(bytes16 run_, bytes calldata chunk) external;
}
