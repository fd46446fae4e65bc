// Hardhat with hardhat-ethers as a client of the node: `hardhat test --no-compile --network vostro tests/clients/hardhat.test.js`.
"use strict";
const { expect } = require("chai");
const { ethers, network } = require("hardhat");
const { abi, bytecode } = require("../unit/node/contracts/probe.json");

const OTHER = "0x" + "ef".repeat(20);

describe("a contract on the network vostro", function () {
  let owner, probe;

  before(async function () {
    expect(network.name).to.equal("vostro");
    [owner] = await ethers.getSigners();
    probe = await (await ethers.getContractFactory(abi, bytecode, owner)).deploy();
    await probe.waitForDeployment();
  });

  it("is deployed by the first signer", async function () {
    const deployment = await probe.deploymentTransaction().wait();
    expect(deployment.status).to.equal(1);
    expect(deployment.from).to.equal(owner.address);
    expect(deployment.contractAddress).to.equal(await probe.getAddress());
    expect(await probe.balances(owner)).to.equal(1_000_000_000n);
  });

  it("moves value, and says so in a log", async function () {
    const receipt = await (await probe.move(OTHER, 250n)).wait();
    const [moved] = receipt.logs.map((log) => probe.interface.parseLog(log));
    expect([...moved.args]).to.deep.equal([owner.address, ethers.getAddress(OTHER), 250n]);
    expect((await probe.queryFilter("Moved"))[0].transactionHash).to.equal(receipt.hash);
    expect(await probe.balances(OTHER)).to.equal(250n);
  });

  it("says why it refuses", async function () {
    for (const refused of [() => probe.refuse.staticCall(), () => probe.refuse.estimateGas()]) {
      const error = await refused().catch((caught) => caught);
      expect(error).to.be.an("error");
      expect(error.message).to.contain("not today");
    }
    const error = await probe.move.staticCall(OTHER, 2n ** 200n).catch((caught) => caught);
    expect(probe.interface.parseError(error.data).name).to.equal("TooMuch");
  });

  it("is sent by several signers in turn", async function () {
    const [, second] = await ethers.getSigners();
    await (await probe.move(second, 10n)).wait();
    await (await probe.connect(second).move(OTHER, 4n)).wait();
    expect(await probe.balances(second)).to.equal(6n);
  });

  it("is proved", async function () {
    const slot = ethers.keccak256(ethers.AbiCoder.defaultAbiCoder().encode(["address", "uint256"], [OTHER, 0]));
    const proof = await network.provider.send("eth_getProof", [await probe.getAddress(), [slot], "latest"]);
    expect(BigInt(proof.storageProof[0].value)).to.equal(await probe.balances(OTHER));
  });
});
