// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {Checks} from "../ledger/Checks.sol";

/// @title Routes: how money gets from an account to one that holds another bank's token
/// @notice docs/decisions/0010. All checks of a route come before the first write: all its legs or none.
abstract contract Routes is Checks {
    bytes32 private constant CONSENT_TYPE =
        keccak256("InboundConsent(bytes32 instruction,address account,uint64 validUntil)");

    uint256 internal constant NO_CONSENT = 18;
    uint256 internal constant OVER_MANDATE = 19;
    uint256 internal constant NO_LIQUIDITY = 20;
    uint256 internal constant AGENT_BLOCKED = 24;

    /// @dev The settlement asset moves from `payer` to `payee`. Where `from` is not the payer, its deposit money is destroyed;
    /// where `to` is not the payee, deposit money is created for it.
    struct Route {
        address from;
        address payer;
        address payee;
        address to;
        uint256 amount;
    }

    /// @dev Why something is refused, and the two amounts that disagree. A code of zero: it is not.
    struct Refusal {
        uint256 code;
        uint256 limit;
        uint256 needed;
    }

    function _planRoute(address from, address to, uint256 amount) internal view returns (Route memory) {
        address given = _records[from].token;
        address wanted = _records[to].token;
        if (given == wanted) return Route(from, from, to, to, amount);
        return Route(from, _assetAccount(from, given), _assetAccount(to, wanted), to, amount);
    }

    /// @dev Checks 6 to 12 for two accounts that hold different tokens.
    /// @param policy The third word of the debtor's record.
    /// @param wanted The token that the creditor must hold.
    /// @param sameCurrency Whether the two tokens must be of one currency, or of two.
    function _checkEnds(uint256 item, uint256 policy, address wanted, bool sameCurrency)
        internal
        view
        returns (Refusal memory)
    {
        uint256 amount = _amount(item);
        if (amount == 0 || amount > MAX_MINOR) return Refusal(AMOUNT, MAX_MINOR, amount);
        address token_ = _token(item);
        if (address(uint160(policy)) != token_) return Refusal(TOKEN, 0, 0);
        Record storage creditor = _records[_creditor(item)];
        if (creditor.state == 0 || _creditor(item) == _debtor(item)) return Refusal(UNKNOWN_CREDITOR, 0, 0);
        bool isOneCurrency = _tokens[wanted].currency == _tokens[token_].currency;
        bool fits = creditor.token == wanted && wanted != token_ && isOneCurrency == sameCurrency;
        if (!fits) return Refusal(TOKEN, 0, 0);
        return Refusal(_checkStates(uint8(policy >> STATE_SHIFT), creditor.state), 0, 0);
    }

    /// @dev Whether the accounts in the middle of a route let it pass.
    function _checkRoute(Route memory route, uint256 day) internal returns (Refusal memory refusal) {
        if (!_isOpenRoute(route)) return Refusal(AGENT_BLOCKED, 0, 0);
        if (route.payer != route.from) refusal = _checkAgentDebit(route.payer, route.payee, route.amount, day);
    }

    /// @dev Whether an account that nobody signed for in this instruction can pay.
    function _checkAgentDebit(address account, address counterparty, uint256 amount, uint256 day)
        internal
        returns (Refusal memory refusal)
    {
        refusal = _tryDebit(account, counterparty, amount, day, false);
        if (refusal.code != 0) refusal.code = NO_LIQUIDITY;
    }

    /// @dev Checks 13 to 16 of an account's debit; with `charge`, and when they pass, charges its limits.
    function _tryDebit(address account, address counterparty, uint256 amount, uint256 day, bool charge)
        internal
        returns (Refusal memory refusal)
    {
        uint256 base = _recordBase(account);
        uint256 policy = _load(base + 2);
        uint256 charged;
        (refusal.code, refusal.limit, refusal.needed, charged) =
            _checkMoney(amount, policy, _load(base + 3), _load(base), day);
        if (refusal.code != 0) return refusal;
        if (charge) _store(base + 3, charged);
        if (policy & COUNTERPARTIES_MASK == 0) return Refusal(0, 0, 0);
        uint256 slot;
        (refusal.code, refusal.limit, refusal.needed, slot, charged) =
            _checkCounterparty(account, counterparty, amount, day);
        if (charge) _store(slot, charged);
    }

    /// @dev Whether the bank that creates money at the end of a route wants to.
    /// @param validUntil Of the signed consent.
    /// @param list Where the consent's signatures lie; zero of them, or no list at all (0): its mandate is asked.
    function _checkConsent(Route memory route, bytes32 instruction, uint256 validUntil, uint256 list, uint256 day)
        internal
        view
        returns (Refusal memory)
    {
        if (route.to == route.payee) return Refusal(0, 0, 0);
        if (list == 0 || uint8(bytes1(_word(list))) == 0) return _checkMandate(route, day);
        bytes32 structHash = keccak256(abi.encode(CONSENT_TYPE, instruction, route.payee, validUntil));
        uint256 threshold = _threshold(_load(_recordBase(route.payee) + 2), route.payee, route.amount);
        bool given = block.timestamp <= validUntil && _isAuthorised(list, route.payee, threshold, structHash);
        return Refusal(given ? 0 : NO_CONSENT, 0, 0);
    }

    /// @dev Counts what a mandate let in; nothing where it was not asked.
    function _chargeMandate(Route memory route, uint256 list, uint256 day) internal {
        if (route.to == route.payee || (list != 0 && uint8(bytes1(_word(list))) != 0)) return;
        Mandate storage mandate = _mandateOf(route);
        if (mandate.maxPerDay == 0) return;
        mandate.usedToday = uint64(_usedOf(mandate, day) + route.amount);
        mandate.usageDay = uint32(day);
    }

    /// @dev Books all entries of a route: debtor, paying and receiving settlement account, creditor.
    function _bookRoute(Route memory route, uint256 kind, bytes32 entryReference, uint256 day) internal {
        uint256 amount = route.amount;
        unchecked {
            if (route.from != route.payer) {
                _tokens[_records[route.from].token].supply -= uint64(amount);
                _bookEntry(route.from, kind, entryReference, 0 - amount, route.to, day);
            }
            address opposite = route.from == route.payer ? route.to : route.payee;
            _bookEntry(route.payer, kind, entryReference, 0 - amount, opposite, day);
        }
        _bookEntry(route.payee, kind, entryReference, amount, route.to == route.payee ? route.from : route.payer, day);
        if (route.to != route.payee) {
            _tokens[_records[route.to].token].supply += uint64(amount);
            _bookEntry(route.to, kind, entryReference, amount, route.from, day);
        }
    }

    /// @dev The account that pays or is paid in the settlement asset: the account itself, or its bank's.
    function _assetAccount(address account, address token_) private view returns (address) {
        return _tokens[token_].kind == DEPOSIT_TOKEN ? _settlementAccounts[token_] : account;
    }

    function _isOpenRoute(Route memory route) private view returns (bool) {
        Record storage payer = _records[route.payer];
        Record storage payee = _records[route.payee];
        if (payer.state == 0 || route.payer == route.payee || payer.token != payee.token) return false;
        if (payer.state != OPEN && payer.state != CREDIT_BLOCKED) return false;
        if (payee.state != OPEN && payee.state != DEBIT_BLOCKED) return false;
        if (route.to == route.payee) return true;
        return _tokens[_records[route.to].token].supply + route.amount <= MAX_MINOR;
    }

    function _checkMandate(Route memory route, uint256 day) private view returns (Refusal memory) {
        Mandate storage mandate = _mandateOf(route);
        if (block.timestamp > mandate.validUntil) return Refusal(NO_CONSENT, 0, 0);
        if (mandate.maxPerPayment != 0 && route.amount > mandate.maxPerPayment) {
            return Refusal(OVER_MANDATE, mandate.maxPerPayment, route.amount);
        }
        uint256 needed = _usedOf(mandate, day) + route.amount;
        bool isOver = mandate.maxPerDay != 0 && needed > mandate.maxPerDay;
        return isOver ? Refusal(OVER_MANDATE, mandate.maxPerDay, needed) : Refusal(0, 0, 0);
    }

    function _usedOf(Mandate storage mandate, uint256 day) private view returns (uint256) {
        return mandate.usageDay == day ? mandate.usedToday : 0;
    }

    function _mandateOf(Route memory route) private view returns (Mandate storage) {
        return _mandates[_records[route.to].token][_records[route.from].participant];
    }
}
