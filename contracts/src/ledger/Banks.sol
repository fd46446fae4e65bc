// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {ILedger} from "../interfaces/ILedger.sol";
import {WrittenByRegistry} from "./WrittenByRegistry.sol";

/// @title What banks agreed on: settlement accounts and inbound mandates
/// @notice docs/decisions/0010. Written by the registry only.
abstract contract Banks is WrittenByRegistry {
    /// @inheritdoc ILedger
    function setSettlementAccount(address token_, address account) external onlyRegistry {
        Token storage deposit = _tokens[token_];
        if (deposit.kind == 0) revert UnknownToken(token_);
        if (account != address(0)) {
            Record storage entry = _records[account];
            Token storage asset = _tokens[entry.token];
            bool fits = deposit.kind == DEPOSIT_TOKEN && entry.kind == SETTLEMENT_ACCOUNT
                && entry.participant == deposit.issuer && asset.kind == SETTLEMENT_ASSET
                && asset.currency == deposit.currency && asset.exponent == deposit.exponent;
            if (!fits) revert NotASettlementAccount(token_, account);
        }
        _settlementAccounts[token_] = account;
        emit SettlementAccountChanged(token_, account);
    }

    /// @inheritdoc ILedger
    function setInboundMandate(
        address token_,
        uint32 from,
        uint64 maxPerPayment,
        uint64 maxPerDay,
        uint64 validUntil
    ) external onlyRegistry {
        if (_tokens[token_].kind != DEPOSIT_TOKEN) revert UnknownToken(token_);
        _requireWithin("maxPerPayment", maxPerPayment, 0, MAX_MINOR);
        _requireWithin("maxPerDay", maxPerDay, 0, MAX_MINOR);
        Mandate storage mandate = _mandates[token_][from];
        (mandate.maxPerPayment, mandate.maxPerDay, mandate.validUntil) = (maxPerPayment, maxPerDay, validUntil);
        emit InboundMandateChanged(token_, from, maxPerPayment, maxPerDay, validUntil);
    }

    /// @inheritdoc ILedger
    function settlementAccount(address token_) external view returns (address) {
        return _settlementAccounts[token_];
    }

    /// @inheritdoc ILedger
    function inboundMandate(address token_, uint32 from) external view returns (Mandate memory) {
        return _mandates[token_][from];
    }
}
