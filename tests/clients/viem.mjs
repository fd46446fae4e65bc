// viem as a client of the node. Arguments: HTTP URL, WebSocket URL, private key, path of the contract.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { BaseError, ContractFunctionRevertedError, createPublicClient, createWalletClient, defineChain, encodeFunctionData } from "viem";
import { encodeAbiParameters, getAddress, http, keccak256, webSocket } from "viem";
import { privateKeyToAccount } from "viem/accounts";

const [httpUrl, socketUrl, key, contract] = process.argv.slice(2);
const { abi, bytecode } = JSON.parse(readFileSync(contract));
const version = JSON.parse(readFileSync(new URL("../../node_modules/viem/package.json", import.meta.url))).version;
const OTHER = getAddress("0x" + "cd".repeat(20));
const chain = defineChain({
  id: 4711,
  name: "Vostro",
  nativeCurrency: { name: "none", symbol: "NONE", decimals: 18 },
  rpcUrls: { default: { http: [httpUrl], webSocket: [socketUrl] } },
});
const account = privateKeyToAccount(key);
const transport = http(httpUrl, { batch: true });
const reader = createPublicClient({ chain, transport, pollingInterval: 100 });
const wallet = createWalletClient({ chain, transport, account });

assert.equal(await reader.getChainId(), 4711);

// Deploy, send and wait.
const deployed = await wallet.deployContract({ abi, bytecode: "0x" + bytecode.replace(/^0x/, "") });
const { contractAddress: address, status } = await reader.waitForTransactionReceipt({ hash: deployed });
assert.equal(status, "success");
const probe = { address, abi };

// A listener over HTTP: viem opens a filter and polls it.
const polled = new Promise((resolve) => {
  const stop = reader.watchContractEvent({ ...probe, eventName: "Moved", onLogs: (logs) => (stop(), resolve(logs)) });
});
await new Promise((resolve) => setTimeout(resolve, 500));
const hash = await wallet.writeContract({ ...probe, functionName: "move", args: [OTHER, 250n] });
const receipt = await reader.waitForTransactionReceipt({ hash });
assert.equal(receipt.status, "success");
assert.equal(receipt.type, "eip1559");
assert.equal(receipt.effectiveGasPrice, 0n);
const [log] = await polled;
assert.deepEqual([log.args.from, log.args.to, log.args.amount], [account.address, OTHER, 250n]);
assert.equal(log.transactionHash, hash);
for (const type of ["legacy", "eip2930", "eip1559"]) {
  const sent = await wallet.writeContract({ ...probe, functionName: "move", args: [OTHER, 1n], type, ...(type === "eip2930" && { accessList: [] }) });
  assert.equal((await reader.waitForTransactionReceipt({ hash: sent })).type, type);
  const found = await reader.getTransaction({ hash: sent });
  assert.equal(found.type, type);
  assert.equal(found.from, account.address.toLowerCase());
}

// Logs and state.
const events = await reader.getContractEvents({ ...probe, eventName: "Moved", args: { to: OTHER }, fromBlock: 0n });
assert.deepEqual(events.map((event) => event.args.amount), [250n, 1n, 1n, 1n]);
assert.equal(await reader.readContract({ ...probe, functionName: "balances", args: [OTHER] }), 253n);
assert.equal(await reader.readContract({ ...probe, functionName: "balances", args: [OTHER], blockNumber: receipt.blockNumber }), 250n);
const block = await reader.getBlock({ blockNumber: receipt.blockNumber, includeTransactions: true });
assert.equal(block.transactions[0].hash, hash);
assert.equal(block.hash, receipt.blockHash);
const filter = await reader.createBlockFilter();
assert.deepEqual(await reader.getFilterChanges({ filter }), []);
assert.equal(await reader.uninstallFilter({ filter }), true);

// Refusals: words, a custom error, and a transaction that failed in its block.
const reason = (error) => error instanceof BaseError && error.walk((cause) => cause instanceof ContractFunctionRevertedError);
await assert.rejects(reader.readContract({ ...probe, functionName: "refuse" }), (error) => reason(error).reason === "not today");
await assert.rejects(
  reader.simulateContract({ ...probe, functionName: "move", args: [OTHER, 2n ** 200n], account }),
  (error) => reason(error).data.errorName === "TooMuch" && reason(error).data.args[0] === 2n ** 200n,
);
const refuse = encodeFunctionData({ abi, functionName: "refuse" });
await assert.rejects(reader.estimateGas({ account, to: address, data: refuse }), /not today/);
const failed = await wallet.sendTransaction({ to: address, data: refuse, gas: 90_000n });
assert.equal((await reader.waitForTransactionReceipt({ hash: failed })).status, "reverted");
await assert.rejects(wallet.sendTransaction({ to: OTHER, nonce: 0, gas: 21_000n }), /lower than the current nonce/);

// What does not exist.
await assert.rejects(reader.getTransaction({ hash: "0x" + "12".repeat(32) }), { name: "TransactionNotFoundError" });
await assert.rejects(reader.getTransactionReceipt({ hash: "0x" + "12".repeat(32) }), { name: "TransactionReceiptNotFoundError" });
await assert.rejects(reader.getBlock({ blockNumber: 10n ** 9n }), { name: "BlockNotFoundError" });

// A proof of a slot, an access list, fees.
const slot = keccak256(encodeAbiParameters([{ type: "address" }, { type: "uint256" }], [OTHER, 0n]));
const proof = await reader.getProof({ address, storageKeys: [slot] });
assert.equal(proof.storageProof[0].value, 253n);
assert.equal(keccak256(proof.accountProof[0]), (await reader.getBlock()).stateRoot);
assert.equal(BigInt(await reader.getStorageAt({ address, slot })), 253n);
const move = encodeFunctionData({ abi, functionName: "move", args: [OTHER, 1n] });
const { accessList } = await reader.createAccessList({ account, to: address, data: move });
assert.equal(accessList[0].address.toLowerCase(), address.toLowerCase());
assert.ok(accessList[0].storageKeys.includes(slot));
const history = await reader.getFeeHistory({ blockCount: 3, rewardPercentiles: [25, 75] });
assert.equal(history.baseFeePerGas.length, 4);
assert.deepEqual(history.reward[0], [0n, 0n]);
assert.equal((await reader.estimateFeesPerGas()).maxFeePerGas, 0n);

// Blocks and logs over WebSocket.
const socket = createPublicClient({ chain, transport: webSocket(socketUrl) });
const blocks = [];
const heard = new Promise((resolve) => {
  const stop = socket.watchBlocks({ onBlock: (head) => blocks.push(head) === 2 && (stop(), resolve()) });
});
const announced = new Promise((resolve) => {
  const stop = socket.watchContractEvent({ ...probe, eventName: "Moved", onLogs: (logs) => (stop(), resolve(logs)) });
});
await new Promise((resolve) => setTimeout(resolve, 500));
const signer = createWalletClient({ chain, transport: webSocket(socketUrl), account });
const first = await signer.writeContract({ ...probe, functionName: "move", args: [OTHER, 7n] });
await socket.waitForTransactionReceipt({ hash: first });
await socket.waitForTransactionReceipt({ hash: await signer.writeContract({ ...probe, functionName: "move", args: [OTHER, 8n] }) });
await heard;
assert.equal(blocks[1].number, blocks[0].number + 1n);
assert.equal(blocks[1].parentHash, blocks[0].hash);
assert.equal((await announced)[0].transactionHash, first);
console.log(JSON.stringify({ version, address, deployed, balance: 268 }));
process.exit(0);
