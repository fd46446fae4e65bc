// ethers as a client of the node. Arguments: HTTP URL, WebSocket URL, private key, path of the contract.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { ethers } from "ethers";

const [httpUrl, socketUrl, key, contract] = process.argv.slice(2);
const { abi, bytecode } = JSON.parse(readFileSync(contract));
const OTHER = "0x" + "ab".repeat(20);
// Answers are not kept: a nonce that is a quarter of a second old may be used where blocks are sealed at once.
const provider = new ethers.JsonRpcProvider(httpUrl, undefined, { pollingInterval: 100, cacheTimeout: -1 });
const wallet = new ethers.Wallet(key, provider);

const network = await provider.getNetwork();
assert.equal(network.chainId, 4711n);
assert.equal(await provider.getBlockNumber(), (await provider.getBlock("latest")).number);

// Deploy, send and wait.
const factory = new ethers.ContractFactory(abi, bytecode, wallet);
const probe = await factory.deploy();
await probe.waitForDeployment();
const address = await probe.getAddress();
assert.equal(address, ethers.getCreateAddress({ from: wallet.address, nonce: 0 }));
assert.notEqual(await provider.getCode(address), "0x");

// A listener over HTTP: ethers opens a filter and polls it.
const polled = new Promise((resolve) => probe.once("Moved", (from, to, amount) => resolve([from, to, amount])));
await new Promise((resolve) => setTimeout(resolve, 500));
const sent = await probe.move(OTHER, 250n);
const receipt = await sent.wait();
assert.equal(receipt.status, 1);
assert.equal(receipt.type, 0); // with a base fee of zero ethers goes by the gas price
assert.equal(receipt.gasPrice, 0n);
assert.equal(receipt.fee, 0n);
assert.deepEqual(await polled, [wallet.address, ethers.getAddress(OTHER), 250n]);
for (const type of [0, 1, 2]) {
  const mined = await (await probe.move(OTHER, 1n, { type, ...(type === 1 && { accessList: [] }) })).wait();
  assert.equal(mined.type, type);
  const found = await provider.getTransaction(mined.hash);
  assert.equal(found.blockHash, mined.blockHash);
  assert.equal(found.from, wallet.address);
}

// Logs and state.
const events = await probe.queryFilter(probe.filters.Moved(null, OTHER), 0, "latest");
assert.equal(events.length, 4);
assert.equal(events[0].args.amount, 250n);
assert.equal(events[0].transactionHash, sent.hash);
assert.equal(await probe.balances(OTHER), 253n);
assert.equal(await probe.balances(OTHER, { blockTag: receipt.blockNumber }), 250n);
assert.equal(await provider.getTransactionCount(wallet.address), 5);
const whole = await provider.getBlock(receipt.blockNumber, true);
assert.equal(whole.prefetchedTransactions[0].hash, sent.hash);
assert.equal(whole.hash, receipt.blockHash);

// Refusals: words, a custom error, and a transaction that failed in its block.
await assert.rejects(probe.refuse(), (error) => error.code === "CALL_EXCEPTION" && error.reason === "not today");
await assert.rejects(probe.refuse.estimateGas(), (error) => error.reason === "not today");
await assert.rejects(probe.move.staticCall(OTHER, 2n ** 200n), (error) => error.revert?.name === "TooMuch" && error.revert.args[0] === 2n ** 200n);
const refused = await wallet.sendTransaction({ to: address, data: probe.interface.encodeFunctionData("refuse"), gasLimit: 90_000n });
await assert.rejects(refused.wait(), (error) => error.code === "CALL_EXCEPTION" && error.receipt.status === 0);
const spent = { to: OTHER, nonce: 0, gasLimit: 21_000n };
await assert.rejects(wallet.sendTransaction(spent), (error) => error.code === "NONCE_EXPIRED");
await assert.rejects(wallet.sendTransaction({ to: OTHER, value: 1n, gasLimit: 21_000n }), (error) => error.code === "INSUFFICIENT_FUNDS");

// What does not exist is null.
assert.equal(await provider.getTransaction("0x" + "12".repeat(32)), null);
assert.equal(await provider.getTransactionReceipt("0x" + "12".repeat(32)), null);
assert.equal(await provider.getBlock(10 ** 9), null);

// A proof of a slot: balances is the first state variable.
const slot = ethers.keccak256(ethers.AbiCoder.defaultAbiCoder().encode(["address", "uint256"], [OTHER, 0]));
const proof = await provider.send("eth_getProof", [address, [slot], "latest"]);
assert.equal(BigInt(proof.storageProof[0].value), 253n);
assert.equal(ethers.keccak256(proof.accountProof[0]), (await provider.getBlock("latest")).stateRoot);
assert.equal(BigInt(await provider.getStorage(address, slot)), 253n);

// Fees, for a wallet that asks.
const fees = await provider.getFeeData();
assert.equal(fees.gasPrice, 0n);
provider.destroy();

// Blocks and logs over WebSocket.
const socket = new ethers.WebSocketProvider(socketUrl, undefined, { cacheTimeout: -1 });
const blocks = [];
const heard = new Promise((resolve) => socket.on("block", (number) => blocks.push(number) === 2 && resolve()));
const listening = probe.connect(socket);
const announced = new Promise((resolve) => listening.once("Moved", (from, to, amount, event) => resolve([amount, event.log.transactionHash])));
await listening.listenerCount();
await new Promise((resolve) => setTimeout(resolve, 500));
const overSocket = new ethers.Wallet(key, socket);
const first = await probe.connect(overSocket).move(OTHER, 7n);
await first.wait();
await (await probe.connect(overSocket).move(OTHER, 8n)).wait();
await heard;
assert.equal(blocks[1], blocks[0] + 1);
assert.deepEqual(await announced, [7n, first.hash]);
await socket.destroy();
console.log(JSON.stringify({ version: ethers.version, address, deployed: probe.deploymentTransaction().hash, balance: 268 }));
process.exit(0);
