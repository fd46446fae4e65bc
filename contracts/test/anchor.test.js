"use strict";
const { ethers } = require("hardhat");
const { expect } = require("chai");
const { deployedLedger, eventsOf, expectError } = require("./support");

const DOCUMENT = ethers.id("end of day");
const JOURNAL = ethers.id("audit");
const ROOT = ethers.id("root");
const LARGEST = 2n ** 63n - 1n;

describe("Anchor", () => {
  let anchor, anchorer, stranger;
  beforeEach(async () => {
    const world = await deployedLedger();
    ({ anchorer, stranger } = world);
    anchor = world.anchor.connect(anchorer);
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
