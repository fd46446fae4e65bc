// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {ILedger} from "./interfaces/ILedger.sol";
import {IRegistry} from "./interfaces/IRegistry.sol";

/// @title The registry
/// @notice See IRegistry. Deployed first, with the predicted address of the ledger, which checks it when it follows.
contract Registry is IRegistry {
    bytes32 private constant OPERATOR = keccak256("OPERATOR");
    bytes32 private constant COMPLIANCE = keccak256("COMPLIANCE");
    uint8 private constant ACTIVE = 1;
    uint8 private constant SUSPENDED = 2;
    uint8 private constant SETTLEMENT_ASSET = 1;

    ILedger private immutable _ledger;

    mapping(uint32 number => Participant) private _participants;
    mapping(bytes11 bic => uint32 number) private _numbers;
    mapping(bytes32 proposal => address) private _proposers;

    modifier onlyByProposal() {
        if (msg.sender != address(this)) revert OnlyByProposal(msg.sender);
        _;
    }

    constructor(address ledger_) {
        _ledger = ILedger(ledger_);
    }

    // --- two persons ---

    /// @inheritdoc IRegistry
    function propose(bytes[] calldata calls) external returns (bytes32 proposal) {
        _requireRole(OPERATOR);
        if (calls.length == 0) revert EmptyProposal();
        proposal = keccak256(abi.encode(calls));
        if (_proposers[proposal] != address(0)) revert ProposalOpen(proposal);
        _proposers[proposal] = msg.sender;
        emit ChangeProposed(proposal, msg.sender, calls.length);
    }

    /// @inheritdoc IRegistry
    function confirm(bytes[] calldata calls) external {
        _requireRole(COMPLIANCE);
        bytes32 proposal = keccak256(abi.encode(calls));
        address proposedBy = _proposers[proposal];
        if (proposedBy == address(0)) revert ProposalUnknown(proposal);
        if (proposedBy == msg.sender) revert SamePerson(msg.sender);
        if (!_ledger.hasRole(OPERATOR, proposedBy)) revert MissingRole(OPERATOR, proposedBy);
        delete _proposers[proposal];
        emit ChangeConfirmed(proposal, proposedBy, msg.sender);
        for (uint256 i = 0; i < calls.length; ++i) {
            _run(calls[i]);
        }
    }

    /// @inheritdoc IRegistry
    function cancel(bytes32 proposal) external {
        address proposedBy = _proposers[proposal];
        if (proposedBy == address(0)) revert ProposalUnknown(proposal);
        if (proposedBy != msg.sender && !_ledger.hasRole(COMPLIANCE, msg.sender)) {
            revert OnlyProposer(proposedBy, msg.sender);
        }
        delete _proposers[proposal];
        emit ChangeCancelled(proposal, proposedBy);
    }

    // --- changes ---

    /// @inheritdoc IRegistry
    function admitParticipant(uint32 number, bytes11 bic, bytes20 lei, bytes2 country) external onlyByProposal {
        if (number == 0 || bic == 0 || lei == 0 || country == 0) revert IncompleteParticipant(number);
        if (_participants[number].status != 0 || _numbers[bic] != 0) revert ParticipantKnown(number, bic);
        _participants[number] = Participant(bic, lei, country, ACTIVE);
        _numbers[bic] = number;
        emit ParticipantAdmitted(number, bic, lei, country);
    }

    /// @inheritdoc IRegistry
    function setParticipantStatus(uint32 number, uint8 status) external onlyByProposal {
        uint8 present = _participants[number].status;
        if (present == 0) revert UnknownParticipant(number);
        if (status == present || status == 0 || status > SUSPENDED) revert StatusUnchanged(number, status);
        _participants[number].status = status;
        emit ParticipantStatusChanged(number, status);
    }

    /// @inheritdoc IRegistry
    function createToken(address token, bytes3 currency, uint8 exponent, uint8 kind, uint32 issuer)
        external
        onlyByProposal
    {
        if (issuer != 0 || kind != SETTLEMENT_ASSET) _requireActive(issuer);
        _ledger.createToken(token, currency, exponent, kind, issuer);
    }

    /// @inheritdoc IRegistry
    function openAccounts(ILedger.AccountOpening[] calldata openings) external onlyByProposal {
        for (uint256 i = 0; i < openings.length; ++i) {
            _requireActive(openings[i].participant);
            _ledger.openAccount(openings[i]);
        }
    }

    /// @inheritdoc IRegistry
    function setSigner(address account, address signer, bool authorised) external onlyByProposal {
        _ledger.setSigner(account, signer, authorised);
    }

    /// @inheritdoc IRegistry
    function setThreshold(address account, uint8 threshold) external onlyByProposal {
        _ledger.setThreshold(account, threshold);
    }

    /// @inheritdoc IRegistry
    function setLimits(address account, uint64 limitPerPayment, uint64 limitPerDay) external onlyByProposal {
        _ledger.setLimits(account, limitPerPayment, limitPerDay);
    }

    /// @inheritdoc IRegistry
    function setAccountState(address account, uint8 state) external onlyByProposal {
        _ledger.setAccountState(account, state);
    }

    /// @inheritdoc IRegistry
    function setBands(address account, ILedger.Band[] calldata bands) external onlyByProposal {
        _ledger.setBands(account, bands);
    }

    /// @inheritdoc IRegistry
    function setCounterpartyLimit(address account, address counterparty, uint64 limitPerDay) external onlyByProposal {
        _ledger.setCounterpartyLimit(account, counterparty, limitPerDay);
    }

    /// @inheritdoc IRegistry
    function setIssuer(address token, address holder, bool authorised) external onlyByProposal {
        _ledger.setIssuer(token, holder, authorised);
    }

    /// @inheritdoc IRegistry
    function setSettlementAccount(address token, address account) external onlyByProposal {
        _ledger.setSettlementAccount(token, account);
    }

    /// @inheritdoc IRegistry
    function setInboundMandate(
        address token,
        uint32 from,
        uint64 maxPerPayment,
        uint64 maxPerDay,
        uint64 validUntil
    ) external onlyByProposal {
        if (_participants[from].status == 0) revert UnknownParticipant(from);
        _ledger.setInboundMandate(token, from, maxPerPayment, maxPerDay, validUntil);
    }

    // --- views ---

    /// @inheritdoc IRegistry
    function ledger() external view returns (address) {
        return address(_ledger);
    }

    /// @inheritdoc IRegistry
    function participant(uint32 number) external view returns (Participant memory) {
        return _participants[number];
    }

    /// @inheritdoc IRegistry
    function participantByBic(bytes11 bic) external view returns (uint32) {
        return _numbers[bic];
    }

    /// @inheritdoc IRegistry
    function proposer(bytes32 proposal) external view returns (address) {
        return _proposers[proposal];
    }

    // --- inside ---

    /// @dev Runs one call on this contract itself, and passes its error on unchanged.
    function _run(bytes calldata change) private {
        // Low-level, because a change may be any of this contract's functions and its error is passed on as it is.
        // solhint-disable-next-line avoid-low-level-calls
        (bool success, bytes memory answer) = address(this).call(change);
        if (success) return;
        if (answer.length == 0) revert UnknownChange(bytes4(change));
        assembly ("memory-safe") {
            revert(add(answer, 0x20), mload(answer))
        }
    }

    function _requireRole(bytes32 role) private view {
        if (!_ledger.hasRole(role, msg.sender)) revert MissingRole(role, msg.sender);
    }

    function _requireActive(uint32 number) private view {
        uint8 status = _participants[number].status;
        if (status == 0) revert UnknownParticipant(number);
        if (status == SUSPENDED) revert ParticipantSuspended(number);
    }
}
