// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {ILedger} from "../interfaces/ILedger.sol";
import {IReserveAttestation} from "../interfaces/IReserveAttestation.sol";
import {Checks} from "./Checks.sol";
import {Workspace} from "./Workspace.sol";
import {WrittenByRegistry} from "./WrittenByRegistry.sol";

/// @title Money in and out of existence
/// @notice Issue and redemption, and who may do either for which token.
abstract contract Supply is WrittenByRegistry, Checks {
    bytes32 private constant ISSUE_1 = keccak256("vostro.issue.1");

    /// @inheritdoc ILedger
    address public immutable reserves;
    /// @inheritdoc ILedger
    uint64 public immutable reservesMaxAge;

    constructor(address reserves_, uint64 reservesMaxAge_) {
        reserves = reserves_;
        reservesMaxAge = reservesMaxAge_;
    }

    /// @inheritdoc ILedger
    function issue(bytes16 uetr, address token_, address account, uint64 amount, bytes32 documentHash) external {
        Workspace.reserve();
        _requireIssuer(token_);
        uint256 day = _requireMovable();
        _requireCreditable(account, token_);
        bytes32 entryReference = keccak256(
            abi.encode(ISSUE_1, bytes32(uetr), token_, account, uint256(amount), documentHash)
        );
        _spend(uetr, entryReference);
        _increaseSupply(token_, amount);
        if (_tokens[token_].kind == SETTLEMENT_ASSET) _requireReserves(token_, amount);
        uint256 seq = _bookSupply(ISSUE, day, entryReference, account, token_, amount);
        emit Issued(uetr, token_, account, amount, entryReference, documentHash, uint64(seq), uint32(day));
    }

    /// @inheritdoc ILedger
    function redeem(bytes calldata item) external {
        Workspace.reserve();
        uint256 day = _requireMovable();
        _prepareInstructions(INSTRUCTION_TYPE);
        uint256 at;
        assembly ("memory-safe") {
            at := item.offset
        }
        unchecked {
            if (_itemEnd(at, at, at + item.length) != at + item.length) revert MalformedBatch(0);
        }
        _requireIssuer(_token(at));
        if (_creditor(at) != _token(at)) revert NotARedemption(_uetr(at), _creditor(at), _token(at));
        _redeemItem(at, day);
    }

    /// @inheritdoc ILedger
    function setIssuer(address token_, address holder, bool authorised) external onlyRegistry {
        Token storage found = _tokens[token_];
        if (found.kind == 0) revert UnknownToken(token_);
        if (holder == address(0)) revert ZeroId();
        if (_issuers[token_][holder] == authorised) revert IssuerUnchanged(token_, holder, authorised);
        if (found.kind == SETTLEMENT_ASSET && holder == IReserveAttestation(reserves).attestor()) {
            revert BadRoleHolder(keccak256("ISSUER"), holder);
        }
        _issuers[token_][holder] = authorised;
        emit IssuerChanged(token_, holder, authorised);
    }

    /// @inheritdoc ILedger
    function isIssuer(address token_, address holder) external view returns (bool) {
        return _issuers[token_][holder];
    }

    /// @dev Redeems, or refuses with an event, and with a mark when the signatures held: as `settle` does.
    function _redeemItem(uint256 item, uint256 day) private {
        uint256 markSlot = _markSlot(_uetr(item));
        uint256 base = _recordBase(_debtor(item));
        (uint256 code, uint256 policy, bytes32 structHash) = _checkAuthority(item, base, markSlot);
        if (code != 0) return _emitRefused(item, code, 0, 0);

        uint256 limit;
        uint256 needed;
        uint256 charged;
        (code, limit, needed, charged) = _checkRedemption(item, policy, base, day);
        if (code != 0) return _refuseForGood(item, markSlot, code, limit, needed);

        _store(markSlot, uint256(structHash));
        _store(base + 3, charged);
        _burn(item, structHash, day);
    }

    /// @dev Checks 6 to 15. The token stands in for the creditor: always open, always of its own kind.
    function _checkRedemption(uint256 item, uint256 policy, uint256 base, uint256 day)
        private
        view
        returns (uint256 code, uint256 limit, uint256 needed, uint256 charged)
    {
        uint256 amount = _field(Workspace.INSTRUCTION_AMOUNT);
        address token_ = _token(item);
        code = _checkParties(amount, token_, policy, STATE_OPEN | uint160(token_), false);
        if (code == 0) return _checkMoney(amount, policy, _load(base + 3), _load(base), day);
        (limit, needed) = _partyNumbers(code, amount);
    }

    /// @dev Takes money that was checked to be there off the supply and the account.
    function _burn(uint256 item, bytes32 structHash, uint256 day) private {
        address account = _debtor(item);
        address token_ = _token(item);
        uint256 amount = _field(Workspace.INSTRUCTION_AMOUNT);
        _tokens[token_].supply -= uint64(amount);
        uint256 seq;
        unchecked {
            seq = _bookSupply(REDEEM, day, structHash, account, token_, 0 - amount);
        }
        emit Redeemed(_uetr(item), token_, account, uint64(amount), structHash, uint64(seq), uint32(day));
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
        return _book(base, _load(base), signedAmount, uint160(token_));
    }

    /// @dev The supply bounds every balance of the token: no credit can overflow while this holds.
    function _increaseSupply(address token_, uint64 amount) private {
        uint64 allowed = uint64(MAX_MINOR - _tokens[token_].supply);
        if (amount == 0 || amount > allowed) revert AmountOutOfRange(amount, allowed);
        _tokens[token_].supply += amount;
    }

    function _requireIssuer(address token_) private view {
        if (!_issuers[token_][msg.sender]) revert NotIssuer(token_, msg.sender);
    }

    /// @dev The supply, which has the amount in it already, must be covered by a fresh attestation.
    function _requireReserves(address token_, uint64 amount) private view {
        IReserveAttestation.Attestation memory attested = IReserveAttestation(reserves).latest(token_);
        if (attested.asOf == 0 || block.timestamp - attested.asOf > reservesMaxAge) {
            revert ReservesStale(token_, attested.asOf, reservesMaxAge);
        }
        uint64 before = _tokens[token_].supply - amount;
        uint64 left = attested.amount > before ? attested.amount - before : 0;
        if (amount > left) revert BeyondReserves(token_, left, amount);
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
