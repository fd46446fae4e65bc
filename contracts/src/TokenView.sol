// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {IERC165} from "./interfaces/IERC165.sol";
import {IERC7943Queries} from "./interfaces/IERC7943Queries.sol";
import {ILedger} from "./interfaces/ILedger.sol";
import {ITokenView} from "./interfaces/ITokenView.sol";

/// @title One token, to be read
/// @notice See ITokenView.
contract TokenView is ITokenView {
    uint8 private constant OPEN = 1;
    uint8 private constant DEBIT_BLOCKED = 2;
    uint8 private constant CREDIT_BLOCKED = 3;
    uint8 private constant HAS_COUNTERPARTY_LIMITS = 0x80;

    ILedger private immutable _ledger;
    /// @inheritdoc ITokenView
    address public immutable token;
    /// @inheritdoc ITokenView
    string public name;
    /// @inheritdoc ITokenView
    string public symbol;

    /// @dev The token must exist: an id with a typing error would read as empty for ever.
    constructor(address ledger_, address token_, string memory name_, string memory symbol_) {
        if (ILedger(ledger_).token(token_).kind == 0) revert UnknownToken(token_);
        _ledger = ILedger(ledger_);
        token = token_;
        name = name_;
        symbol = symbol_;
    }

    // --- what ERC-20 reads ---

    /// @inheritdoc ITokenView
    function ledger() external view returns (address) {
        return address(_ledger);
    }

    /// @inheritdoc ITokenView
    function decimals() external view returns (uint8) {
        return _ledger.token(token).exponent;
    }

    /// @inheritdoc ITokenView
    function totalSupply() external view returns (uint256) {
        return _ledger.token(token).supply;
    }

    /// @inheritdoc ITokenView
    function balanceOf(address account) external view returns (uint256) {
        return _record(account).balance;
    }

    /// @inheritdoc ITokenView
    function allowance(address, address) external pure returns (uint256) {
        return 0;
    }

    // --- what ERC-20 writes ---

    /// @inheritdoc ITokenView
    function transfer(address, uint256) external pure returns (bool) {
        revert UseInstruction();
    }

    /// @inheritdoc ITokenView
    function transferFrom(address, address, uint256) external pure returns (bool) {
        revert UseInstruction();
    }

    /// @inheritdoc ITokenView
    function approve(address, uint256) external pure returns (bool) {
        revert UseInstruction();
    }

    // --- what ERC-7943 asks ---

    /// @inheritdoc IERC7943Queries
    function canSend(address account) external view returns (bool) {
        return _maySend(_record(account).state);
    }

    /// @inheritdoc IERC7943Queries
    function canReceive(address account) external view returns (bool) {
        return _mayReceive(_record(account).state);
    }

    /// @inheritdoc IERC7943Queries
    function getFrozenTokens(address account) external view returns (uint256) {
        return _record(account).frozen;
    }

    /// @inheritdoc IERC7943Queries
    function canTransfer(address from, address to, uint256 amount) external view returns (bool) {
        uint256 day = _ledger.businessDay();
        if (_ledger.paused() || day == 0 || from == to || amount == 0) return false;
        ILedger.Record memory debtor = _record(from);
        if (!_maySend(debtor.state) || !_mayReceive(_record(to).state)) return false;
        // The order matters: an amount that is available cannot overflow the sums of the limits.
        if (amount > _available(debtor) || !_isWithinLimits(debtor, amount, day)) return false;
        return debtor.flags & HAS_COUNTERPARTY_LIMITS == 0 || _isWithinPair(from, to, amount, day);
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return interfaceId == type(IERC165).interfaceId || interfaceId == type(IERC7943Queries).interfaceId;
    }

    // --- inside ---

    /// @dev The account's record; all zero, state included, when the account holds another token.
    function _record(address account) private view returns (ILedger.Record memory found) {
        ILedger.Record memory entry = _ledger.record(account);
        if (entry.token == token) return entry;
    }

    function _maySend(uint8 state) private pure returns (bool) {
        return state == OPEN || state == CREDIT_BLOCKED;
    }

    function _mayReceive(uint8 state) private pure returns (bool) {
        return state == OPEN || state == DEBIT_BLOCKED;
    }

    function _available(ILedger.Record memory debtor) private pure returns (uint256) {
        uint256 bound = uint256(debtor.held) + debtor.frozen;
        return bound < debtor.balance ? debtor.balance - bound : 0;
    }

    /// @dev A limit of zero is none. Usage of an earlier day does not count.
    function _isWithinLimits(ILedger.Record memory debtor, uint256 amount, uint256 day) private pure returns (bool) {
        if (debtor.limitPerPayment != 0 && amount > debtor.limitPerPayment) return false;
        uint256 used = debtor.usageDay == day ? debtor.usedToday : 0;
        return debtor.limitPerDay == 0 || used + amount <= debtor.limitPerDay;
    }

    function _isWithinPair(address from, address to, uint256 amount, uint256 day) private view returns (bool) {
        ILedger.CounterpartyLimit memory pair = _ledger.counterpartyLimit(from, to);
        uint256 used = pair.usageDay == day ? pair.usedToday : 0;
        return pair.limitPerDay == 0 || used + amount <= pair.limitPerDay;
    }
}
