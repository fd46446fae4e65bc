// Hardhat with the compiler from npm (package-lock.json pins it) instead of a download, under the settings that
// scripts/compile_contracts.py uses: both give the same bytecode.
"use strict";
require("@nomicfoundation/hardhat-ethers");
if (process.env.SOLIDITY_COVERAGE) require("solidity-coverage"); // scripts/contract_coverage.py; it is slow to load
const { subtask } = require("hardhat/config");
const { TASK_COMPILE_SOLIDITY_GET_SOLC_BUILD } = require("hardhat/builtin-tasks/task-names");

const compiler = require("./contracts/compiler.json");
const mutated = process.env.CONTRACT_ARTIFACTS;

subtask(TASK_COMPILE_SOLIDITY_GET_SOLC_BUILD, async ({ solcVersion }) => {
  if (solcVersion !== compiler.version) {
    throw new Error(`the contracts are pinned to solc ${compiler.version}, not ${solcVersion}`);
  }
  return {
    compilerPath: require.resolve("solc/soljson.js"),
    isSolcJs: true,
    version: solcVersion,
    longVersion: require("solc").version(),
  };
});

module.exports = {
  solidity: compiler,
  paths: {
    sources: "contracts/src",
    tests: "contracts/test",
    cache: "contracts/build/cache",
    // scripts/mutants.py runs the behaviours on artifacts of its own, compiled without most of the optimiser and therefore larger.
    artifacts: mutated ?? "contracts/build/artifacts",
  },
  networks: {
    hardhat: {
      hardfork: "london",
      gasPrice: 0,
      initialBaseFeePerGas: 0,
      chainId: 4711,
      allowUnlimitedContractSize: mutated !== undefined,
    },
    // A running node, for `--network vostro`. Accounts are given too, since the node holds no key of a sender.
    ...(process.env.VOSTRO_RPC_URL && {
      vostro: {
        url: process.env.VOSTRO_RPC_URL,
        gasPrice: 0, // left to itself, Hardhat offers a tip of 1 wei, which nobody here has
        accounts: process.env.VOSTRO_KEYS ? process.env.VOSTRO_KEYS.split(",") : [],
      },
    }),
  },
};
