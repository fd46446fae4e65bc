// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IAnchor} from "./interfaces/IAnchor.sol";

/// @title Anchored journals
/// @notice See IAnchor.
contract Anchor is IAnchor {
    bytes32 private constant ANCHORER = keccak256("ANCHORER");
    /// @dev It fits a signed 64-bit column everywhere.
    uint64 private constant MAX_SEQUENCE = 2 ** 63 - 1;

    /// @inheritdoc IAnchor
    address public immutable anchorer;

    mapping(bytes32 kind => Range) private _last;

    constructor(address anchorer_) {
        if (anchorer_ == address(0)) revert BadRoleHolder(ANCHORER, anchorer_);
        anchorer = anchorer_;
    }

    /// @inheritdoc IAnchor
    function anchor(bytes32 kind, bytes32 root, uint64 fromSequence, uint64 toSequence) external {
        if (msg.sender != anchorer) revert MissingRole(ANCHORER, msg.sender);
        if (kind == 0) revert ZeroKind();
        if (root == 0) revert RootMissing(kind);
        uint64 expected = _last[kind].toSequence + 1;
        if (fromSequence != expected) revert RangeNotNext(kind, expected, fromSequence);
        if (toSequence < fromSequence || toSequence > MAX_SEQUENCE) revert BadRangeEnd(fromSequence, toSequence);
        _last[kind] = Range(root, fromSequence, toSequence);
        emit RangeAnchored(kind, root, fromSequence, toSequence);
    }

    /// @inheritdoc IAnchor
    function last(bytes32 kind) external view returns (Range memory) {
        return _last[kind];
    }
}
