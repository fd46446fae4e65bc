// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

/// @title Fixed memory of the hot path
/// @notice The buffers that are hashed again and again for each item lie at fixed places, and what does not change within a
/// batch is written once. That spares a Python EVM most of what ABI encoding costs. `reserve` takes the whole
/// region from the allocator first, so the assembly that writes it is memory-safe.
library Workspace {
    /// @dev Preimage of an entry's running hash, ten words: tag, head, seq, kind, reference, counterparty, amount,
    /// balanceAfter, timestamp, businessDay.
    uint256 internal constant ENTRY = 0x400;
    uint256 internal constant ENTRY_HEAD = 0x420;
    uint256 internal constant ENTRY_SEQ = 0x440;
    uint256 internal constant ENTRY_KIND = 0x460;
    uint256 internal constant ENTRY_REFERENCE = 0x480;
    uint256 internal constant ENTRY_COUNTERPARTY = 0x4a0;
    uint256 internal constant ENTRY_AMOUNT = 0x4c0;
    uint256 internal constant ENTRY_BALANCE = 0x4e0;
    uint256 internal constant ENTRY_TIMESTAMP = 0x500;
    uint256 internal constant ENTRY_DAY = 0x520;
    uint256 internal constant ENTRY_SIZE = 0x140;

    /// @dev Preimage of an instruction's struct hash, ten words: type hash, uetr, debtor, creditor, token, amount,
    /// validAfter, validUntil, priority, remittanceHash. Room for five more, which holds and exchanges add.
    uint256 internal constant INSTRUCTION = 0x540;
    uint256 internal constant INSTRUCTION_UETR = 0x560;
    uint256 internal constant INSTRUCTION_DEBTOR = 0x580;
    uint256 internal constant INSTRUCTION_CREDITOR = 0x5a0;
    uint256 internal constant INSTRUCTION_TOKEN = 0x5c0;
    uint256 internal constant INSTRUCTION_AMOUNT = 0x5e0;
    uint256 internal constant INSTRUCTION_VALID_AFTER = 0x600;
    uint256 internal constant INSTRUCTION_VALID_UNTIL = 0x620;
    uint256 internal constant INSTRUCTION_PRIORITY = 0x640;
    uint256 internal constant INSTRUCTION_REMITTANCE = 0x660;
    uint256 internal constant INSTRUCTION_MORE = 0x680;
    uint256 internal constant INSTRUCTION_SIZE = 0x140;

    /// @dev Preimage of the EIP-712 digest: 0x1901, separator, struct hash (66 bytes).
    uint256 internal constant DIGEST = 0x740;
    uint256 internal constant DIGEST_SEPARATOR = 0x742;
    uint256 internal constant DIGEST_STRUCT = 0x762;
    uint256 internal constant DIGEST_SIZE = 66;

    /// @dev Input of ecrecover: digest, v, r, s.
    uint256 internal constant RECOVER = 0x7a0;
    uint256 internal constant RECOVER_V = 0x7c0;
    uint256 internal constant RECOVER_RS = 0x7e0;
    uint256 internal constant RECOVER_SIZE = 0x80;

    uint256 internal constant END = 0x820;

    /// @dev Takes the region from the allocator. Call it before any other allocation of the transaction.
    function reserve() internal pure {
        uint256 free;
        assembly ("memory-safe") {
            free := mload(0x40)
        }
        assert(free <= ENTRY);
        assembly ("memory-safe") {
            mstore(0x40, END)
        }
    }
}
