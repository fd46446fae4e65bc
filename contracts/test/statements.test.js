"use strict";
const { ethers } = require("hardhat");
const { expect } = require("chai");
const { EURO, DOLLAR, eventsOf, expectError } = require("./support");

const DOCUMENT = ethers.id("reserve statement");
const JOURNAL = ethers.id("audit");
const ROOT = ethers.id("root");
const LARGEST = 2n ** 63n - 1n;
const now = async () => (await ethers.provider.getBlock("latest")).timestamp;

describe("ReserveAttestation", () => {
  let attestation, attestor, stranger;
  beforeEach(async () => {
    [, attestor, stranger] = await ethers.getSigners();
    attestation = (await ethers.deployContract("ReserveAttestation", [attestor.address])).connect(attestor);
  });

  it("keeps the latest statement of each token, and tells each", async () => {
    const asOf = BigInt(await now());
    expect(Array.from(await attestation.latest(EURO))).to.deep.equal([0n, 0n, ethers.ZeroHash]);
    const [[name, told]] = await eventsOf(attestation, attestation.attest(EURO, 900, asOf - 10n, DOCUMENT));
    expect([name, ...told]).to.deep.equal(["ReservesAttested", EURO, 900n, asOf - 10n, DOCUMENT]);
    await attestation.attest(EURO, 0, asOf, ROOT);
    await attestation.attest(DOLLAR, LARGEST, 1, DOCUMENT);
    expect(Array.from(await attestation.latest(EURO))).to.deep.equal([0n, asOf, ROOT]);
    expect(Array.from(await attestation.latest(DOLLAR))).to.deep.equal([LARGEST, 1n, DOCUMENT]);
  });

  it("knows its one attestor", async () => {
    expect(await attestation.attestor()).to.equal(attestor.address);
    const told = await expectError(attestation, attestation.connect(stranger).attest(EURO, 1, 1, DOCUMENT), "MissingRole");
    expect(Array.from(told)).to.deep.equal([ethers.id("ATTESTOR"), stranger.address]);
    const factory = await ethers.getContractFactory("ReserveAttestation");
    await expectError(factory, factory.deploy(ethers.ZeroAddress), "BadRoleHolder");
  });

  it("goes forward only, and never into the future", async () => {
    const asOf = await now();
    await attestation.attest(EURO, 1, asOf, DOCUMENT);
    for (const earlier of [asOf, asOf - 1]) {
      const told = await expectError(attestation, attestation.attest(EURO, 2, earlier, DOCUMENT), "AsOfNotForward");
      expect(Array.from(told)).to.deep.equal([EURO, BigInt(asOf), BigInt(earlier)]);
    }
    await expectError(attestation, attestation.attest(DOLLAR, 1, 0, DOCUMENT), "AsOfNotForward");
    const told = await expectError(attestation, attestation.attest(EURO, 2, asOf + 1000, DOCUMENT), "AsOfInFuture");
    expect(told.asked).to.equal(BigInt(asOf + 1000));
  });

  it("refuses half a statement", async () => {
    await expectError(attestation, attestation.attest(ethers.ZeroAddress, 1, 1, DOCUMENT), "ZeroToken");
    const told = await expectError(attestation, attestation.attest(EURO, LARGEST + 1n, 1, DOCUMENT), "AmountTooLarge");
    expect(Array.from(told)).to.deep.equal([LARGEST + 1n, LARGEST]);
    await expectError(attestation, attestation.attest(EURO, 1, 1, ethers.ZeroHash), "DocumentMissing");
  });

  it("knows how old its statement is", async () => {
    expect(await attestation.isFresh(EURO, 2n ** 64n - 1n)).to.equal(false);
    const asOf = (await now()) - 100;
    await attestation.attest(EURO, 1, asOf, DOCUMENT);
    // A minute of room: the call may run in a later second. The exact edge is tested on py-evm.
    const age = (await now()) - asOf;
    expect(await attestation.isFresh(EURO, age + 60)).to.equal(true);
    expect(await attestation.isFresh(EURO, age - 1)).to.equal(false);
    expect(await attestation.isFresh(DOLLAR, age + 60)).to.equal(false);
  });
});

describe("Anchor", () => {
  let anchor, anchorer, stranger;
  beforeEach(async () => {
    [, anchorer, stranger] = await ethers.getSigners();
    anchor = (await ethers.deployContract("Anchor", [anchorer.address])).connect(anchorer);
  });

  it("anchors range after range, per kind", async () => {
    expect(Array.from(await anchor.last(JOURNAL))).to.deep.equal([ethers.ZeroHash, 0n, 0n]);
    const [[name, told]] = await eventsOf(anchor, anchor.anchor(JOURNAL, ROOT, 1, 7));
    expect([name, ...told]).to.deep.equal(["RangeAnchored", JOURNAL, ROOT, 1n, 7n]);
    await anchor.anchor(JOURNAL, DOCUMENT, 8, 8);
    await anchor.anchor(ethers.id("signing"), ROOT, 1, LARGEST);
    expect(Array.from(await anchor.last(JOURNAL))).to.deep.equal([DOCUMENT, 8n, 8n]);
    expect((await anchor.last(ethers.id("signing"))).toSequence).to.equal(LARGEST);
  });

  it("leaves no gap and overwrites nothing", async () => {
    await anchor.anchor(JOURNAL, ROOT, 1, 7);
    for (const from of [1, 7, 9, 0]) {
      const told = await expectError(anchor, anchor.anchor(JOURNAL, DOCUMENT, from, 20), "RangeNotNext");
      expect(Array.from(told)).to.deep.equal([JOURNAL, 8n, BigInt(from)]);
    }
    await expectError(anchor, anchor.anchor(DOCUMENT, ROOT, 2, 3), "RangeNotNext");
    await expectError(anchor, anchor.anchor(JOURNAL, DOCUMENT, 8, 7), "BadRangeEnd");
    const told = await expectError(anchor, anchor.anchor(JOURNAL, DOCUMENT, 8, LARGEST + 1n), "BadRangeEnd");
    expect(Array.from(told)).to.deep.equal([8n, LARGEST + 1n]);
    expect(Array.from(await anchor.last(JOURNAL))).to.deep.equal([ROOT, 1n, 7n]);
  });

  it("knows its one anchorer", async () => {
    expect(await anchor.anchorer()).to.equal(anchorer.address);
    const told = await expectError(anchor, anchor.connect(stranger).anchor(JOURNAL, ROOT, 1, 7), "MissingRole");
    expect(Array.from(told)).to.deep.equal([ethers.id("ANCHORER"), stranger.address]);
    const factory = await ethers.getContractFactory("Anchor");
    await expectError(factory, factory.deploy(ethers.ZeroAddress), "BadRoleHolder");
  });

  it("refuses a range without kind or root", async () => {
    await expectError(anchor, anchor.anchor(ethers.ZeroHash, ROOT, 1, 7), "ZeroKind");
    await expectError(anchor, anchor.anchor(JOURNAL, ethers.ZeroHash, 1, 7), "RootMissing");
  });
});
