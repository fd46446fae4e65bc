// scripts/contract_coverage.py runs solidity-coverage with this. Without the optimiser's steps each line keeps its code.
"use strict";
module.exports = {
  skipFiles: ["interfaces"],
  configureYulOptimizer: true,
  solcOptimizerDetails: { yul: true, yulDetails: { optimizerSteps: "" } },
  istanbulReporter: ["json"],
  mocha: { timeout: 300000 },
};
