// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {ILedger} from "./ILedger.sol";

/// @title Who takes part, and every change of who may do what
/// @notice Each change is proposed by one person (OPERATOR) and confirmed by another (COMPLIANCE); it then runs whole or
/// not at all, and writes the compact policy into the ledger. Roles are the ledger's.
interface IRegistry {
    /// @notice A bank admitted to the network.
    struct Participant {
        /// Business identifier code, 11 characters.
        bytes11 bic;
        /// Legal entity identifier, 20 characters.
        bytes20 lei;
        /// ISO 3166-1 alpha-2.
        bytes2 country;
        /// 0 none, 1 ACTIVE, 2 SUSPENDED.
        uint8 status;
    }

    /// @notice A participant was admitted, ACTIVE.
    event ParticipantAdmitted(uint32 indexed participant, bytes11 bic, bytes20 lei, bytes2 country);
    /// @notice A participant was suspended or made active again.
    event ParticipantStatusChanged(uint32 indexed participant, uint8 status);
    /// @notice A change waits for its second person. The calls themselves are in the transaction's calldata.
    event ChangeProposed(bytes32 indexed proposal, address indexed proposer, uint256 calls);
    /// @notice A change was confirmed and has run.
    event ChangeConfirmed(bytes32 indexed proposal, address indexed proposer, address indexed confirmer);
    /// @notice A proposed change was taken back.
    event ChangeCancelled(bytes32 indexed proposal, address indexed proposer);

    /// @notice The caller does not hold the role.
    error MissingRole(bytes32 role, address caller);
    /// @notice The same calls wait for confirmation already.
    error ProposalOpen(bytes32 proposal);
    /// @notice No such change waits for confirmation: never proposed, already confirmed, or cancelled.
    error ProposalUnknown(bytes32 proposal);
    /// @notice Who proposed a change may not confirm it.
    error SamePerson(address person);
    /// @notice Only who proposed a change may cancel it.
    error OnlyProposer(address proposer, address caller);
    /// @notice A change is never done directly, only by a confirmed proposal.
    error OnlyByProposal(address caller);
    /// @notice A proposal needs at least one call.
    error EmptyProposal();
    /// @notice A call that is none of the registry's changes, or whose arguments cannot be decoded.
    error UnknownChange(bytes4 selector);
    /// @notice The number or the BIC belongs to a participant already.
    error ParticipantKnown(uint32 participant, bytes11 bic);
    /// @notice No such participant.
    error UnknownParticipant(uint32 participant);
    /// @notice The participant is suspended.
    error ParticipantSuspended(uint32 participant);
    /// @notice Zero is no number, and BIC, LEI and country may not be empty.
    error IncompleteParticipant(uint32 participant);
    /// @notice The status must be another than the present one: 1 ACTIVE or 2 SUSPENDED.
    error StatusUnchanged(uint32 participant, uint8 status);

    /// @notice Propose a change: calls of the functions below, in order. May be called by OPERATOR.
    /// @return proposal keccak256(abi.encode(calls)).
    function propose(bytes[] calldata calls) external returns (bytes32 proposal);

    /// @notice Confirm and run a proposed change. May be called by COMPLIANCE, never by who proposed it.
    /// @dev All calls run, or none: the first error reverts the whole confirmation and the proposal stays open. A confirmed
    /// proposal is used up; the same change again must be proposed again.
    function confirm(bytes[] calldata calls) external;

    /// @notice Take back a proposal. May be called by who proposed it, and by COMPLIANCE.
    function cancel(bytes32 proposal) external;

    // --- changes: only as part of a confirmed proposal ---

    /// @notice Admit a bank under a number of the caller's choice.
    function admitParticipant(uint32 participant, bytes11 bic, bytes20 lei, bytes2 country) external;

    /// @notice Suspend a bank (2) or make it active again (1). A suspended bank gets no new accounts; its money still
    /// moves: block its accounts to stop that.
    function setParticipantStatus(uint32 participant, uint8 status) external;

    /// @notice Create a token. `issuer` 0 is the network's settlement agent, and issues settlement assets only.
    function createToken(address token, bytes3 currency, uint8 exponent, uint8 kind, uint32 issuer) external;

    /// @notice Open accounts of active participants.
    function openAccounts(ILedger.AccountOpening[] calldata openings) external;

    /// @notice See ILedger.
    function setSigner(address account, address signer, bool authorised) external;

    /// @notice See ILedger.
    function setThreshold(address account, uint8 threshold) external;

    /// @notice See ILedger.
    function setLimits(address account, uint64 limitPerPayment, uint64 limitPerDay) external;

    /// @notice See ILedger.
    function setAccountState(address account, uint8 state) external;

    /// @notice See ILedger.
    function setBands(address account, ILedger.Band[] calldata bands) external;

    /// @notice See ILedger.
    function setCounterpartyLimit(address account, address counterparty, uint64 limitPerDay) external;

    /// @notice See ILedger.
    function setIssuer(address token, address holder, bool authorised) external;

    /// @notice See IClearing.
    function setSettlementAccount(address token, address account) external;

    /// @notice See IClearing. `from` is an admitted participant.
    function setInboundMandate(
        address token,
        uint32 from,
        uint64 maxPerPayment,
        uint64 maxPerDay,
        uint64 validUntil
    ) external;

    // --- views ---

    /// @notice The ledger this registry writes to.
    function ledger() external view returns (address);

    /// @notice A participant by its number; all zero when there is none.
    function participant(uint32 number) external view returns (Participant memory);

    /// @notice The number of the participant with this BIC; 0 when there is none.
    function participantByBic(bytes11 bic) external view returns (uint32);

    /// @notice Who proposed a change that waits for confirmation; zero when none waits.
    function proposer(bytes32 proposal) external view returns (address);
}
