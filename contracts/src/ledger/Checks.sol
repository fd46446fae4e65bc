// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {Instructions} from "./Instructions.sol";
import {Workspace} from "./Workspace.sol";

/// @title The checks of an instruction, in their frozen order, and how a refusal is reported
/// @notice docs/decisions/0004: the first check that fails gives the code. Payments and redemptions are refused alike.
abstract contract Checks is Instructions {
    uint256 internal constant DUPLICATE = 1;
    uint256 internal constant UNKNOWN_DEBTOR = 2;
    uint256 internal constant NOT_AUTHORISED = 3;
    uint256 internal constant NOT_YET_VALID = 4;
    uint256 internal constant EXPIRED = 5;
    uint256 internal constant AMOUNT = 6;
    uint256 internal constant TOKEN = 7;
    uint256 internal constant UNKNOWN_CREDITOR = 8;
    uint256 internal constant DEBTOR_BLOCKED = 9;
    uint256 internal constant CREDITOR_BLOCKED = 10;
    uint256 internal constant DEBTOR_CLOSED = 11;
    uint256 internal constant CREDITOR_CLOSED = 12;
    uint256 internal constant OVER_PAYMENT_LIMIT = 13;
    uint256 internal constant OVER_DAY_LIMIT = 14;
    uint256 internal constant INSUFFICIENT_FUNDS = 15;
    uint256 internal constant OVER_COUNTERPARTY_LIMIT = 16;
    uint256 internal constant RESERVED_UETR = 17;

    /// @dev The third word of a record (docs/decisions/0002): token, kind, state, threshold, flags, limit per payment.
    uint256 internal constant STATE_SHIFT = 168;
    uint256 internal constant THRESHOLD_SHIFT = 176;
    uint256 internal constant FLAGS_SHIFT = 184;
    uint256 private constant BAND_COUNT_MASK = uint256(BAND_COUNT) << FLAGS_SHIFT;
    uint256 internal constant COUNTERPARTIES_MASK = uint256(HAS_COUNTERPARTY_LIMITS) << FLAGS_SHIFT;
    uint256 internal constant LIMIT_SHIFT = 192;
    uint256 internal constant STATE_OPEN = uint256(OPEN) << STATE_SHIFT;
    uint256 internal constant STATE_MASK = 0xff << STATE_SHIFT;
    /// @dev The fourth word: limit per day, used today, usage day, participant.
    uint256 internal constant LOW_64 = 0xffffffffffffffff;
    uint256 internal constant USED_SHIFT = 64;
    uint256 internal constant DAY_SHIFT = 128;
    uint256 internal constant USAGE_MASK = ((1 << 96) - 1) << USED_SHIFT;

    /// @dev Checks 1 to 5 of a payment: may this instruction be looked at, and did the debtor's signers want it?
    /// @return code Zero when authorised and in time.
    /// @return policy The third word of the debtor's record.
    /// @return structHash The instruction's hash; its fields are in the workspace.
    function _checkAuthority(uint256 item, uint256 debtorBase, uint256 markSlot)
        internal
        view
        returns (uint256 code, uint256 policy, bytes32 structHash)
    {
        unchecked {
            (code, policy) = _checkIdentity(item, debtorBase, markSlot);
            if (code != 0) return (code, 0, 0);
            structHash = _hashInstruction(item);
            code = _checkSignatures(item, item + AT_MORE, policy, structHash);
        }
    }

    /// @dev Checks 1, 17 and 2: the UETR may be spent, the debtor exists.
    function _checkIdentity(uint256 item, uint256 debtorBase, uint256 markSlot)
        internal
        view
        returns (uint256 code, uint256 policy)
    {
        unchecked {
            if (_load(markSlot) != 0) return (DUPLICATE, 0);
            if (_isReserved(_uetr(item))) return (RESERVED_UETR, 0);
            policy = _load(debtorBase + 2);
            if (policy == 0) return (UNKNOWN_DEBTOR, 0);
        }
    }

    /// @dev Checks 3 to 5, on an instruction whose fields are in the workspace.
    /// @param list Where the debtor's signatures lie.
    function _checkSignatures(uint256 item, uint256 list, uint256 policy, bytes32 structHash)
        internal
        view
        returns (uint256 code)
    {
        address debtor = _debtor(item);
        uint256 threshold = _threshold(policy, debtor, _field(Workspace.INSTRUCTION_AMOUNT));
        if (!_isAuthorised(list, debtor, threshold, structHash)) return NOT_AUTHORISED;
        if (block.timestamp < _field(Workspace.INSTRUCTION_VALID_AFTER)) return NOT_YET_VALID;
        if (block.timestamp > _field(Workspace.INSTRUCTION_VALID_UNTIL)) return EXPIRED;
    }

    /// @dev How many signatures a debit of this amount needs.
    /// @param policy The third word of the account's record.
    function _threshold(uint256 policy, address account, uint256 amount) internal view returns (uint256) {
        unchecked {
            uint256 count = (policy & BAND_COUNT_MASK) >> FLAGS_SHIFT;
            if (count != 0) {
                uint256 packed = _bands[account];
                for (; count != 0; --count) {
                    uint256 band = packed >> (72 * (count - 1));
                    if (amount > uint64(band)) return uint8(band >> 64);
                }
            }
            return uint8(policy >> THRESHOLD_SHIFT);
        }
    }

    /// @dev Checks 6 to 12: amount, token, both accounts. The policies are the third words of the records.
    function _checkParties(uint256 amount, address token_, uint256 debtorPolicy, uint256 creditorPolicy, bool same)
        internal
        pure
        returns (uint256 code)
    {
        unchecked {
            if (amount - 1 >= MAX_MINOR) return AMOUNT;
            uint256 asked = uint256(uint160(token_));
            if (uint160(debtorPolicy ^ asked) != 0) return TOKEN;
            if (uint160(creditorPolicy ^ asked) != 0) return creditorPolicy == 0 ? UNKNOWN_CREDITOR : TOKEN;
            if (same) return UNKNOWN_CREDITOR;
            if (((debtorPolicy ^ STATE_OPEN) | (creditorPolicy ^ STATE_OPEN)) & STATE_MASK == 0) return 0;
        }
        return _checkStates(uint8(debtorPolicy >> STATE_SHIFT), uint8(creditorPolicy >> STATE_SHIFT));
    }

    /// @dev The two amounts that disagree, for a code of checks 6 to 12.
    function _partyNumbers(uint256 code, uint256 amount) internal pure returns (uint256 limit, uint256 needed) {
        return code == AMOUNT ? (MAX_MINOR, amount) : (0, 0);
    }

    /// @dev Checks 13 to 15: both limits, then the money.
    /// @param usage The fourth word of the debtor's record.
    /// @param balances The first word of the debtor's record.
    /// @return code Zero when the debtor may pay.
    /// @return limit With a code: the amount that was allowed.
    /// @return needed With a code: the amount that would have been used.
    /// @return charged The fourth word with the amount charged to the day.
    function _checkMoney(uint256 amount, uint256 policy, uint256 usage, uint256 balances, uint256 day)
        internal
        pure
        returns (uint256 code, uint256 limit, uint256 needed, uint256 charged)
    {
        unchecked {
            limit = policy >> LIMIT_SHIFT;
            // A limit of zero is none: it wraps to the largest number.
            if (amount - 1 > limit - 1) return (OVER_PAYMENT_LIMIT, limit, amount, usage);
            charged = usage;
            limit = usage & LOW_64;
            if (limit != 0) {
                needed = amount;
                if (uint32(usage >> DAY_SHIFT) == day) needed += (usage >> USED_SHIFT) & LOW_64;
                if (needed > limit) return (OVER_DAY_LIMIT, limit, needed, usage);
                charged = (usage & ~USAGE_MASK) | (day << DAY_SHIFT) | (needed << USED_SHIFT);
            }
            uint256 balance = balances & LOW_64;
            uint256 bound = ((balances >> 64) & LOW_64) + ((balances >> 128) & LOW_64);
            if (bound + amount > balance) {
                return (INSUFFICIENT_FUNDS, bound < balance ? balance - bound : 0, amount, usage);
            }
            return (0, 0, 0, charged);
        }
    }

    /// @dev Check 16, for an account that has limits per counterparty.
    /// @return code Zero when the account may pay the counterparty.
    /// @return limit As for `_checkMoney`.
    /// @return needed As for `_checkMoney`.
    /// @return slot Where `charged` belongs, the pair's usage with the amount in it.
    function _checkCounterparty(address account, address counterparty, uint256 amount, uint256 day)
        internal
        view
        returns (uint256 code, uint256 limit, uint256 needed, uint256 slot, uint256 charged)
    {
        CounterpartyLimit storage pair = _counterparties[account][counterparty];
        assembly ("memory-safe") {
            slot := pair.slot
        }
        charged = _load(slot);
        limit = charged & LOW_64;
        if (limit == 0) return (0, 0, 0, slot, charged);
        unchecked {
            needed = amount;
            if (uint32(charged >> DAY_SHIFT) == day) needed += (charged >> USED_SHIFT) & LOW_64;
            if (needed > limit) return (OVER_COUNTERPARTY_LIMIT, limit, needed, slot, charged);
            charged = limit | (day << DAY_SHIFT) | (needed << USED_SHIFT);
        }
    }

    /// @dev Check 16 as the last one, for an account that has such limits: charges the amount when it passes.
    function _chargeCounterparty(address account, address counterparty, uint256 amount, uint256 day)
        internal
        returns (uint256 code, uint256 limit, uint256 needed)
    {
        uint256 slot;
        uint256 charged;
        (code, limit, needed, slot, charged) = _checkCounterparty(account, counterparty, amount, day);
        if (code == 0) _store(slot, charged);
    }

    /// @dev Spends a UETR outside a batch, where a reason not to is an error.
    function _spend(bytes16 uetr, bytes32 entryReference) internal {
        uint256 markSlot = _markSlot(uetr);
        uint256 used = _load(markSlot);
        if (used != 0) revert AlreadyUsed(uetr, bytes32(used));
        if (_isReserved(uetr)) revert UetrReserved(uetr);
        _store(markSlot, uint256(entryReference));
    }

    /// @dev Whether the UETR belongs to a netting order.
    function _isReserved(bytes16 uetr) internal pure returns (bool) {
        return uint256(bytes32(uetr)) >> 224 == ORDER_TAG;
    }

    /// @dev Refuses after the signatures held: the UETR is spent with the code, and the same bytes never settle later.
    function _refuseForGood(uint256 item, uint256 markSlot, uint256 code, uint256 limit, uint256 needed) internal {
        _store(markSlot, code);
        _emitRefused(item, code, limit, needed);
    }

    /// @dev Reports a refusal; by itself it leaves the UETR as it was.
    function _emitRefused(uint256 item, uint256 code, uint256 limit, uint256 needed) internal {
        emit PaymentRefused(_uetr(item), _debtor(item), uint8(code), uint64(limit), uint64(needed));
    }

    function _field(uint256 at) internal pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(at)
        }
    }

    function _markSlot(bytes16 uetr) internal pure returns (uint256 slot) {
        assembly ("memory-safe") {
            mstore(0x00, uetr)
            mstore(0x20, _marks.slot)
            slot := keccak256(0x00, 0x40)
        }
    }

    function _checkStates(uint256 debtor, uint256 creditor) internal pure returns (uint256) {
        if (debtor == DEBIT_BLOCKED || debtor == BLOCKED) return DEBTOR_BLOCKED;
        if (creditor == CREDIT_BLOCKED || creditor == BLOCKED) return CREDITOR_BLOCKED;
        if (debtor == CLOSED) return DEBTOR_CLOSED;
        if (creditor == CLOSED) return CREDITOR_CLOSED;
        return 0;
    }
}
