// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {Workspace} from "../ledger/Workspace.sol";
import {Chunks} from "./Chunks.sol";

/// @title Netting runs: staged in chunks, booked at once, or aborted without a trace
/// @notice docs/decisions/0011.
abstract contract Netting is Chunks {
    bytes32 private constant NET_1 = keccak256("vostro.net.1");
    uint8 private constant STAGED = 1;
    uint8 private constant FINALISED = 2;
    uint8 private constant ABORTING = 3;

    /// @notice See IClearing.
    function stageRun(bytes16 run_, address token_, bytes calldata chunk) external {
        Workspace.reserve();
        _requireRole(OPERATOR);
        _requireMovable();
        Run storage found = _openRun(run_, token_);
        bytes32 chunkHash = keccak256(chunk);
        if (_chunks[run_][chunkHash]) revert ChunkStaged(run_, chunkHash);
        _chunks[run_][chunkHash] = true;
        _prepareInstructions(0);

        Chunk memory reading = _readTable(chunk);
        _loadPositions(run_, reading);
        uint256 parts;
        uint256 lines;
        uint256 gross = found.gross;
        uint64 validUntil = found.validUntil;
        for (; reading.at < reading.end; ++parts) {
            Part memory part = _readPart(reading);
            _foldLines(reading, part);
            _acceptPart(run_, token_, part);
            lines += part.count;
            gross += part.gross;
            if (part.validUntil < validUntil) validUntil = uint64(part.validUntil);
        }
        if (parts == 0) revert MalformedChunk(0);
        if (gross > MAX_MINOR) revert NotSettleable(run_, address(0), uint8(AMOUNT), uint64(MAX_MINOR), type(uint64).max);
        _storePositions(run_, token_, reading);
        (found.gross, found.validUntil) = (uint64(gross), validUntil);
        found.instructions += uint32(lines);
        uint32 number = ++found.chunks;
        emit RunStaged(run_, token_, number, uint32(parts), uint32(lines));
    }

    /// @notice See IClearing.
    function finaliseRun(bytes16 run_, address[] calldata accounts) external {
        Workspace.reserve();
        _requireRole(OPERATOR);
        uint256 day = _requireMovable();
        Run storage found = _runs[run_];
        if (found.state != STAGED) revert RunNotStaged(run_, found.state);
        if (block.timestamp > found.validUntil) {
            revert NotSettleable(run_, address(0), uint8(EXPIRED), found.validUntil, uint64(block.timestamp));
        }
        found.state = FINALISED;
        _prepareEntries(NET, day);
        address last = address(0);
        uint256 sides = 0;
        for (uint256 i = 0; i < accounts.length; ++i) {
            address account = accounts[i];
            if (account <= last) revert AccountsNotAscending(account);
            last = account;
            sides += _bookPosition(run_, account, day);
        }
        uint256 staged = 2 * uint256(found.instructions);
        if (sides != staged) revert RunIncomplete(run_, sides, staged);
        emit RunFinalised(run_, found.token, found.instructions, found.gross, uint32(day));
    }

    /// @notice See IClearing.
    function abortRun(bytes16 run_, bytes calldata chunk) external {
        Run storage found = _runs[run_];
        if (found.state != STAGED && found.state != ABORTING) revert RunNotStaged(run_, found.state);
        if (block.timestamp <= found.validUntil) _requireRole(OPERATOR);
        bytes32 chunkHash = keccak256(chunk);
        if (!_chunks[run_][chunkHash]) revert UnknownChunk(run_, chunkHash);
        delete _chunks[run_][chunkHash];

        Chunk memory reading = _readTable(chunk);
        while (reading.at < reading.end) {
            _unspendPart(_readPart(reading));
        }
        for (uint256 i = 0; i < reading.count; ++i) {
            delete _positions[run_][_accountAt(reading, i)];
        }
        found.state = ABORTING;
        uint32 left = --found.chunks;
        if (left == 0) delete _runs[run_];
        emit RunAborted(run_, left);
    }

    function _openRun(bytes16 run_, address token_) private returns (Run storage found) {
        found = _runs[run_];
        if (found.state == 0) {
            if (run_ == 0) revert ZeroId();
            if (_tokens[token_].kind == 0) revert UnknownToken(token_);
            (found.token, found.state, found.validUntil) = (token_, STAGED, type(uint64).max);
        }
        if (found.state != STAGED) revert RunNotStaged(run_, found.state);
        if (found.token != token_) revert RunTokenMismatch(run_, found.token, token_);
    }

    /// @dev Is it the debtor's, within its policy, in time, and not spent before? Spends it.
    function _acceptPart(bytes16 run_, address token_, Part memory part) private {
        address debtor = part.debtor;
        uint256 policy = _load(_recordBase(debtor) + 2);
        if (policy == 0) revert NotSettleable(run_, debtor, uint8(UNKNOWN_DEBTOR), 0, 0);
        if (address(uint160(policy)) != token_) revert NotSettleable(run_, debtor, uint8(TOKEN), 0, 0);
        if (part.gross > MAX_MINOR) {
            revert NotSettleable(run_, debtor, uint8(AMOUNT), uint64(MAX_MINOR), type(uint64).max);
        }
        bytes32 structHash = _hashPart(run_, token_, part);
        if (!_isAuthorised(part.signatures, debtor, _threshold(policy, debtor, part.gross), structHash)) {
            revert NotSettleable(run_, debtor, uint8(NOT_AUTHORISED), 0, 0);
        }
        if (block.timestamp > part.validUntil) {
            revert NotSettleable(run_, debtor, uint8(EXPIRED), uint64(part.validUntil), uint64(block.timestamp));
        }
        if (policy & COUNTERPARTIES_MASK != 0) {
            revert NotSettleable(run_, debtor, uint8(OVER_COUNTERPARTY_LIMIT), 0, 0);
        }
        uint256 limit = policy >> LIMIT_SHIFT;
        uint256 largest = limit == 0 ? 0 : _largestAmount(part);
        if (largest > limit) {
            revert NotSettleable(run_, debtor, uint8(OVER_PAYMENT_LIMIT), uint64(limit), uint64(largest));
        }
        _spendPart(part, structHash);
    }

    /// @dev Books what a run did to one account, and returns how many sides of instructions that were.
    function _bookPosition(bytes16 run_, address account, uint256 day) private returns (uint256) {
        Position memory position = _positions[run_][account];
        if (position.count == 0) revert NotInRun(run_, account);
        delete _positions[run_][account];
        Record storage entry = _records[account];
        _requirePassable(run_, account, entry, position);
        if (position.paid != 0) _chargeDay(run_, account, position.paid, day);

        bytes32 entryReference =
            keccak256(abi.encode(NET_1, bytes32(run_), uint256(position.count), position.subhead));
        _setReference(entryReference);
        unchecked {
            uint256 net = uint256(position.received) - position.paid;
            _bookEntry(account, NET, entryReference, net, address(0), day);
        }
        emit RunPosition(run_, account, position.received, position.paid, position.count, position.subhead);
        return position.count;
    }

    /// @dev The account's state lets it do what the run does, and its money covers the net.
    function _requirePassable(bytes16 run_, address account, Record storage entry, Position memory position)
        private
        view
    {
        if (position.paid != 0 && entry.flags & HAS_COUNTERPARTY_LIMITS != 0) {
            revert NotSettleable(run_, account, uint8(OVER_COUNTERPARTY_LIMIT), 0, 0);
        }
        uint8 paying = position.paid == 0 ? OPEN : entry.state;
        uint8 receiving = position.received == 0 ? OPEN : entry.state;
        uint256 code = _checkStates(paying, receiving);
        if (code != 0) revert NotSettleable(run_, account, uint8(code), 0, 0);
        if (position.paid == 0) return;
        // What comes in may pay what goes out, but for what is held and frozen: a freeze may exceed the balance.
        uint256 bound = uint256(entry.held) + entry.frozen;
        uint256 covered = uint256(entry.balance) + position.received;
        if (bound + position.paid <= covered) return;
        uint64 free = bound < covered ? uint64(covered - bound) : 0;
        revert NotSettleable(run_, account, uint8(INSUFFICIENT_FUNDS), free, position.paid);
    }

    /// @dev Limits count the gross: netting is no way around them.
    function _chargeDay(bytes16 run_, address account, uint64 paid, uint256 day) private {
        Record storage entry = _records[account];
        uint64 limit = entry.limitPerDay;
        if (limit == 0) return;
        uint256 used = entry.usageDay == day ? entry.usedToday : 0;
        if (used + paid > limit) {
            revert NotSettleable(run_, account, uint8(OVER_DAY_LIMIT), limit, uint64(used + paid));
        }
        (entry.usedToday, entry.usageDay) = (uint64(used + paid), uint32(day));
    }
}
