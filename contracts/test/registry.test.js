"use strict";
const { ethers } = require("hardhat");
const { expect } = require("chai");
const { EURO, accountId, change, deployedLedger, encodeChanges, eventsOf, expectError, opening, text } = require("./support");

const list = (result) => Array.from(result);
const BANK = [text("BBBBFRPPXXX", 11), text("969500T8BM49AURSDO55", 20), text("FR", 2)];

describe("Registry", () => {
  let world;
  beforeEach(async () => {
    world = await deployedLedger();
  });

  it("changes nothing until the second person confirms", async () => {
    const { registry, ledger, operator, compliance, alice } = world;
    const calls = encodeChanges(world, ["setLimits", [alice, 5, 6]]);
    const [[name, told]] = await eventsOf(registry, registry.connect(operator).propose(calls));
    expect(name).to.equal("ChangeProposed");
    expect(await registry.proposer(told.proposal)).to.equal(operator.address);
    expect((await ledger.record(alice)).limitPerPayment).to.equal(0n);
    await registry.connect(compliance).confirm(calls);
    expect((await ledger.record(alice)).limitPerPayment).to.equal(5n);
    await expectError(registry, registry.connect(compliance).confirm(calls), "ProposalUnknown");
  });

  it("knows who may do which half", async () => {
    const { registry, operator, compliance, stranger, alice } = world;
    const calls = encodeChanges(world, ["setLimits", [alice, 5, 6]]);
    await expectError(registry, registry.connect(compliance).propose(calls), "MissingRole");
    await registry.connect(operator).propose(calls);
    await expectError(registry, registry.connect(operator).confirm(calls), "MissingRole");
    await expectError(registry, registry.connect(stranger).cancel(ethers.ZeroHash), "ProposalUnknown");
  });

  it("lets the proposer take a change back", async () => {
    const { registry, operator, compliance, stranger, alice } = world;
    const calls = encodeChanges(world, ["setLimits", [alice, 5, 6]]);
    const [[, told]] = await eventsOf(registry, registry.connect(operator).propose(calls));
    await expectError(registry, registry.connect(stranger).cancel(told.proposal), "OnlyProposer");
    await registry.connect(operator).cancel(told.proposal);
    await expectError(registry, registry.connect(compliance).confirm(calls), "ProposalUnknown");
  });

  it("lets compliance take a change back too", async () => {
    const { registry, operator, compliance, alice } = world;
    const calls = encodeChanges(world, ["setLimits", [alice, 5, 6]]);
    const [[, told]] = await eventsOf(registry, registry.connect(operator).propose(calls));
    const [[name, cancelled]] = await eventsOf(registry, registry.connect(compliance).cancel(told.proposal));
    expect([name, ...cancelled]).to.deep.equal(["ChangeCancelled", told.proposal, operator.address]);
    await expectError(registry, registry.connect(compliance).confirm(calls), "ProposalUnknown");
  });

  it("runs all calls or none, and passes the ledger's error on", async () => {
    const { registry, ledger, operator, compliance, alice } = world;
    const nobody = accountId();
    const calls = encodeChanges(world, ["setLimits", [alice, 5, 6]], ["setLimits", [nobody, 5, 6]]);
    await registry.connect(operator).propose(calls);
    const told = await expectError(ledger, registry.connect(compliance).confirm(calls), "UnknownAccount");
    expect(told.account).to.equal(nobody);
    expect((await ledger.record(alice)).limitPerPayment).to.equal(0n);
  });

  it("admits a bank and opens its accounts in one change", async () => {
    const { registry, ledger } = world;
    const account = accountId();
    await change(world, ["admitParticipant", [2, ...BANK]], ["openAccounts", [[{ ...opening(world, account), participant: 2 }]]]);
    expect((await registry.participant(2)).bic).to.equal(BANK[0]);
    expect(await registry.participantByBic(BANK[0])).to.equal(2n);
    const record = await ledger.record(account);
    expect([record.state, record.participant, record.token]).to.deep.equal([1n, 2n, EURO]);
    expect(await ledger.signerCount(account)).to.equal(3n);
    expect(await ledger.isSigner(account, world.keys[0].address)).to.equal(true);
  });

  it("is never bypassed", async () => {
    const { registry, ledger, operator, compliance, alice } = world;
    await expectError(registry, registry.connect(operator).setLimits(alice, 1, 1), "OnlyByProposal");
    await expectError(registry, registry.connect(compliance).admitParticipant(2, ...BANK), "OnlyByProposal");
    await expectError(ledger, ledger.connect(operator).setLimits(alice, 1, 1), "OnlyRegistry");
  });

  it("rotates keys, and never below the threshold", async () => {
    const { ledger, bob, keys } = world;
    const fresh = ethers.Wallet.createRandom().address;
    await change(world, ["setSigner", [bob, fresh, true]], ["setSigner", [bob, keys[0].address, false]]);
    expect(await ledger.isSigner(bob, keys[0].address)).to.equal(false);
    const pending = change(world, ["setSigner", [bob, keys[1].address, false]], ["setSigner", [bob, keys[2].address, false]]);
    const told = await expectError(ledger, pending, "ThresholdUnreachable");
    expect([told.threshold, told.signers]).to.deep.equal([2n, 1n]);
  });

  it("suspends a bank, which then gets nothing new, and makes it active again", async () => {
    const { registry } = world;
    const status = (value, number = 1) => change(world, ["setParticipantStatus", [number, value]]);
    const events = await eventsOf(registry, status(2));
    expect(events.slice(1).map(([name, told]) => [name, ...told])).to.deep.equal([["ParticipantStatusChanged", 1n, 2n]]);
    const opened = () => change(world, ["openAccounts", [[opening(world, accountId())]]]);
    expect((await expectError(registry, opened(), "ParticipantSuspended")).participant).to.equal(1n);
    const token = ["createToken", [accountId(), text("USD", 3), 2, 2, 1]];
    await expectError(registry, change(world, token), "ParticipantSuspended");
    for (const value of [0, 2, 3]) expect(list(await expectError(registry, status(value), "StatusUnchanged"))).to.deep.equal([1n, BigInt(value)]);
    expect((await expectError(registry, status(1, 99), "UnknownParticipant")).participant).to.equal(99n);
    await status(1);
    await opened();
    await change(world, token);
  });

  it("admits whole banks, each once", async () => {
    const { registry } = world;
    const admit = (...values) => change(world, ["admitParticipant", values]);
    const [bic, lei, country] = BANK;
    const zero = (size) => "0x" + "00".repeat(size);
    for (const values of [[0, bic, lei, country], [2, zero(11), lei, country], [2, bic, zero(20), country], [2, bic, lei, zero(2)]]) {
      expect((await expectError(registry, admit(...values), "IncompleteParticipant")).participant).to.equal(BigInt(values[0]));
    }
    const events = await eventsOf(registry, admit(2, ...BANK));
    expect(events.slice(1).map(([name, told]) => [name, ...told])).to.deep.equal([["ParticipantAdmitted", 2n, ...BANK]]);
    for (const number of [2, 3]) expect(list(await expectError(registry, admit(number, ...BANK), "ParticipantKnown"))).to.deep.equal([BigInt(number), bic]);
    expect(list(await expectError(registry, admit(2, text("CCCCFRPPXXX", 11), lei, country), "ParticipantKnown"))[0]).to.equal(2n);
    expect(list(await registry.participant(2))).to.deep.equal([...BANK, 1n]);
  });

  it("creates deposit tokens of active banks only", async () => {
    const { registry } = world;
    for (const [kind, issuer] of [[2, 0], [2, 99], [1, 99]]) {
      const told = await expectError(registry, change(world, ["createToken", [accountId(), text("EUR", 3), 2, kind, issuer]]), "UnknownParticipant");
      expect(told.participant).to.equal(BigInt(issuer));
    }
    await expectError(registry, change(world, ["openAccounts", [[{ ...opening(world, accountId()), participant: 99 }]]]), "UnknownParticipant");
  });

  it("runs its changes and nothing else", async () => {
    const { registry, operator, compliance, alice } = world;
    await expectError(registry, registry.connect(operator).propose([]), "EmptyProposal");
    const calls = encodeChanges(world, ["setLimits", [alice, 5, 6]]);
    await registry.connect(operator).propose(calls);
    await expectError(registry, registry.connect(operator).propose(calls), "ProposalOpen");
    for (const bad of ["0x12345678", ethers.dataSlice(calls[0], 0, 40)]) {
      await registry.connect(operator).propose([bad]);
      const told = await expectError(registry, registry.connect(compliance).confirm([bad]), "UnknownChange");
      expect(told.selector).to.equal(ethers.dataSlice(bad, 0, 4));
    }
    const nested = encodeChanges(world, ["confirm", [calls]]);
    await registry.connect(operator).propose(nested);
    const told = await expectError(registry, registry.connect(compliance).confirm(nested), "MissingRole");
    expect(told.caller).to.equal(await registry.getAddress());
    const [[, confirmed]] = await eventsOf(registry, registry.connect(compliance).confirm(calls));
    expect(list(confirmed).slice(1)).to.deep.equal([operator.address, compliance.address]);
  });
});
