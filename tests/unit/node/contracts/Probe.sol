// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.26;

/// Asks the chain what a contract may ask, and does what a contract may do. For the node's tests only.
contract Probe {
    error TooMuch(uint256 asked, uint256 most);

    event Moved(address indexed from, address indexed to, uint256 amount);

    mapping(address => uint256) public balances;
    uint256 public total;
    bytes32 public seenHash;
    uint256 public seenDifficulty;
    address public seenCoinbase;

    constructor() {
        balances[msg.sender] = 1_000_000_000;
        total = 1_000_000_000;
    }

    function move(address to, uint256 amount) external {
        uint256 mine = balances[msg.sender];
        if (amount > mine) revert TooMuch(amount, mine);
        balances[msg.sender] = mine - amount;
        balances[to] += amount;
        emit Moved(msg.sender, to, amount);
    }

    /// Clears the caller's slot, for refunds and for a slot that is proved absent again.
    function clear() external {
        total -= balances[msg.sender];
        delete balances[msg.sender];
    }

    function look(uint256 depth) external {
        seenHash = blockhash(block.number - depth);
        seenDifficulty = block.prevrandao;
        seenCoinbase = block.coinbase;
    }

    function hashAt(uint256 height) external view returns (bytes32) {
        return blockhash(height);
    }

    function context() external view returns (uint256, uint256, address, uint256, uint256, uint256, uint256) {
        return (block.number, block.timestamp, block.coinbase, block.prevrandao, block.gaslimit, block.basefee, block.chainid);
    }

    function refuse() external pure {
        revert("not today");
    }

    function burn() external pure {
        while (true) {}
    }

    /// Calls itself until the gas is gone, then comes back.
    function dive(uint256 depth) external returns (uint256) {
        if (depth == 0) return 0;
        try this.dive(depth - 1) returns (uint256 below) {
            return below + 1;
        } catch {
            return 0;
        }
    }

    /// Makes a child by CREATE2 that destroys itself in the same breath; its storage must be gone.
    function flash(bytes32 salt) external {
        Child child = new Child{salt: salt}();
        child.end(payable(msg.sender));
    }

    function spend(uint256 times) external {
        for (uint256 i = 0; i < times; i++) {
            balances[address(uint160(i + 1))] += 1;
        }
    }
}

contract Child {
    uint256 public value = 7;

    function end(address payable to) external {
        value = 8;
        selfdestruct(to);
    }
}
