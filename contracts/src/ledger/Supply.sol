// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {ILedger} from "../interfaces/ILedger.sol";
import {Checks} from "./Checks.sol";
import {Workspace} from "./Workspace.sol";

/// @title Money in and out of existence
abstract contract Supply is Checks {
    bytes32 private constant ISSUE_1 = keccak256("vostro.issue.1");

    /// @inheritdoc ILedger
    function issue(bytes16 uetr, address token_, address account, uint64 amount, bytes32 documentHash) external {
        Workspace.reserve();
        _requireRole(ISSUER);
        uint256 day = _requireMovable();
        bytes32 used = _marks[uetr];
        if (used != 0) revert AlreadyUsed(uetr, used);
        _requireCreditable(account, token_);
        _increaseSupply(token_, amount);

        bytes32 entryReference = keccak256(
            abi.encode(ISSUE_1, bytes32(uetr), token_, account, uint256(amount), documentHash)
        );
        _marks[uetr] = entryReference;
        uint256 seq = _bookSupply(ISSUE, day, entryReference, account, token_, amount);
        emit Issued(uetr, token_, account, amount, entryReference, documentHash, uint64(seq), uint32(day));
    }

    /// @inheritdoc ILedger
    function redeem(bytes calldata item) external {
        Workspace.reserve();
        _requireRole(ISSUER);
        uint256 day = _requireMovable();
        _prepareInstructions();
        uint256 at;
        assembly ("memory-safe") {
            at := item.offset
        }
        unchecked {
            if (_itemEnd(at, at, at + item.length) != at + item.length) revert MalformedBatch(0);
        }
        bytes16 uetr = _uetr(at);
        if (_creditor(at) != _token(at)) revert NotARedemption(uetr, _creditor(at), _token(at));
        _redeemItem(at, uetr, day);
    }

    function _redeemItem(uint256 at, bytes16 uetr, uint256 day) private {
        address account = _debtor(at);
        address token_ = _token(at);
        uint256 base = _recordBase(account);
        (uint256 code, uint256 policy, bytes32 structHash) = _checkAuthority(at, base, _markSlot(uetr));
        if (code != 0) revert RedemptionRefused(uetr, uint8(code), 0, 0);
        uint256 amount = _field(Workspace.INSTRUCTION_AMOUNT);
        // The token stands in for the creditor: always open, always of its own kind.
        code = _checkParties(amount, token_, policy, STATE_OPEN | uint160(token_), false);
        uint256 limit;
        uint256 needed;
        if (code != 0) {
            (limit, needed) = _partyNumbers(code, amount);
            revert RedemptionRefused(uetr, uint8(code), uint64(limit), uint64(needed));
        }
        uint256 charged;
        (code, limit, needed, charged) = _checkMoney(amount, policy, _load(base + 3), _load(base), day);
        if (code != 0) revert RedemptionRefused(uetr, uint8(code), uint64(limit), uint64(needed));

        _marks[uetr] = structHash;
        _store(base + 3, charged);
        _tokens[token_].supply -= uint64(amount);
        uint256 seq;
        unchecked {
            seq = _bookSupply(REDEEM, day, structHash, account, token_, 0 - amount);
        }
        emit Redeemed(uetr, token_, account, uint64(amount), structHash, uint64(seq), uint32(day));
    }

    /// @dev Books the one entry of an issue or a redemption: its counterparty is the token.
    function _bookSupply(
        uint256 kind,
        uint256 day,
        bytes32 entryReference,
        address account,
        address token_,
        uint256 signedAmount
    ) private returns (uint256) {
        _prepareEntries(kind, day);
        _setReference(entryReference);
        uint256 base = _recordBase(account);
        return _book(base, _load(base), signedAmount, token_);
    }

    /// @dev The supply bounds every balance of the token: no credit can overflow while this holds.
    function _increaseSupply(address token_, uint64 amount) private {
        uint64 allowed = uint64(MAX_MINOR - _tokens[token_].supply);
        if (amount == 0 || amount > allowed) revert AmountOutOfRange(amount, allowed);
        _tokens[token_].supply += amount;
    }

    function _requireCreditable(address account, address token_) private view {
        Record storage entry = _records[account];
        uint8 state = entry.state;
        if (state == 0) revert UnknownAccount(account);
        if (entry.token != token_) revert TokenMismatch(account, entry.token, token_);
        if (state == CLOSED) revert AccountClosed(account);
        if (state == CREDIT_BLOCKED || state == BLOCKED) revert AccountBlocked(account, state);
    }
}
