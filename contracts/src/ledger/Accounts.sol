// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {ILedger} from "../interfaces/ILedger.sol";
import {WrittenByRegistry} from "./WrittenByRegistry.sol";

/// @title Tokens and accounts: what they are, who may debit them, up to how much
/// @notice Written by the registry only.
abstract contract Accounts is WrittenByRegistry {
    bytes32 private constant HEAD_1 = keccak256("vostro.head.1");
    uint256 private constant SIGNERS_MAX = 16;
    uint256 private constant EXPONENT_MAX = 6;
    uint256 private constant ACCOUNT_KINDS = 6;
    uint256 private constant TOKEN_KINDS = 2;
    uint256 private constant BANDS_MAX = 3;
    uint256 private constant BAND_SIZE = 72;
    uint256 private constant BANDS_MASK = (1 << 216) - 1;
    uint256 private constant ONE_COUNTERPARTY = 1 << 216;

    /// @inheritdoc ILedger
    function createToken(address token_, bytes3 currency, uint8 exponent, uint8 kind, uint32 issuer)
        external
        onlyRegistry
    {
        _requireFree(token_);
        _requireCurrency(currency);
        _requireWithin("exponent", exponent, 0, EXPONENT_MAX);
        _requireWithin("kind", kind, 1, TOKEN_KINDS);
        _tokens[token_] = Token(0, issuer, kind, exponent, currency);
        emit TokenCreated(token_, currency, exponent, kind, issuer);
    }

    /// @inheritdoc ILedger
    function openAccount(AccountOpening calldata opening) external onlyRegistry {
        address account = opening.account;
        _requireFree(account);
        if (_tokens[opening.token].kind == 0) revert UnknownToken(opening.token);
        _requireWithin("kind", opening.kind, 1, ACCOUNT_KINDS);
        _requireLimits(opening.limitPerPayment, opening.limitPerDay);
        uint256 count = opening.signers.length;
        _requireWithin("signers", count, 1, SIGNERS_MAX);
        _requireReachable(account, opening.threshold, count);

        Record storage entry = _records[account];
        entry.head = keccak256(abi.encode(HEAD_1, block.chainid, address(this), opening.token, account));
        entry.token = opening.token;
        entry.kind = opening.kind;
        entry.state = OPEN;
        entry.threshold = opening.threshold;
        entry.limitPerPayment = opening.limitPerPayment;
        entry.limitPerDay = opening.limitPerDay;
        entry.participant = opening.participant;
        _signerCounts[account] = uint8(count);
        _writeSigners(account, opening.signers);
        emit AccountOpened(
            account,
            opening.token,
            opening.participant,
            opening.kind,
            opening.threshold,
            opening.signers,
            opening.limitPerPayment,
            opening.limitPerDay
        );
    }

    /// @inheritdoc ILedger
    function setSigner(address account, address signer, bool authorised) external onlyRegistry {
        Record storage entry = _requireLiving(account);
        if (signer == address(0)) revert ZeroId();
        if (_signers[account][signer] == authorised) revert SignerUnchanged(account, signer, authorised);
        uint256 count = _signerCounts[account];
        count = authorised ? count + 1 : count - 1;
        _requireWithin("signers", count, 0, SIGNERS_MAX);
        _requireReachable(account, _highestThreshold(account, entry), count);
        _signerCounts[account] = uint8(count);
        _signers[account][signer] = authorised;
        emit SignerChanged(account, signer, authorised);
    }

    /// @inheritdoc ILedger
    function setThreshold(address account, uint8 threshold) external onlyRegistry {
        Record storage entry = _requireLiving(account);
        _requireReachable(account, threshold, _signerCounts[account]);
        if (entry.flags & BAND_COUNT != 0) {
            uint256 first = _bands[account];
            if (threshold > uint8(first >> 64)) revert BadBand(account, uint64(first), uint8(first >> 64));
        }
        entry.threshold = threshold;
        _emitChanged(account, entry);
    }

    /// @inheritdoc ILedger
    function setLimits(address account, uint64 limitPerPayment, uint64 limitPerDay) external onlyRegistry {
        Record storage entry = _requireLiving(account);
        _requireLimits(limitPerPayment, limitPerDay);
        entry.limitPerPayment = limitPerPayment;
        entry.limitPerDay = limitPerDay;
        _emitChanged(account, entry);
    }

    /// @inheritdoc ILedger
    function setAccountState(address account, uint8 state) external onlyRegistry {
        Record storage entry = _requireLiving(account);
        _requireWithin("state", state, OPEN, CLOSED);
        if (state == CLOSED && entry.balance != 0) revert AccountNotEmpty(account, entry.balance);
        entry.state = state;
        _emitChanged(account, entry);
    }

    /// @inheritdoc ILedger
    function setBands(address account, Band[] calldata bands_) external onlyRegistry {
        Record storage entry = _requireLiving(account);
        _requireWithin("bands", bands_.length, 0, BANDS_MAX);
        uint256 packed = _bands[account] & ~BANDS_MASK;
        uint64 above = 0;
        uint8 threshold = entry.threshold;
        for (uint256 i = 0; i < bands_.length; ++i) {
            Band calldata band = bands_[i];
            bool isAscending = band.above > above && band.above < MAX_MINOR && band.threshold >= threshold;
            if (!isAscending) revert BadBand(account, band.above, band.threshold);
            (above, threshold) = (band.above, band.threshold);
            packed |= ((uint256(threshold) << 64) | above) << (BAND_SIZE * i);
        }
        _requireReachable(account, threshold, _signerCounts[account]);
        _bands[account] = packed;
        entry.flags = (entry.flags & ~BAND_COUNT) | uint8(bands_.length);
        emit BandsChanged(account, bands_);
    }

    /// @inheritdoc ILedger
    function setCounterpartyLimit(address account, address counterparty, uint64 limitPerDay) external onlyRegistry {
        Record storage entry = _requireLiving(account);
        if (_records[counterparty].state == 0) revert UnknownAccount(counterparty);
        if (account == counterparty) revert SameAccount(account);
        _requireWithin("limitPerDay", limitPerDay, 0, MAX_MINOR);
        CounterpartyLimit storage limit = _counterparties[account][counterparty];
        if (limit.limitPerDay == 0 && limitPerDay != 0) _bands[account] += ONE_COUNTERPARTY;
        if (limit.limitPerDay != 0 && limitPerDay == 0) _bands[account] -= ONE_COUNTERPARTY;
        limit.limitPerDay = limitPerDay;
        entry.flags = (entry.flags & BAND_COUNT) | (_bands[account] > BANDS_MASK ? HAS_COUNTERPARTY_LIMITS : 0);
        emit CounterpartyLimitChanged(account, counterparty, limitPerDay);
    }

    /// @inheritdoc ILedger
    function record(address account) external view returns (Record memory) {
        return _records[account];
    }

    /// @inheritdoc ILedger
    function available(address account) external view returns (uint64) {
        Record storage entry = _records[account];
        uint256 bound = uint256(entry.held) + entry.frozen;
        return bound < entry.balance ? uint64(entry.balance - bound) : 0;
    }

    /// @inheritdoc ILedger
    function token(address token_) external view returns (Token memory) {
        return _tokens[token_];
    }

    /// @inheritdoc ILedger
    function isSigner(address account, address signer) external view returns (bool) {
        return _signers[account][signer];
    }

    /// @inheritdoc ILedger
    function bands(address account) external view returns (Band[] memory found) {
        uint256 packed = _bands[account];
        found = new Band[](_records[account].flags & BAND_COUNT);
        for (uint256 i = 0; i < found.length; ++i) {
            found[i] = Band(uint64(packed), uint8(packed >> 64));
            packed >>= BAND_SIZE;
        }
    }

    /// @inheritdoc ILedger
    function counterpartyLimit(address account, address counterparty)
        external
        view
        returns (CounterpartyLimit memory)
    {
        return _counterparties[account][counterparty];
    }

    /// @inheritdoc ILedger
    function signerCount(address account) external view returns (uint8) {
        return _signerCounts[account];
    }

    function _writeSigners(address account, address[] calldata signers) private {
        address last = address(0);
        for (uint256 i = 0; i < signers.length; ++i) {
            address signer = signers[i];
            if (signer <= last) revert SignersNotAscending(signer);
            _signers[account][signer] = true;
            last = signer;
        }
    }

    /// @dev How many signatures the largest debit needs.
    function _highestThreshold(address account, Record storage entry) private view returns (uint8) {
        uint256 count = entry.flags & BAND_COUNT;
        if (count == 0) return entry.threshold;
        return uint8(_bands[account] >> (BAND_SIZE * (count - 1) + 64));
    }

    function _emitChanged(address account, Record storage entry) private {
        emit AccountChanged(account, entry.state, entry.threshold, entry.limitPerPayment, entry.limitPerDay);
    }

    /// @dev Returns the record of an account that exists and is not closed.
    function _requireLiving(address account) private view returns (Record storage entry) {
        entry = _records[account];
        if (entry.state == 0) revert UnknownAccount(account);
        if (entry.state == CLOSED) revert AccountClosed(account);
    }

    /// @dev Tokens and accounts share one space of ids, so that a redemption's creditor is never an account.
    function _requireFree(address id) private view {
        if (id == address(0)) revert ZeroId();
        if (_tokens[id].kind != 0 || _records[id].state != 0) revert IdTaken(id);
    }

    function _requireReachable(address account, uint8 threshold, uint256 count) private pure {
        if (threshold == 0 || threshold > count) revert ThresholdUnreachable(account, threshold, count);
    }

    function _requireLimits(uint64 limitPerPayment, uint64 limitPerDay) private pure {
        _requireWithin("limitPerPayment", limitPerPayment, 0, MAX_MINOR);
        _requireWithin("limitPerDay", limitPerDay, 0, MAX_MINOR);
    }

    function _requireCurrency(bytes3 currency) private pure {
        for (uint256 i = 0; i < 3; ++i) {
            if (currency[i] < "A" || currency[i] > "Z") revert NotACurrency(currency);
        }
    }
}
