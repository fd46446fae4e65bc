"use strict";
const { ethers } = require("hardhat");
const { expect } = require("chai");
const { ROLE_DELAY, accountId, administer, at, change, deployParts, deployedLedger, encodeChanges, eventsOf, expectError, now, openDay, role } = require("./support");

const list = (result) => Array.from(result);
const ROLES = { operator: "OPERATOR", compliance: "COMPLIANCE", calendar: "CALENDAR", secondCalendar: "CALENDAR", guardian: "GUARDIAN", enforcer: "ENFORCER" };

describe("Roles", () => {
  let world, ledger, administration;
  beforeEach(async () => {
    world = await deployedLedger();
    ({ ledger, administration } = world);
  });

  it("are held at first as deployed", async () => {
    for (const [person, name] of Object.entries(ROLES)) expect(await ledger.hasRole(role(name), world[person].address), name).to.equal(true);
    expect(await ledger.hasRole(role("OPERATOR"), world.compliance.address)).to.equal(false);
    expect(await ledger.administration()).to.equal(await administration.getAddress());
  });

  it("move by the administration only, after its delay", async () => {
    for (const name of ["grantRole", "revokeRole"]) {
      const told = await expectError(ledger, ledger.connect(world.admin)[name](role("GUARDIAN"), accountId()), "OnlyAdministration");
      expect(told.caller).to.equal(world.admin.address);
    }
    const holder = accountId();
    const granted = await eventsOf(ledger, administer(world, "grantRole", [role("OPERATOR"), holder]));
    expect(granted.map(([name, told]) => [name, ...told])).to.deep.equal([["RoleGranted", role("OPERATOR"), holder]]);
    expect(await ledger.hasRole(role("OPERATOR"), holder)).to.equal(true);
    const revoked = await eventsOf(ledger, administer(world, "revokeRole", [role("OPERATOR"), holder]));
    expect(revoked.map(([name, told]) => [name, ...told])).to.deep.equal([["RoleRevoked", role("OPERATOR"), holder]]);
    expect(await ledger.hasRole(role("OPERATOR"), holder)).to.equal(false);
  });

  it("exclude one another, and are the five there are", async () => {
    const { operator, compliance, enforcer, guardian } = world;
    const excluded = [["OPERATOR", compliance, "COMPLIANCE"], ["OPERATOR", enforcer, "ENFORCER"], ["COMPLIANCE", operator, "OPERATOR"], ["ENFORCER", operator, "OPERATOR"]];
    for (const [name, person, other] of excluded) {
      const told = await expectError(ledger, administer(world, "grantRole", [role(name), person.address]), "RolesExclude");
      expect(list(told)).to.deep.equal([role(name), role(other), person.address]);
    }
    await administer(world, "grantRole", [role("ENFORCER"), compliance.address]);
    await expectError(ledger, administer(world, "grantRole", [role("ISSUER"), accountId()]), "UnknownRole");
    await expectError(ledger, administer(world, "grantRole", [role("GUARDIAN"), ethers.ZeroAddress]), "BadRoleHolder");
    expect(list(await expectError(ledger, administer(world, "grantRole", [role("GUARDIAN"), guardian.address]), "RoleUnchanged"))).to.deep.equal([role("GUARDIAN"), guardian.address]);
    await expectError(ledger, administer(world, "revokeRole", [role("GUARDIAN"), operator.address]), "RoleUnchanged");
  });

  it("are proposed by one, executed by another, cancelled by a third", async () => {
    const { admin, compliance, guardian, stranger } = world;
    const data = ledger.interface.encodeFunctionData("grantRole", [role("GUARDIAN"), stranger.address]);
    const call = [await ledger.getAddress(), 0, data, ethers.ZeroHash, ethers.ZeroHash];
    await expectError(administration, administration.connect(compliance).schedule(...call, ROLE_DELAY), "AccessControlUnauthorizedAccount");
    await expectError(administration, administration.connect(admin).schedule(...call, ROLE_DELAY - 1), "TimelockInsufficientDelay");
    await administration.connect(admin).schedule(...call, ROLE_DELAY);
    const ready = (await now()) + ROLE_DELAY;
    await at(ready - 1);
    await expectError(administration, administration.connect(compliance).execute(...call), "TimelockUnexpectedOperationState");
    const id = await administration.hashOperation(...call);
    expect(await administration.isOperationPending(id)).to.equal(true);
    await expectError(administration, administration.connect(stranger).cancel(id), "AccessControlUnauthorizedAccount");
    await administration.connect(guardian).cancel(id);
    await administration.connect(admin).schedule(...call, ROLE_DELAY);
    await at((await now()) + ROLE_DELAY);
    await expectError(administration, administration.connect(admin).execute(...call), "AccessControlUnauthorizedAccount");
    await administration.connect(compliance).execute(...call);
    expect(await ledger.hasRole(role("GUARDIAN"), stranger.address)).to.equal(true);
    expect(await administration.getMinDelay()).to.equal(BigInt(ROLE_DELAY));
  });

  it("has nobody who administers it but itself", async () => {
    const [admin, self] = [await administration.DEFAULT_ADMIN_ROLE(), await administration.getAddress()];
    for (const person of [world.deployer, world.admin, world.compliance, world.guardian]) expect(await administration.hasRole(admin, person.address)).to.equal(false);
    expect(await administration.hasRole(admin, self)).to.equal(true);
    await expectError(administration, administration.connect(world.admin).updateDelay(1), "TimelockUnauthorizedCaller");
    await administer(world, "updateDelay", [7200], administration);
    expect(await administration.getMinDelay()).to.equal(7200n);
    const factory = await ethers.getContractFactory("Administration");
    const one = world.admin.address;
    expect((await expectError(factory, factory.deploy(1, one, one, one), "SamePerson")).person).to.equal(one);
    await expectError(factory, factory.deploy(0, one, world.compliance.address, one), "NoDelay");
  });

  it("lets nobody ever both propose and execute", async () => {
    const { admin, compliance } = world;
    for (const [name, person] of [["EXECUTOR_ROLE", admin], ["PROPOSER_ROLE", compliance]]) {
      const granted = administer(world, "grantRole", [await administration[name](), person.address], administration);
      expect((await expectError(administration, granted, "SamePerson")).person).to.equal(person.address);
    }
    await administer(world, "grantRole", [await administration.PROPOSER_ROLE(), world.stranger.address], administration);
    await administer(world, "grantRole", [await administration.EXECUTOR_ROLE(), world.notary.address], administration);
  });

  it("lets nobody execute whom no role names", async () => {
    const factory = await ethers.getContractFactory("Administration");
    const people = [world.admin.address, world.compliance.address, world.guardian.address];
    for (const missing of [0, 1, 2]) {
      const given = people.map((one, index) => (index === missing ? ethers.ZeroAddress : one));
      await expectError(factory, factory.deploy(1, ...given), "MissingPerson");
    }
  });

  it("never let one person propose a change and confirm it, also over time", async () => {
    const { registry, operator, alice } = world;
    const calls = encodeChanges(world, ["setLimits", [alice, 5, 6]]);
    await registry.connect(operator).propose(calls);
    await administer(world, "revokeRole", [role("OPERATOR"), operator.address]);
    const other = world.compliance;
    expect(list(await expectError(registry, registry.connect(other).confirm(calls), "MissingRole"))).to.deep.equal([role("OPERATOR"), operator.address]);
    await administer(world, "grantRole", [role("COMPLIANCE"), operator.address]);
    expect((await expectError(registry, registry.connect(operator).confirm(calls), "SamePerson")).person).to.equal(operator.address);
  });
});

describe("Business day", () => {
  let world, ledger, first, second, today;
  beforeEach(async () => {
    world = await deployedLedger();
    ({ ledger } = world);
    [first, second] = [ledger.connect(world.calendar), ledger.connect(world.secondCalendar)];
    today = await ledger.businessDay();
  });

  it("is proposed by one calendar and opened by another", async () => {
    const proposed = await eventsOf(ledger, first.proposeBusinessDay(today + 1n));
    expect(proposed.map(([name, told]) => [name, ...told])).to.deep.equal([["BusinessDayProposed", today + 1n, world.calendar.address]]);
    expect(list(await ledger.proposedBusinessDay())).to.deep.equal([today + 1n, world.calendar.address]);
    expect((await expectError(ledger, first.openBusinessDay(today + 1n), "SamePerson")).person).to.equal(world.calendar.address);
    const opened = await eventsOf(ledger, second.openBusinessDay(today + 1n));
    expect(opened.map(([name, told]) => [name, ...told])).to.deep.equal([["BusinessDayOpened", today + 1n]]);
    expect(await ledger.businessDay()).to.equal(today + 1n);
    expect(list(await ledger.proposedBusinessDay())).to.deep.equal([0n, ethers.ZeroAddress]);
  });

  it("goes forward only, near the block's time, as proposed", async () => {
    expect(list(await expectError(ledger, first.proposeBusinessDay(today), "BusinessDayNotForward"))).to.deep.equal([today, today]);
    expect(list(await expectError(ledger, first.proposeBusinessDay(today + 2n), "BusinessDayTooFar"))).to.deep.equal([today, today + 2n]);
    await at((Number(today) + 4) * 86400);
    await expectError(ledger, first.proposeBusinessDay(today + 2n), "BusinessDayTooFar");
    await first.proposeBusinessDay(today + 3n);
    expect(list(await expectError(ledger, second.openBusinessDay(today + 4n), "BusinessDayNotProposed"))).to.deep.equal([today + 3n, today + 4n]);
    await at((Number(today) + 5) * 86400);
    await expectError(ledger, second.openBusinessDay(today + 3n), "BusinessDayTooFar");
    await second.proposeBusinessDay(today + 5n);
    await first.openBusinessDay(today + 5n);
    await first.proposeBusinessDay(today + 6n);
    await administer(world, "revokeRole", [role("CALENDAR"), world.calendar.address]);
    expect(list(await expectError(ledger, second.openBusinessDay(today + 6n), "MissingRole"))).to.deep.equal([role("CALENDAR"), world.calendar.address]);
    for (const day of [0n, today + 5n]) await expectError(ledger, second.openBusinessDay(day), "BusinessDayNotProposed");
  });

  it("is for calendars", async () => {
    for (const name of ["proposeBusinessDay", "openBusinessDay"]) {
      expect((await expectError(ledger, ledger.connect(world.operator)[name](today + 1n), "MissingRole")).role).to.equal(role("CALENDAR"));
    }
    await openDay(world, today + 1n);
  });
});

describe("Pause", () => {
  it("is the guardian's, on and off", async () => {
    const { ledger, guardian, operator } = await deployedLedger();
    const own = ledger.connect(guardian);
    for (const name of ["pause", "unpause"]) expect((await expectError(ledger, ledger.connect(operator)[name](), "MissingRole")).role).to.equal(role("GUARDIAN"));
    await expectError(ledger, own.unpause(), "LedgerNotPaused");
    expect((await eventsOf(ledger, own.pause())).map(([name, told]) => [name, ...told])).to.deep.equal([["Paused", guardian.address]]);
    expect(await ledger.paused()).to.equal(true);
    await expectError(ledger, own.pause(), "LedgerPaused");
    expect((await eventsOf(ledger, own.unpause())).map(([name, told]) => [name, ...told])).to.deep.equal([["Unpaused", guardian.address]]);
    expect(await ledger.paused()).to.equal(false);
  });
});

describe("Deployment", () => {
  let world, factory;
  beforeEach(async () => {
    world = await deployedLedger();
    factory = await ethers.getContractFactory("Ledger");
  });

  it("refuses parts that belong elsewhere", async () => {
    for (const part of ["expectedByRegistry", "expectedByClearing", "expectedByReserves"]) {
      await expectError(factory, deployParts(world, { [part]: await world.ledger.getAddress() }), "PartMismatch");
    }
    await expectError(factory, deployParts(world, { administration: accountId() }), "PartMismatch");
  });

  it("refuses one person in two chairs", async () => {
    await expectError(factory, deployParts({ ...world, operator: world.compliance }), "RolesExclude");
    await expectError(factory, deployParts({ ...world, enforcer: world.operator }), "RolesExclude");
    await expectError(factory, deployParts({ ...world, secondCalendar: world.calendar }), "RoleUnchanged");
    await expectError(factory, deployParts({ ...world, enforcer: { address: ethers.ZeroAddress } }), "BadRoleHolder");
  });

  it("knows its parts, and moves nothing before the first business day", async () => {
    const { ledger } = world;
    for (const name of ["registry", "clearing", "reserves", "administration"]) expect(await ledger[name]()).to.equal(await world[name].getAddress());
    expect(await world.clearing.ledger()).to.equal(await ledger.getAddress());
    expect(await world.registry.ledger()).to.equal(await ledger.getAddress());
    expect(await ledger.reservesMaxAge()).to.equal(86400n);
    const fresh = await deployParts(world);
    const own = fresh.ledger;
    await expectError(own, own.connect(world.operator).settle("0x"), "BusinessDayNotOpen");
    await expectError(own, own.connect(world.operator).settleInterbank("0x"), "BusinessDayNotOpen");
    const order = ["0x" + "01".repeat(16), world.alice, world.bob, 1, ethers.id("order")];
    await expectError(own, own.connect(world.enforcer).forcedTransfer(...order), "BusinessDayNotOpen");
  });
});
