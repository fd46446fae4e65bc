// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {Checks} from "../ledger/Checks.sol";

/// @title The packed chunks of a netting run: reading them, folding their lines into subheads, spending their ids
/// @notice docs/decisions/0011. Nothing here writes storage but marks, order bits and staged positions.
abstract contract Chunks is Checks {
    bytes32 private constant PART_TYPE = keccak256(
        "NetPart(bytes16 run,address debtor,address token,uint8 mode,uint64 sequence,uint64 validUntil,uint32 count,uint64 gross,bytes32 lines)"
    );
    uint256 private constant BY_ORDER = 1;
    uint256 private constant LINE_BY_UETR = 76;
    uint256 private constant LINE_BY_ORDER = 60;

    /// @dev Offsets within a part's header.
    uint256 private constant AT_MODE = 2;
    uint256 private constant AT_SEQUENCE = 3;
    uint256 private constant AT_VALID_UNTIL = 11;
    uint256 private constant AT_COUNT = 19;
    uint256 private constant AT_LINES = 23;
    uint256 private constant INDEX_SIZE = 2;

    /// @dev One account of a chunk's table in memory: account, tally, subhead. The tally: paid in bits 0–95, received
    /// in 96–191, count from 192 on; no chunk has so many lines that they could touch.
    uint256 private constant BLOCK = 0x60;
    uint256 private constant RECEIVED_SHIFT = 96;
    uint256 private constant COUNT_SHIFT = 192;
    uint256 private constant MASK_96 = (1 << 96) - 1;

    /// @dev A chunk while it is read.
    struct Chunk {
        uint256 start;
        uint256 end;
        /// Where the next part begins.
        uint256 at;
        /// Where the table's blocks lie in memory, and how many there are.
        uint256 table;
        uint256 count;
        /// A buffer of 128 bytes: the preimage of a subhead.
        uint256 preimage;
    }

    /// @dev A part while it is read: positions in calldata, and its header.
    struct Part {
        uint256 position;
        address debtor;
        uint256 index;
        uint256 mode;
        uint256 sequence;
        uint256 validUntil;
        uint256 count;
        uint256 lines;
        uint256 lineSize;
        uint256 indexes;
        uint256 signatures;
        uint256 gross;
    }

    /// @dev Reads the chunk's table of accounts into memory.
    function _readTable(bytes calldata chunk) internal pure returns (Chunk memory reading) {
        uint256 start;
        assembly ("memory-safe") {
            start := chunk.offset
        }
        (reading.start, reading.end) = (start, start + chunk.length);
        uint256 count = uint16(bytes2(_word(start)));
        reading.count = count;
        reading.at = start + 2 + 20 * count;
        if (reading.at > reading.end) revert MalformedChunk(0);
        uint256 table;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(add(reading, 0xa0), free)
            table := add(free, 0x80)
            mstore(0x40, add(table, mul(count, BLOCK)))
        }
        reading.table = table;
        address last = address(0);
        for (uint256 i = 0; i < count; ++i) {
            address account = _addressAt(start + 2 + 20 * i);
            if (account <= last) revert AccountsNotAscending(account);
            last = account;
            assembly ("memory-safe") {
                mstore(add(table, mul(i, BLOCK)), account)
            }
        }
    }

    function _accountAt(Chunk memory reading, uint256 index) internal pure returns (address account) {
        uint256 at = reading.table + index * BLOCK;
        assembly ("memory-safe") {
            account := mload(at)
        }
    }

    /// @dev Fills the table with what earlier chunks of the run have staged.
    function _loadPositions(bytes16 run_, Chunk memory reading) internal view {
        for (uint256 i = 0; i < reading.count; ++i) {
            Position storage position = _positions[run_][_accountAt(reading, i)];
            uint256 tally = position.paid | (uint256(position.received) << RECEIVED_SHIFT)
                | (uint256(position.count) << COUNT_SHIFT);
            bytes32 subhead = position.subhead;
            uint256 at = reading.table + i * BLOCK;
            assembly ("memory-safe") {
                mstore(add(at, 0x20), tally)
                mstore(add(at, 0x40), subhead)
            }
        }
    }

    /// @dev Writes the table back. No sum exceeds the run's gross, which was found to fit. An account of the table that no line touches is the sender's mistake; so is one that is none,
    /// or holds another token: found out when finalising, it would cost the whole run.
    function _storePositions(bytes16 run_, address token_, Chunk memory reading) internal {
        for (uint256 i = 0; i < reading.count; ++i) {
            address account = _accountAt(reading, i);
            uint256 tally;
            bytes32 subhead;
            uint256 at = reading.table + i * BLOCK;
            assembly ("memory-safe") {
                tally := mload(add(at, 0x20))
                subhead := mload(add(at, 0x40))
            }
            uint256 paid = tally & MASK_96;
            uint256 received = (tally >> RECEIVED_SHIFT) & MASK_96;
            if (tally == 0) revert MalformedChunk(2 + 20 * i);
            if (_records[account].state == 0) revert UnknownAccount(account);
            if (_records[account].token != token_) revert TokenMismatch(account, _records[account].token, token_);
            _positions[run_][account] =
                Position(uint64(received), uint64(paid), uint32(tally >> COUNT_SHIFT), subhead);
        }
    }

    /// @dev Reads the header of the part at `reading.at`, and moves that behind it.
    function _readPart(Chunk memory reading) internal pure returns (Part memory part) {
        unchecked {
            uint256 at = reading.at;
            uint256 position = at - reading.start;
            part.position = position;
            part.index = uint16(bytes2(_word(at)));
            part.mode = uint8(bytes1(_word(at + AT_MODE)));
            part.sequence = _uint64At(at + AT_SEQUENCE);
            part.validUntil = _uint64At(at + AT_VALID_UNTIL);
            part.count = uint32(bytes4(_word(at + AT_COUNT)));
            part.lines = at + AT_LINES;
            part.lineSize = part.mode == BY_ORDER ? LINE_BY_ORDER : LINE_BY_UETR;
            part.indexes = part.lines + part.count * part.lineSize;
            part.signatures = part.indexes + part.count * INDEX_SIZE;
            bool fits = part.mode != BY_ORDER || part.sequence + part.count <= type(uint64).max;
            bool isSound = fits && part.mode <= BY_ORDER && part.count != 0 && part.index < reading.count
                && part.signatures < reading.end;
            if (!isSound) revert MalformedChunk(position);
            part.debtor = _accountAt(reading, part.index);
            reading.at = _signaturesEnd(part.signatures, 1, position, reading.end);
        }
    }

    /// @dev Folds each line into the subheads and tallies of its two accounts, in memory, and sums the part's gross.
    /// Reverts for a line whose amount is 0 or above 2**63 - 1, whose creditor is not where its index says, or the debtor.
    function _foldLines(Chunk memory reading, Part memory part) internal pure {
        uint256 bad;
        uint256 gross;
        uint256 maxMinor = MAX_MINOR;
        assembly ("memory-safe") {
            let table := mload(add(reading, 0x60))
            let accounts := mload(add(reading, 0x80))
            let preimage := mload(add(reading, 0xa0))
            let debtor := mload(add(part, 0x20))
            let debtorBlock := add(table, mul(mload(add(part, 0x40)), BLOCK))
            let subhead := mload(add(debtorBlock, 0x40))
            let size := mload(add(part, 0x100))
            let line := mload(add(part, 0xe0))
            let end := mload(add(part, 0x120))
            let index := end
            // A line ends at the preimage's end. By UETR it brings its id; else the order number stands there already.
            let target := sub(add(preimage, 0x80), size)
            mstore(add(preimage, 20), debtor)
            let id := or(shl(128, debtor), mload(add(part, 0x80)))
            for {} lt(line, end) {} {
                mstore(add(preimage, 36), id)
                calldatacopy(target, line, size)
                let tail := mload(add(preimage, 0x40))
                let amount := and(tail, 0xffffffffffffffff)
                let creditor := and(shr(64, tail), 0xffffffffffffffffffffffffffffffffffffffff)
                let at := shr(240, calldataload(index))
                bad := or(bad, or(iszero(lt(at, accounts)), gt(sub(amount, 1), sub(maxMinor, 1))))
                at := add(table, mul(at, BLOCK))
                bad := or(bad, or(xor(mload(at), creditor), eq(creditor, debtor)))
                let tally := add(at, 0x20)
                mstore(tally, add(mload(tally), add(shl(RECEIVED_SHIFT, amount), shl(COUNT_SHIFT, 1))))
                let head := add(at, 0x40)
                mstore(preimage, mload(head))
                mstore(head, keccak256(preimage, 0x80))
                mstore(preimage, subhead)
                subhead := keccak256(preimage, 0x80)
                gross := add(gross, amount)
                id := add(id, 1)
                line := add(line, size)
                index := add(index, INDEX_SIZE)
            }
            mstore(add(debtorBlock, 0x40), subhead)
            let tally := add(debtorBlock, 0x20)
            mstore(tally, add(mload(tally), or(gross, shl(COUNT_SHIFT, mload(add(part, 0xc0))))))
        }
        if (bad != 0) revert MalformedChunk(part.position);
        part.gross = gross;
    }

    /// @dev The hash that the debtor's signers signed.
    function _hashPart(bytes16 run_, address token_, Part memory part) internal pure returns (bytes32) {
        bytes32 linesHash;
        uint256 lines = part.lines;
        uint256 size = part.count * part.lineSize;
        assembly ("memory-safe") {
            let free := mload(0x40)
            calldatacopy(free, lines, size)
            linesHash := keccak256(free, size)
        }
        return keccak256(
            abi.encode(
                PART_TYPE,
                bytes32(run_),
                part.debtor,
                token_,
                part.mode,
                part.sequence,
                part.validUntil,
                part.count,
                part.gross,
                linesHash
            )
        );
    }

    function _largestAmount(Part memory part) internal pure returns (uint256 largest) {
        uint256 atAmount = part.lineSize - 40;
        for (uint256 i = 0; i < part.count; ++i) {
            uint256 amount = _uint64At(part.lines + i * part.lineSize + atAmount);
            if (amount > largest) largest = amount;
        }
    }

    /// @dev Marks a part's UETRs, or sets the bits of its order numbers.
    function _spendPart(Part memory part, bytes32 structHash) internal {
        if (part.mode == BY_ORDER) return _flipOrders(part, true);
        for (uint256 line = part.lines; line < part.indexes; line += LINE_BY_UETR) {
            // Sixteen bytes that begin with eight zeros are no UETR, and would read as an order number.
            if (uint256(_word(line)) >> 192 == 0) revert UetrReserved(_uetr(line));
            _spend(_uetr(line), structHash);
        }
    }

    /// @dev Takes back what `_spendPart` did.
    function _unspendPart(Part memory part) internal {
        if (part.mode == BY_ORDER) return _flipOrders(part, false);
        for (uint256 line = part.lines; line < part.indexes; line += LINE_BY_UETR) {
            _store(_markSlot(_uetr(line)), 0);
        }
    }

    /// @dev Sets or clears the bits of `count` order numbers from `sequence` on, a slot at a time.
    function _flipOrders(Part memory part, bool spend) private {
        uint256 next = part.sequence;
        uint256 end = next + part.count;
        while (next < end) {
            uint256 low = next & 0xff;
            uint256 bits = end - next < 256 - low ? end - next : 256 - low;
            uint256 mask = (type(uint256).max >> (256 - bits)) << low;
            uint256 word = _orders[part.debtor][next >> 8];
            if (spend && word & mask != 0) revert OrderUsed(part.debtor, _lowestOrder(next - low, word & mask));
            _orders[part.debtor][next >> 8] = spend ? word | mask : word & ~mask;
            next += bits;
        }
    }

    function _lowestOrder(uint256 base, uint256 bits) private pure returns (uint64) {
        while (bits & 1 == 0) {
            bits >>= 1;
            ++base;
        }
        return uint64(base);
    }
}
