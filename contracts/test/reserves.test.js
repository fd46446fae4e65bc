"use strict";
const { ethers } = require("hardhat");
const { expect } = require("chai");
const { DOLLAR, EURO, MOST, RESERVES_MAX_AGE, accountId, at, attest, change, deployedLedger, eventsOf, expectError, issue, now, opening, role, text, uetr } = require("./support");

const DOCUMENT = ethers.id("reserve statement");
const OTHER = ethers.id("next statement");
const list = (result) => Array.from(result);

/** A settlement asset that nothing was attested for. */
async function freshAsset(world) {
  const token = accountId();
  await change(world, ["createToken", [token, text("GBP", 3), 2, 1, 0]], ["setIssuer", [token, world.issuer.address, true]]);
  return token;
}

describe("ReserveAttestation", () => {
  let world, reserves, asset;
  beforeEach(async () => {
    world = await deployedLedger();
    reserves = world.reserves.connect(world.attestor);
    asset = await freshAsset(world);
  });

  it("keeps the latest statement of each token, and tells each", async () => {
    const asOf = BigInt(await now());
    expect(list(await reserves.latest(asset))).to.deep.equal([0n, 0n, ethers.ZeroHash]);
    const [[name, told]] = await eventsOf(reserves, reserves.attest(asset, 900, asOf - 10n, DOCUMENT));
    expect([name, ...told]).to.deep.equal(["ReservesAttested", asset, 900n, asOf - 10n, DOCUMENT]);
    await reserves.attest(asset, 0, asOf, OTHER);
    await reserves.attest(DOLLAR, MOST, 1, DOCUMENT);
    expect(list(await reserves.latest(asset))).to.deep.equal([0n, asOf, OTHER]);
    expect(list(await reserves.latest(DOLLAR))).to.deep.equal([MOST, 1n, DOCUMENT]);
  });

  it("knows its one attestor and its ledger", async () => {
    expect(await reserves.attestor()).to.equal(world.attestor.address);
    expect(await reserves.ledger()).to.equal(await world.ledger.getAddress());
    const told = await expectError(reserves, reserves.connect(world.stranger).attest(asset, 1, 1, DOCUMENT), "MissingRole");
    expect(list(told)).to.deep.equal([role("ATTESTOR"), world.stranger.address]);
    const factory = await ethers.getContractFactory("ReserveAttestation");
    const lost = factory.deploy(ethers.ZeroAddress, await world.ledger.getAddress());
    expect(list(await expectError(factory, lost, "BadRoleHolder"))).to.deep.equal([role("ATTESTOR"), ethers.ZeroAddress]);
  });

  it("goes forward only, and never into the future", async () => {
    const asOf = await now();
    await reserves.attest(asset, 1, asOf, DOCUMENT);
    for (const earlier of [asOf, asOf - 1]) {
      const told = await expectError(reserves, reserves.attest(asset, 2, earlier, DOCUMENT), "AsOfNotForward");
      expect(list(told)).to.deep.equal([asset, BigInt(asOf), BigInt(earlier)]);
    }
    await expectError(reserves, reserves.attest(DOLLAR, 1, 0, DOCUMENT), "AsOfNotForward");
    const next = (await now()) + 100;
    await at(next);
    const told = await expectError(reserves, reserves.attest(asset, 2, next + 1, DOCUMENT), "AsOfInFuture");
    expect(list(told)).to.deep.equal([BigInt(next), BigInt(next + 1)]);
    await at(next + 1);
    await reserves.attest(asset, 2, next + 1, DOCUMENT);
  });

  it("refuses half a statement", async () => {
    await expectError(reserves, reserves.attest(ethers.ZeroAddress, 1, 1, DOCUMENT), "ZeroToken");
    const told = await expectError(reserves, reserves.attest(asset, MOST + 1n, 1, DOCUMENT), "AmountTooLarge");
    expect(list(told)).to.deep.equal([MOST + 1n, MOST]);
    const missing = await expectError(reserves, reserves.attest(asset, 1, 1, ethers.ZeroHash), "DocumentMissing");
    expect(list(missing)).to.deep.equal([asset]);
  });

  it("knows how old its statement is, to the second", async () => {
    expect(await reserves.isFresh(asset, MOST)).to.equal(false);
    await reserves.attest(asset, 1, (await now()) - 100, DOCUMENT);
    const { asOf } = await reserves.latest(asset);
    const { timestamp } = await ethers.provider.getBlock("latest");
    const age = BigInt(timestamp) - asOf;
    expect(await reserves.isFresh(asset, age, { blockTag: "latest" })).to.equal(true);
    expect(await reserves.isFresh(asset, age - 1n, { blockTag: "latest" })).to.equal(false);
    expect(await reserves.isFresh(DOLLAR, MOST)).to.equal(false);
  });

  it("takes a statement below the supply, and raises the alarm", async () => {
    const events = async (amount) => eventsOf(reserves, reserves.attest(EURO, amount, (await now()), DOCUMENT));
    await issue(world, world.alice, 700);
    expect((await events(700)).map(([name]) => name)).to.deep.equal(["ReservesAttested"]);
    const [, [name, told]] = await events(699);
    expect([name, ...told]).to.deep.equal(["SupplyAboveReserves", EURO, 700n, 699n]);
  });
});

describe("Issue of a settlement asset", () => {
  let world, asset, account;
  beforeEach(async () => {
    world = await deployedLedger();
    asset = await freshAsset(world);
    account = accountId();
    await change(world, ["openAccounts", [[opening(world, account, { token: asset })]]]);
  });

  it("never goes beyond what is attested", async () => {
    await attest(world, asset, 1000, (await now()) - 10);
    await issue(world, account, 600, asset);
    const told = await expectError(world.ledger, issue(world, account, 401, asset), "BeyondReserves");
    expect(list(told)).to.deep.equal([asset, 400n, 401n]);
    await issue(world, account, 400, asset);
    await attest(world, asset, 900, await now());
    expect((await expectError(world.ledger, issue(world, account, 1, asset), "BeyondReserves")).available).to.equal(0n);
    expect((await world.ledger.token(asset)).supply).to.equal(1000n);
  });

  it("needs a statement that is fresh, to the second", async () => {
    const none = await expectError(world.ledger, issue(world, account, 1, asset), "ReservesStale");
    expect(list(none)).to.deep.equal([asset, 0n, BigInt(RESERVES_MAX_AGE)]);
    const asOf = await now();
    await attest(world, asset, 1000, asOf);
    await at(asOf + RESERVES_MAX_AGE);
    await issue(world, account, 1, asset);
    await at(asOf + RESERVES_MAX_AGE + 1);
    const stale = await expectError(world.ledger, issue(world, account, 1, asset), "ReservesStale");
    expect(stale.asOf).to.equal(BigInt(asOf));
  });

  it("is never bound to reserves for a deposit token", async () => {
    await issue(world, world.dan, 5, DOLLAR);
    expect((await world.ledger.record(world.dan)).balance).to.equal(5n);
  });

  it("is for the token's issuers only", async () => {
    const { ledger, issuer, stranger, operator, alice } = world;
    const told = await expectError(ledger, ledger.connect(operator).issue(uetr(), EURO, alice, 1, DOCUMENT), "NotIssuer");
    expect(list(told)).to.deep.equal([EURO, operator.address]);
    await change(world, ["setIssuer", [EURO, stranger.address, true]], ["setIssuer", [EURO, issuer.address, false]]);
    expect([await ledger.isIssuer(EURO, stranger.address), await ledger.isIssuer(EURO, issuer.address)]).to.deep.equal([true, false]);
    await ledger.connect(stranger).issue(uetr(), EURO, alice, 1, DOCUMENT);
    await expectError(ledger, issue(world, alice, 1), "NotIssuer");
    await expectError(ledger, ledger.connect(stranger).issue(uetr(), DOLLAR, alice, 1, DOCUMENT), "NotIssuer");
  });

  it("never makes its attestor an issuer", async () => {
    const { ledger, attestor, issuer } = world;
    const told = await expectError(ledger, change(world, ["setIssuer", [EURO, attestor.address, true]]), "BadRoleHolder");
    expect(list(told)).to.deep.equal([role("ISSUER"), attestor.address]);
    await change(world, ["setIssuer", [DOLLAR, attestor.address, true]]);
    const unchanged = await expectError(ledger, change(world, ["setIssuer", [EURO, issuer.address, true]]), "IssuerUnchanged");
    expect(list(unchanged)).to.deep.equal([EURO, issuer.address, true]);
    await expectError(ledger, change(world, ["setIssuer", [accountId(), issuer.address, true]]), "UnknownToken");
    await expectError(ledger, change(world, ["setIssuer", [EURO, ethers.ZeroAddress, true]]), "ZeroId");
  });

  it("books on an account of the token that may be credited", async () => {
    const { ledger, dan, alice } = world;
    await expectError(ledger, issue(world, accountId(), 1), "UnknownAccount");
    expect(list(await expectError(ledger, issue(world, dan, 1), "TokenMismatch"))).to.deep.equal([dan, DOLLAR, EURO]);
    for (const state of [3, 4]) {
      await change(world, ["setAccountState", [alice, state]]);
      expect(list(await expectError(ledger, issue(world, alice, 1), "AccountBlocked"))).to.deep.equal([alice, BigInt(state)]);
    }
    await change(world, ["setAccountState", [alice, 2]]);
    await issue(world, alice, 1);
    await change(world, ["setAccountState", [world.bob, 5]]);
    await expectError(ledger, issue(world, world.bob, 1), "AccountClosed");
    await expectError(ledger, issue(world, alice, 0), "AmountOutOfRange");
  });
});
