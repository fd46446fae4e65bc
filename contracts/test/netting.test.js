"use strict";
const { ethers } = require("hardhat");
const { expect } = require("chai");
const support = require("./support");
const { DOLLAR, EURO, FAR, MOST, accountId, ascending, at, change, deployedLedger, eventsOf, expectError, hashOf, instruction, issue, now, open, openDay, pack, refusal, role, uetr } = support;
const { BY_ORDER, line, netPart, packChunk, part, positionsOf, tableOf } = require("./netting_support");

const list = (result) => Array.from(result);
const NET = 4n;
/** A UETR that belongs to a netting order. */
const reserved = () => "0x564e4554" + uetr().slice(10);

describe("Netting", () => {
  let world, ledger, run, alice, bob, carol, erin;
  beforeEach(async () => {
    world = await deployedLedger();
    ({ alice, bob, carol } = world);
    ledger = world.ledger.connect(world.operator);
    erin = await open(world, {});
    for (const account of [alice, bob]) await issue(world, account, 1000);
    run = uetr();
  });

  const stage = async (parts, options = {}) => ledger.stageRun(options.run ?? run, options.token ?? EURO, await packChunk(world, options.run ?? run, parts, options));
  const finalise = (accounts) => ledger.finaliseRun(run, accounts);
  const balance = async (account) => (await ledger.record(account)).balance;
  const circle = () => [
    part(alice, [line(bob, 900, { remittanceHash: ethers.id("a") }), line(carol, 300)]),
    part(bob, [line(erin, 800), line(alice, 300)]),
    part(carol, [line(alice, 200)]),
  ];
  const unsettleable = async (sent, account, code, limit = 0n, needed = 0n) => {
    const told = await expectError(ledger, sent, "NotSettleable");
    expect(list(told)).to.deep.equal([run, account, code, limit, needed]);
  };

  it("stages lines signed by ethers, and books one entry for each account", async () => {
    const parts = circle();
    const [[name, told]] = await eventsOf(ledger, stage(parts));
    expect([name, ...told]).to.deep.equal(["RunStaged", run, EURO, 1n, 3n, 5n]);
    const expected = positionsOf(parts);
    for (const [account, { received, paid, count, subhead }] of expected) {
      expect(list(await ledger.runPosition(run, account))).to.deep.equal([received, paid, count, subhead]);
    }
    expect(list(await ledger.run(run))).to.deep.equal([EURO, 1n, 1n, 5n, FAR, 2500n]);
    const day = await ledger.businessDay();
    const events = await eventsOf(ledger, finalise(tableOf(parts)));
    const booked = events.filter(([one]) => one === "EntryBooked").map(([, one]) => one);
    const positions = events.filter(([one]) => one === "RunPosition").map(([, one]) => list(one));
    expect(booked.map((one) => one.account)).to.deep.equal(tableOf(parts));
    for (const one of booked) {
      const { received, paid, count, subhead } = expected.get(one.account);
      const preimage = ethers.AbiCoder.defaultAbiCoder().encode(["bytes32", "bytes16", "uint256", "bytes32"], [ethers.id("vostro.net.1"), run, count, subhead]);
      expect([one.kind, one.entryReference, one.counterparty, one.amount, one.businessDay]).to.deep.equal([NET, ethers.keccak256(preimage), ethers.ZeroAddress, received - paid, day]);
      expect(positions).to.deep.include([run, one.account, received, paid, count, subhead]);
    }
    expect([events.at(-1)[0], ...events.at(-1)[1]]).to.deep.equal(["RunFinalised", run, EURO, 5n, 2500n, day]);
    expect([await balance(alice), await balance(bob), await balance(carol), await balance(erin)]).to.deep.equal([300n, 800n, 100n, 800n]);
    expect((await ledger.run(run)).state).to.equal(2n);
    expect(list(await ledger.runPosition(run, alice))).to.deep.equal([0n, 0n, 0n, ethers.ZeroHash]);
  });

  it("adds chunk to chunk", async () => {
    const [first, second, third] = circle();
    await stage([first]);
    const [[, told]] = await eventsOf(ledger, stage([second, third]));
    expect([told.chunk, told.parts, told.instructions]).to.deep.equal([2n, 2n, 3n]);
    const expected = positionsOf([first, second, third]);
    for (const [account, { received, paid, count, subhead }] of expected) {
      expect(list(await ledger.runPosition(run, account))).to.deep.equal([received, paid, count, subhead]);
    }
    await finalise(tableOf(circle()));
    expect(await balance(erin)).to.equal(800n);
  });

  it("pays once, whatever way a UETR comes", async () => {
    const order = instruction(alice, bob, 10);
    const parts = [part(alice, [line(bob, 10, { uetr: order.uetr })])];
    await stage(parts);
    expect(await ledger.mark(order.uetr)).to.equal(hashOf("NetPart", netPart(run, EURO, parts[0])));
    expect((await refusal(ledger, ledger.settle(await pack(world, order))))[0]).to.equal(1n);
    expect((await expectError(ledger, stage([part(alice, [line(carol, 9, { uetr: order.uetr })])]), "AlreadyUsed")).uetr).to.equal(order.uetr);
    const twice = line(bob, 1);
    await expectError(ledger, stage([part(alice, [twice, twice])]), "AlreadyUsed");
    const settled = instruction(alice, bob, 10);
    await ledger.settle(await pack(world, settled));
    await expectError(ledger, stage([part(alice, [line(bob, 10, { uetr: settled.uetr })])]), "AlreadyUsed");
  });

  it("leaves the UETRs of orders to orders", async () => {
    const id = reserved();
    expect((await expectError(ledger, stage([part(alice, [line(bob, 1, { uetr: id })])]), "UetrReserved")).uetr).to.equal(id);
    expect((await refusal(ledger, ledger.settle(await pack(world, instruction(alice, bob, 1, { uetr: id })))))[0]).to.equal(17n);
    expect(await ledger.mark(id)).to.equal(ethers.ZeroHash);
    const likeAnOrder = "0x" + "00".repeat(8) + "01".repeat(8);
    expect((await expectError(ledger, stage([part(alice, [line(bob, 1, { uetr: likeAnOrder })])]), "UetrReserved")).uetr).to.equal(likeAnOrder);
    await stage([part(alice, [line(bob, 1, { uetr: "0x" + "00".repeat(7) + "01" + "00".repeat(8) })])]);
    await expectError(ledger, world.ledger.connect(world.issuer).issue(id, EURO, alice, 1, ethers.ZeroHash), "UetrReserved");
  });

  it("spends each order number once, over the edges of a slot", async () => {
    const orders = (sequence, count, fields = {}) => [part(alice, Array.from({ length: count }, () => line(bob, 1)), { mode: BY_ORDER, sequence, ...fields })];
    await stage(orders(250, 10));
    for (const [order, used] of [[249, false], [250, true], [255, true], [256, true], [259, true], [260, false]]) {
      expect(await ledger.isOrderUsed(alice, order), `order ${order}`).to.equal(used);
    }
    expect(await ledger.isOrderUsed(bob, 250)).to.equal(false);
    const told = await expectError(ledger, stage(orders(240, 30)), "OrderUsed");
    expect(list(told)).to.deep.equal([alice, 250n]);
    expect(list(await expectError(ledger, stage(orders(257, 1)), "OrderUsed"))).to.deep.equal([alice, 257n]);
    await stage(orders(260, 256));
    expect([await ledger.isOrderUsed(alice, 511), await ledger.isOrderUsed(alice, 515), await ledger.isOrderUsed(alice, 516)]).to.deep.equal([true, true, false]);
    const positions = positionsOf([...orders(250, 10), ...orders(260, 256)]);
    expect(list(await ledger.runPosition(run, bob))).to.deep.equal(Object.values(positions.get(bob)));
    expect(list(await ledger.runPosition(run, alice))).to.deep.equal(Object.values(positions.get(alice)));
    await expectError(ledger, stage(orders(2n ** 64n - 2n, 2)), "MalformedChunk");
    await stage([part(alice, [line(bob, 1)], { sequence: 2n ** 64n - 1n })]);
    await stage(orders(2n ** 64n - 3n, 2));
  });

  it("asks the debtor, by the band of the gross", async () => {
    const lines = [line(alice, 60), line(erin, 41)];
    await unsettleable(stage([part(bob, lines, { keys: world.keys.slice(0, 1) })]), bob, 3n);
    await unsettleable(stage([part(alice, lines.slice(1), { keys: world.keysX.slice(0, 1) })]), alice, 3n);
    await change(world, ["setBands", [alice, [{ above: 100, threshold: 3 }]]]);
    const mine = [line(bob, 60), line(erin, 41)];
    await unsettleable(stage([part(alice, mine)]), alice, 3n);
    await stage([part(alice, [line(bob, 60), line(erin, 40)])]);
    await stage([part(alice, mine, { keys: world.keys })]);
  });

  it("binds a signature to its run, token, lines and order", async () => {
    const parts = [part(alice, [line(bob, 10)])];
    const chunk = await packChunk(world, uetr(), parts);
    await unsettleable(ledger.stageRun(run, EURO, chunk), alice, 3n);
    await unsettleable(ledger.stageRun(run, DOLLAR, await packChunk(world, run, parts, { token: DOLLAR })), alice, 7n);
    const other = [part(alice, [line(bob, 11)])];
    const [good, forged] = [await packChunk(world, run, parts), await packChunk(world, run, other)];
    const header = 2 + 2 * 20;
    const signed = 23 + 76 + 2;
    await unsettleable(ledger.stageRun(run, EURO, ethers.concat([ethers.dataSlice(forged, 0, header + signed), ethers.dataSlice(good, header + signed)])), alice, 3n);
  });

  it("refuses a chunk that is none, at the byte", async () => {
    const parts = circle();
    const good = await packChunk(world, run, parts);
    const table = tableOf(parts);
    const bad = async (chunk, name = "MalformedChunk") => expectError(ledger, ledger.stageRun(run, EURO, chunk), name);
    for (const chunk of ["0x", "0x00", "0x0000", ethers.dataSlice(good, 0, 40), ethers.dataSlice(good, 0, 2 + 20 * table.length)]) {
      expect((await bad(chunk)).position).to.equal(0n);
    }
    await bad(ethers.dataSlice(good, 0, ethers.dataLength(good) - 1), "MalformedBatch");
    expect((await bad(good + "00")).position).to.equal(BigInt(ethers.dataLength(good)));
    const stranger = accountId();
    const wide = ascending([...table, stranger]);
    expect((await bad(await packChunk(world, run, parts, { table: wide }))).position).to.equal(BigInt(2 + 20 * wide.indexOf(stranger)));
    expect((await bad(await packChunk(world, run, parts, { table: [...table].reverse() }), "AccountsNotAscending")).account).to.equal(table.at(-2));
    for (const lines of [[line(bob, 0)], [line(bob, MOST + 1n)], [line(alice, 1)], []]) await bad(await packChunk(world, run, [part(alice, lines)]));
    await bad(await packChunk(world, run, [part(alice, [line(bob, 1)], { mode: 2 })]));
    const one = await packChunk(world, run, [part(alice, [line(bob, 1)])]);
    const header = 2 + 2 * 20;
    const put = (at, bytes) => ethers.concat([ethers.dataSlice(one, 0, at), bytes, ethers.dataSlice(one, at + ethers.dataLength(bytes))]);
    await bad(put(header, "0x0002"));
    await bad(put(header + 23 + 76, "0x0002"));
    await bad(put(header + 23 + 76, ethers.dataSlice(one, header, header + 2)));
    // Two creditors, each where the other's index points.
    const crossed = [part(alice, [line(bob, 1), line(carol, 2)])];
    const two = await packChunk(world, run, crossed);
    const indexes = 2 + 3 * 20 + 23 + 2 * 76;
    const swapped = [ethers.dataSlice(two, indexes + 2, indexes + 4), ethers.dataSlice(two, indexes, indexes + 2)];
    await bad(ethers.concat([ethers.dataSlice(two, 0, indexes), ...swapped, ethers.dataSlice(two, indexes + 4)]));
    await ledger.stageRun(run, EURO, two);
  });

  it("keeps to one token, one chunk once, and its states", async () => {
    const parts = circle();
    const chunk = await packChunk(world, run, parts);
    await expectError(ledger, ledger.finaliseRun(run, tableOf(parts)), "RunNotStaged");
    await expectError(ledger, ledger.abortRun(run, chunk), "RunNotStaged");
    const nothing = accountId();
    expect((await expectError(ledger, ledger.stageRun(run, nothing, chunk), "UnknownToken")).token).to.equal(nothing);
    await expectError(ledger, ledger.stageRun("0x" + "00".repeat(16), EURO, chunk), "ZeroId");
    await ledger.stageRun(run, EURO, chunk);
    expect(list(await expectError(ledger, ledger.stageRun(run, DOLLAR, chunk), "RunTokenMismatch"))).to.deep.equal([run, EURO, DOLLAR]);
    expect((await expectError(ledger, ledger.stageRun(run, EURO, chunk), "ChunkStaged")).chunk).to.equal(ethers.keccak256(chunk));
    await finalise(tableOf(parts));
    for (const sent of [() => ledger.stageRun(run, EURO, chunk), () => finalise(tableOf(parts)), () => ledger.abortRun(run, chunk)]) {
      expect(list(await expectError(ledger, sent(), "RunNotStaged"))).to.deep.equal([run, 2n]);
    }
  });

  it("is finalised whole, or not", async () => {
    const parts = circle();
    await stage(parts);
    const accounts = tableOf(parts);
    expect(list(await expectError(ledger, finalise(accounts.slice(1)), "RunIncomplete")).slice(0, 1)).to.deep.equal([run]);
    expect((await expectError(ledger, finalise([...accounts].reverse()), "AccountsNotAscending")).account).to.equal(accounts.at(-2));
    expect((await expectError(ledger, finalise([accounts[0], ...accounts]), "AccountsNotAscending")).account).to.equal(accounts[0]);
    for (const other of [accountId(), world.dan, world.sellAccount]) {
      expect(list(await expectError(ledger, finalise(ascending([...accounts, other])), "NotInRun"))).to.deep.equal([run, other]);
    }
    expect((await ledger.run(run)).state).to.equal(1n);
    await finalise(accounts);
  });

  it("covers the net by what is available, not by what is booked", async () => {
    const parts = [part(alice, [line(erin, 1000)]), part(bob, [line(alice, 100)])];
    await stage(parts);
    await ledger.connect(world.compliance).setFrozen(alice, 101, ethers.id("order"));
    await unsettleable(finalise(tableOf(parts)), alice, 15n, 999n, 1000n);
    await ledger.connect(world.compliance).setFrozen(alice, 100, ethers.id("order"));
    await finalise(tableOf(parts));
    expect(await balance(alice)).to.equal(100n);
  });

  it("pays nothing out of what comes in while more is frozen than there is", async () => {
    const parts = [part(alice, [line(erin, 50)]), part(bob, [line(alice, 60)])];
    await stage(parts);
    await ledger.connect(world.compliance).setFrozen(alice, 5000, ethers.id("order"));
    await unsettleable(finalise(tableOf(parts)), alice, 15n, 0n, 50n);
    await ledger.connect(world.compliance).setFrozen(alice, 1010, ethers.id("order"));
    await finalise(tableOf(parts));
    expect([await balance(alice), await balance(erin)]).to.deep.equal([1010n, 50n]);
  });

  it("charges the gross to the day, and each line to the limit per payment", async () => {
    await issue(world, carol, 5000);
    await unsettleable(stage([part(carol, [line(alice, 1001)])]), carol, 13n, 1000n, 1001n);
    const lines = () => [line(alice, 1000), line(alice, 1000)];
    const parts = [part(carol, lines()), part(alice, [line(carol, 900)])];
    await stage(parts);
    await finalise(tableOf(parts));
    expect([(await ledger.record(carol)).usedToday, await balance(carol)]).to.deep.equal([2000n, 3900n]);
    run = uetr();
    const more = [part(carol, [line(alice, 501)])];
    await stage(more);
    await unsettleable(finalise(tableOf(more)), carol, 14n, 2500n, 2501n);
    await openDay(world, (await ledger.businessDay()) + 1n);
    await finalise(tableOf(more));
    expect((await ledger.record(carol)).usedToday).to.equal(501n);
  });

  it("respects what an account's state forbids it", async () => {
    const parts = [part(alice, [line(bob, 5)])];
    await stage(parts);
    for (const [party, state, code] of [[alice, 2, 9n], [alice, 4, 9n], [bob, 3, 10n], [bob, 4, 10n]]) {
      await change(world, ["setAccountState", [party, state]]);
      await unsettleable(finalise(tableOf(parts)), party, code);
      await change(world, ["setAccountState", [party, 1]]);
    }
    await change(world, ["setAccountState", [alice, 3]], ["setAccountState", [bob, 2]]);
    await finalise(tableOf(parts));
  });

  it("takes no part after its time, and none of an account with counterparty limits", async () => {
    const until = (await now()) + 100;
    const parts = [part(alice, [line(bob, 5)], { validUntil: until }), part(bob, [line(alice, 1)])];
    await stage(parts);
    expect((await ledger.run(run)).validUntil).to.equal(BigInt(until));
    await change(world, ["setCounterpartyLimit", [carol, bob, 5]]);
    await unsettleable(stage([part(carol, [line(bob, 1)])]), carol, 16n);
    await at(until + 1);
    await unsettleable(finalise(tableOf(parts)), ethers.ZeroAddress, 5n, BigInt(until), BigInt(until + 1));
    await at(until + 2);
    await unsettleable(stage([part(alice, [line(bob, 6)], { validUntil: until + 1 })]), alice, 5n, BigInt(until + 1), BigInt(until + 2));
  });

  it("counts no more than the ledger can hold", async () => {
    await unsettleable(stage([part(alice, [line(bob, MOST), line(bob, 1)])]), alice, 6n, MOST, 2n ** 64n - 1n);
    await unsettleable(stage([part(alice, [line(bob, MOST)]), part(bob, [line(alice, 1)])]), ethers.ZeroAddress, 6n, MOST, 2n ** 64n - 1n);
    const nobody = accountId();
    await unsettleable(stage([part(nobody, [line(bob, 1)])]), nobody, 2n);
  });

  it("is taken back chunk by chunk, without a trace", async () => {
    const parts = circle();
    const orders = [part(alice, Array.from({ length: 20 }, () => line(bob, 1)), { mode: BY_ORDER, sequence: 250 })];
    await stage([part(alice, [line(bob, 1)], { mode: BY_ORDER, sequence: 249 })], { run: uetr() });
    const [first, second] = [await packChunk(world, run, parts), await packChunk(world, run, orders)];
    await ledger.stageRun(run, EURO, first);
    await ledger.stageRun(run, EURO, second);
    expect((await expectError(ledger, ledger.abortRun(run, "0x0000"), "UnknownChunk")).chunk).to.equal(ethers.keccak256("0x0000"));
    const [[name, told]] = await eventsOf(ledger, ledger.abortRun(run, first));
    expect([name, ...told]).to.deep.equal(["RunAborted", run, 1n]);
    expect((await ledger.run(run)).state).to.equal(3n);
    for (const { uetr: id } of parts.flatMap((one) => one.lines)) expect(await ledger.mark(id)).to.equal(ethers.ZeroHash);
    for (const sent of [() => ledger.stageRun(run, EURO, first), () => finalise(tableOf(parts))]) {
      expect(list(await expectError(ledger, sent(), "RunNotStaged"))).to.deep.equal([run, 3n]);
    }
    await expectError(ledger, ledger.abortRun(run, first), "UnknownChunk");
    expect(await ledger.isOrderUsed(alice, 250)).to.equal(true);
    await ledger.abortRun(run, second);
    expect([await ledger.isOrderUsed(alice, 249), await ledger.isOrderUsed(alice, 250), await ledger.isOrderUsed(alice, 269)]).to.deep.equal([true, false, false]);
    expect(list(await ledger.run(run))).to.deep.equal([ethers.ZeroAddress, 0n, 0n, 0n, 0n, 0n]);
    for (const account of tableOf(parts)) expect(list(await ledger.runPosition(run, account))).to.deep.equal([0n, 0n, 0n, ethers.ZeroHash]);
    await ledger.stageRun(run, EURO, first);
    await finalise(tableOf(parts));
    expect(await balance(erin)).to.equal(800n);
  });

  it("is the operator's, and stands still while paused", async () => {
    const parts = circle();
    const chunk = await packChunk(world, run, parts);
    const stranger = ledger.connect(world.stranger);
    const told = [role("OPERATOR"), world.stranger.address];
    expect(list(await expectError(ledger, stranger.stageRun(run, EURO, chunk), "MissingRole"))).to.deep.equal(told);
    await ledger.stageRun(run, EURO, chunk);
    expect(list(await expectError(ledger, stranger.finaliseRun(run, tableOf(parts)), "MissingRole"))).to.deep.equal(told);
    expect(list(await expectError(ledger, stranger.abortRun(run, chunk), "MissingRole"))).to.deep.equal(told);
    await ledger.connect(world.guardian).pause();
    await expectError(ledger, ledger.stageRun(run, EURO, chunk), "LedgerPaused");
    await expectError(ledger, finalise([]), "LedgerPaused");
  });

  it("is anybody's to take back once its time is over", async () => {
    const until = (await now()) + 100;
    const parts = [part(alice, [line(bob, 5)], { validUntil: until })];
    const chunk = await packChunk(world, run, parts);
    await ledger.stageRun(run, EURO, chunk);
    const stranger = ledger.connect(world.stranger);
    await at(until);
    await expectError(ledger, stranger.abortRun(run, chunk), "MissingRole");
    await at(until + 1);
    const [[name]] = await eventsOf(ledger, stranger.abortRun(run, chunk));
    expect(name).to.equal("RunAborted");
    expect(await ledger.mark(parts[0].lines[0].uetr)).to.equal(ethers.ZeroHash);
  });

  it("pays no account that there is not, or that holds another token", async () => {
    const nobody = accountId();
    for (const [creditor, name] of [[nobody, "UnknownAccount"], [world.dan, "TokenMismatch"]]) {
      expect((await expectError(ledger, stage([part(alice, [line(creditor, 5)])]), name)).account).to.equal(creditor);
    }
  });

  it("counts what one account gets and pays over all chunks, and no more than the ledger can hold", async () => {
    await stage([part(alice, [line(erin, MOST - 1n)])]);
    await unsettleable(stage([part(bob, [line(erin, 2)])]), ethers.ZeroAddress, 6n, MOST, 2n ** 64n - 1n);
  });

  it("accepts by the signers of the moment it is staged, and asks state and counterparty limits when it is booked", async () => {
    const parts = [part(alice, [line(bob, 5)], { keys: world.keys.slice(0, 1) })];
    await stage(parts);
    await change(world, ["setSigner", [alice, world.keys[0].address, false]]);
    await change(world, ["setCounterpartyLimit", [alice, carol, 1]]);
    await unsettleable(finalise(tableOf(parts)), alice, 16n);
    await change(world, ["setCounterpartyLimit", [alice, carol, 0]]);
    await change(world, ["setAccountState", [alice, 2]]);
    await unsettleable(finalise(tableOf(parts)), alice, 9n);
    await change(world, ["setAccountState", [alice, 1]]);
    await finalise(tableOf(parts));
    expect(await balance(bob)).to.equal(1005n);
  });
});
