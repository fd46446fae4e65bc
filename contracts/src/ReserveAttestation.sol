// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {ILedger} from "./interfaces/ILedger.sol";
import {IReserveAttestation} from "./interfaces/IReserveAttestation.sol";

/// @title Attested reserves
/// @notice See IReserveAttestation.
contract ReserveAttestation is IReserveAttestation {
    bytes32 private constant ATTESTOR = keccak256("ATTESTOR");
    uint64 private constant MAX_MINOR = 2 ** 63 - 1;

    /// @inheritdoc IReserveAttestation
    address public immutable attestor;
    /// @inheritdoc IReserveAttestation
    address public immutable ledger;

    mapping(address token => Attestation) private _latest;

    /// @param ledger_ The ledger's address, predicted: it is deployed later, and checks that it is meant.
    constructor(address attestor_, address ledger_) {
        if (attestor_ == address(0)) revert BadRoleHolder(ATTESTOR, attestor_);
        attestor = attestor_;
        ledger = ledger_;
    }

    /// @inheritdoc IReserveAttestation
    function attest(address token, uint64 amount, uint64 asOf, bytes32 documentHash) external {
        if (msg.sender != attestor) revert MissingRole(ATTESTOR, msg.sender);
        if (token == address(0)) revert ZeroToken();
        if (amount > MAX_MINOR) revert AmountTooLarge(amount, MAX_MINOR);
        if (documentHash == 0) revert DocumentMissing(token);
        uint64 last = _latest[token].asOf;
        if (asOf <= last) revert AsOfNotForward(token, last, asOf);
        if (asOf > block.timestamp) revert AsOfInFuture(uint64(block.timestamp), asOf);
        _latest[token] = Attestation(amount, asOf, documentHash);
        emit ReservesAttested(token, amount, asOf, documentHash);
        uint64 supply = ILedger(ledger).token(token).supply;
        if (supply > amount) emit SupplyAboveReserves(token, supply, amount);
    }

    /// @inheritdoc IReserveAttestation
    function latest(address token) external view returns (Attestation memory) {
        return _latest[token];
    }

    /// @inheritdoc IReserveAttestation
    function isFresh(address token, uint64 maxAge) external view returns (bool) {
        uint256 asOf = _latest[token].asOf;
        return asOf != 0 && block.timestamp - asOf <= maxAge;
    }
}
