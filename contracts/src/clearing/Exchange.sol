// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {Workspace} from "../ledger/Workspace.sol";
import {Routes} from "./Routes.sol";

/// @title Cross-currency payments over an FX provider's signed quote
/// @notice docs/decisions/0010. Two routes, debtor to provider and provider to creditor: both or none.
abstract contract Exchange is Routes {
    bytes32 private constant EXCHANGE_TYPE = keccak256(
        "CrossCurrencyInstruction(bytes16 uetr,address debtor,address creditor,address token,uint64 amount,uint64 validAfter,uint64 validUntil,uint8 priority,bytes32 remittanceHash,bytes16 quoteId,address creditorToken,uint64 minCreditorAmount,uint64 maxCharges,bytes32 documentHash)"
    );
    bytes32 private constant QUOTE_TYPE = keccak256(
        "Quote(bytes16 quoteId,address sellAccount,address buyAccount,address sellToken,address buyToken,uint64 rateNumerator,uint64 rateDenominator,uint64 charges,uint64 expires,uint64 maxAmount)"
    );
    bytes32 private constant EXCHANGE_1 = keccak256("vostro.exchange.1");

    uint256 private constant QUOTE_INVALID = 21;
    uint256 private constant BELOW_MINIMUM = 22;
    uint256 private constant OVER_CHARGES = 23;
    uint256 private constant OVER_PROVIDER_LIMIT = 25;

    /// @dev Offsets within a packed item, up to the debtor's signatures.
    uint256 private constant AT_QUOTE_ID = 133;
    uint256 private constant AT_CREDITOR_TOKEN = 149;
    uint256 private constant AT_MINIMUM = 169;
    uint256 private constant AT_MAX_CHARGES = 177;
    uint256 private constant AT_DOCUMENT = 185;
    uint256 private constant AT_EXCHANGE_SIGNATURES = 217;
    /// @dev Ten words of a payment and five more.
    uint256 private constant EXCHANGE_SIZE = 0x1e0;
    /// @dev Offsets within the quote that follows, up to the provider's signatures.
    uint256 private constant AT_BUY_ACCOUNT = 20;
    uint256 private constant AT_NUMERATOR = 40;
    uint256 private constant AT_DENOMINATOR = 48;
    uint256 private constant AT_CHARGES = 56;
    uint256 private constant AT_EXPIRES = 64;
    uint256 private constant AT_MAX_AMOUNT = 72;
    uint256 private constant AT_QUOTE_SIGNATURES = 80;
    uint256 private constant CONSENT_HEADER = 8;

    /// @dev One cross-currency payment while it is looked at.
    struct Deal {
        uint256 item;
        /// Where the quote lies.
        uint256 quote;
        /// Where the consent lies.
        uint256 consent;
        bytes32 structHash;
        bytes32 quoteHash;
        uint256 creditorAmount;
        Route sold;
        Route bought;
    }

    /// @notice See IClearing.
    function settleExchange(bytes calldata items) external {
        Workspace.reserve();
        _requireRole(OPERATOR);
        uint256 day = _requireMovable();
        _prepareInstructions(EXCHANGE_TYPE);
        _prepareEntries(EXCHANGE, day);
        uint256 start;
        uint256 end;
        assembly ("memory-safe") {
            start := items.offset
            end := add(start, items.length)
        }
        for (uint256 item = start; item < end;) {
            uint256 at = item - start;
            uint256 quote = _signaturesEnd(item + AT_EXCHANGE_SIGNATURES, 1, at, end);
            uint256 consent = _signaturesEnd(quote + AT_QUOTE_SIGNATURES, 1, at, end);
            uint256 next = _signaturesEnd(consent + CONSENT_HEADER, 0, at, end);
            _settleDeal(item, quote, consent, day);
            item = next;
        }
    }

    function _settleDeal(uint256 item, uint256 quote, uint256 consent, uint256 day) private {
        uint256 markSlot = _markSlot(_uetr(item));
        (uint256 code, uint256 policy) = _checkIdentity(item, _recordBase(_debtor(item)), markSlot);
        if (code != 0) return _emitRefused(item, code, 0, 0);
        Deal memory deal;
        (deal.item, deal.quote, deal.consent, deal.structHash) = (item, quote, consent, _hashExchange(item));
        code = _checkSignatures(item, item + AT_EXCHANGE_SIGNATURES, policy, deal.structHash);
        if (code != 0) return _emitRefused(item, code, 0, 0);

        Refusal memory refusal = _checkEnds(item, policy, _addressAt(item + AT_CREDITOR_TOKEN), false);
        // The provider is the debtor's counterparty: its limit is asked below, once the quote is known to be the provider's.
        if (refusal.code == 0) refusal = _tryDebit(_debtor(item), address(0), _amount(item), day, false);
        if (refusal.code != 0) return _refuseForGood(item, markSlot, refusal.code, refusal.limit, refusal.needed);
        refusal = _checkQuote(deal);
        if (refusal.code == 0) refusal = _checkProviderLimit(deal, day);
        if (refusal.code == 0) refusal = _checkLegs(deal, day);
        if (refusal.code != 0) return _emitRefused(item, refusal.code, refusal.limit, refusal.needed);
        _book(deal, markSlot, day);
    }

    /// @dev Is there a quote, does it hold, and is it within what the debtor allows? Notes its hash and what the creditor gets.
    function _checkQuote(Deal memory deal) private view returns (Refusal memory) {
        uint256 quote = deal.quote;
        if (!_isQuoteSound(deal)) return Refusal(QUOTE_INVALID, 0, 0);
        uint256 amount = _amount(deal.item);
        uint256 most = _uint64At(quote + AT_MAX_AMOUNT);
        uint256 used = _quoteUsed[deal.quoteHash];
        if (used + amount > most) return Refusal(QUOTE_INVALID, most > used ? most - used : 0, amount);

        uint256 charges = _uint64At(quote + AT_CHARGES);
        uint256 most_ = _uint64At(deal.item + AT_MAX_CHARGES);
        if (charges > most_) return Refusal(OVER_CHARGES, most_, charges);
        uint256 creditorAmount = charges < amount ? _convert(quote, amount - charges) : 0;
        uint256 least = _uint64At(deal.item + AT_MINIMUM);
        if (creditorAmount == 0 || creditorAmount < least) return Refusal(BELOW_MINIMUM, least, creditorAmount);
        if (creditorAmount > MAX_MINOR) return Refusal(QUOTE_INVALID, MAX_MINOR, 0);
        deal.creditorAmount = creditorAmount;
        return Refusal(0, 0, 0);
    }

    /// @dev Whether the provider signed this quote for these tokens, and it is in time. Notes its hash.
    function _isQuoteSound(Deal memory deal) private view returns (bool) {
        uint256 quote = deal.quote;
        address sellAccount = _addressAt(quote);
        address buyAccount = _addressAt(quote + AT_BUY_ACCOUNT);
        Record storage seller = _records[sellAccount];
        Record storage buyer = _records[buyAccount];
        if (seller.state == 0 || buyer.state == 0 || seller.participant != buyer.participant) return false;
        if (sellAccount == _debtor(deal.item) || buyAccount == _creditor(deal.item)) return false;
        if (block.timestamp > _uint64At(quote + AT_EXPIRES)) return false;
        if (_uint64At(quote + AT_DENOMINATOR) == 0) return false;
        deal.quoteHash = _hashQuote(deal);
        uint256 policy = _load(_recordBase(buyAccount) + 2);
        uint256 threshold = _threshold(policy, buyAccount, _convert(quote, _uint64At(quote + AT_MAX_AMOUNT)));
        return _isAuthorised(quote + AT_QUOTE_SIGNATURES, buyAccount, threshold, deal.quoteHash);
    }

    /// @dev The debtor's limit towards the provider. It leaves the UETR open: the debtor signed for a quote, not for this account.
    function _checkProviderLimit(Deal memory deal, uint256 day) private returns (Refusal memory refusal) {
        refusal = _tryDebit(_debtor(deal.item), _addressAt(deal.quote), _amount(deal.item), day, false);
        if (refusal.code != 0) refusal.code = OVER_PROVIDER_LIMIT;
    }

    /// @dev Plans both routes, and checks all that is not the debtor's.
    function _checkLegs(Deal memory deal, uint256 day) private returns (Refusal memory refusal) {
        address buyAccount = _addressAt(deal.quote + AT_BUY_ACCOUNT);
        address creditor = _creditor(deal.item);
        deal.sold = _planRoute(_debtor(deal.item), _addressAt(deal.quote), _amount(deal.item));
        deal.bought = _planRoute(buyAccount, creditor, deal.creditorAmount);
        if (!_isProviderOpen(deal)) return Refusal(AGENT_BLOCKED, 0, 0);
        refusal = _checkRoute(deal.sold, day);
        if (refusal.code == 0) refusal = _checkRoute(deal.bought, day);
        if (refusal.code == 0) refusal = _checkAgentDebit(buyAccount, creditor, deal.creditorAmount, day);
        if (refusal.code == 0) refusal = _checkConsent(deal.sold, deal.structHash, 0, 0, day);
        if (refusal.code != 0) return refusal;
        uint256 list = deal.consent + CONSENT_HEADER;
        return _checkConsent(deal.bought, deal.structHash, _uint64At(deal.consent), list, day);
    }

    function _book(Deal memory deal, uint256 markSlot, uint256 day) private {
        bytes32 entryReference =
            keccak256(abi.encode(EXCHANGE_1, deal.structHash, deal.quoteHash, deal.creditorAmount));
        _store(markSlot, uint256(entryReference));
        _quoteUsed[deal.quoteHash] += uint64(deal.sold.amount);
        _tryDebit(deal.sold.from, deal.sold.to, deal.sold.amount, day, true);
        _tryDebit(deal.bought.from, deal.bought.to, deal.bought.amount, day, true);
        _chargePayer(deal.sold, day);
        _chargePayer(deal.bought, day);
        _chargeMandate(deal.sold, 0, day);
        _chargeMandate(deal.bought, deal.consent + CONSENT_HEADER, day);
        _setReference(entryReference);
        _bookRoute(deal.sold, EXCHANGE, entryReference, day);
        _bookRoute(deal.bought, EXCHANGE, entryReference, day);
        emit ExchangeSettled(
            _uetr(deal.item),
            deal.sold.from,
            deal.bought.to,
            uint64(deal.sold.amount),
            uint64(deal.creditorAmount),
            _uint64At(deal.quote + AT_CHARGES),
            deal.quoteHash,
            entryReference,
            uint32(day)
        );
    }

    function _chargePayer(Route memory route, uint256 day) private {
        if (route.payer != route.from) _tryDebit(route.payer, route.payee, route.amount, day, true);
    }

    /// @dev The provider's accounts may be paid and pay; those in the middle are the route's.
    function _isProviderOpen(Deal memory deal) private view returns (bool) {
        uint8 selling = _records[deal.sold.to].state;
        uint8 buying = _records[deal.bought.from].state;
        return (selling == OPEN || selling == DEBIT_BLOCKED) && (buying == OPEN || buying == CREDIT_BLOCKED);
    }

    /// @dev What is bought for an amount, rounded down.
    function _convert(uint256 quote, uint256 amount) private pure returns (uint256) {
        return amount * _uint64At(quote + AT_NUMERATOR) / _uint64At(quote + AT_DENOMINATOR);
    }

    /// @dev Returns the instruction's struct hash, and leaves its fields in the workspace.
    function _hashExchange(uint256 item) private pure returns (bytes32) {
        _copyInstruction(item);
        uint256 at = Workspace.INSTRUCTION_MORE;
        assembly ("memory-safe") {
            mstore(at, shl(128, shr(128, calldataload(add(item, AT_QUOTE_ID)))))
            mstore(add(at, 0x20), shr(96, calldataload(add(item, AT_CREDITOR_TOKEN))))
            mstore(add(at, 0x40), shr(192, calldataload(add(item, AT_MINIMUM))))
            mstore(add(at, 0x60), shr(192, calldataload(add(item, AT_MAX_CHARGES))))
            mstore(add(at, 0x80), calldataload(add(item, AT_DOCUMENT)))
        }
        return _hashCopied(EXCHANGE_SIZE);
    }

    function _hashQuote(Deal memory deal) private pure returns (bytes32) {
        uint256 quote = deal.quote;
        return keccak256(
            abi.encode(
                QUOTE_TYPE,
                bytes32(bytes16(_word(deal.item + AT_QUOTE_ID))),
                _addressAt(quote),
                _addressAt(quote + AT_BUY_ACCOUNT),
                _token(deal.item),
                _addressAt(deal.item + AT_CREDITOR_TOKEN),
                _uint64At(quote + AT_NUMERATOR),
                _uint64At(quote + AT_DENOMINATOR),
                _uint64At(quote + AT_CHARGES),
                _uint64At(quote + AT_EXPIRES),
                _uint64At(quote + AT_MAX_AMOUNT)
            )
        );
    }
}
