// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

/// @title Roots of journals that are kept elsewhere, fixed in time and order
/// @notice For each kind of journal the anchored ranges follow one another without gap or overlap, from sequence 1 on; what is
/// anchored is never changed. All roots are in the events; the last of each kind can be asked for.
/// @dev WARNING: an anchored root says that the journal existed, not that what it says is right.
interface IAnchor {
    /// @notice The root over one range of a journal, both ends included.
    struct Range {
        bytes32 root;
        uint64 fromSequence;
        /// 0: nothing of this kind was ever anchored.
        uint64 toSequence;
    }

    /// @notice A range of a journal was anchored.
    event RangeAnchored(bytes32 indexed kind, bytes32 indexed root, uint64 fromSequence, uint64 toSequence);

    /// @notice The caller does not hold the role.
    error MissingRole(bytes32 role, address caller);
    /// @notice Zero cannot hold a role.
    error BadRoleHolder(bytes32 role, address holder);
    /// @notice A kind is the hash of a journal's name, never zero.
    error ZeroKind();
    /// @notice A range needs a root.
    error RootMissing(bytes32 kind);
    /// @notice The next range of this kind begins at `expected`.
    error RangeNotNext(bytes32 kind, uint64 expected, uint64 asked);
    /// @notice A range ends where it begins or later, and no later than 2**63 - 1.
    error BadRangeEnd(uint64 fromSequence, uint64 toSequence);

    /// @notice Fix the root over the next range of a journal. May be called by ANCHORER.
    /// @dev IRREVERSIBLE. Sent twice, the second is refused with `RangeNotNext`: `last` tells whether the first arrived.
    function anchor(bytes32 kind, bytes32 root, uint64 fromSequence, uint64 toSequence) external;

    /// @notice Who holds the role ANCHORER, for as long as this contract is used.
    function anchorer() external view returns (address);

    /// @notice The last anchored range of a kind; all zero when there is none.
    function last(bytes32 kind) external view returns (Range memory);
}
