// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {ILedger} from "../interfaces/ILedger.sol";
import {Entries} from "./Entries.sol";
import {Workspace} from "./Workspace.sol";

/// @title Payment instructions: packed form, EIP-712 hash, and whose signatures authorise them
/// @dev docs/decisions/0003. `item` is always the calldata position of a packed item whose length was checked.
abstract contract Instructions is Entries {
    bytes32 private constant DOMAIN_TYPE =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant INSTRUCTION_TYPE = keccak256(
        "PaymentInstruction(bytes16 uetr,address debtor,address creditor,address token,uint64 amount,uint64 validAfter,uint64 validUntil,uint8 priority,bytes32 remittanceHash)"
    );
    uint256 private constant HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    /// @dev Offsets within a packed item.
    uint256 private constant AT_DEBTOR = 16;
    uint256 private constant AT_CREDITOR = 36;
    uint256 private constant AT_TOKEN = 56;
    uint256 private constant AT_AMOUNT = 76;
    uint256 private constant AT_VALID_AFTER = 84;
    uint256 private constant AT_VALID_UNTIL = 92;
    uint256 private constant AT_PRIORITY = 100;
    uint256 private constant AT_REMITTANCE = 101;
    uint256 private constant AT_COUNT = 133;
    uint256 private constant AT_SIGNATURES = 134;
    uint256 private constant SIGNATURE_SIZE = 65;
    uint256 private constant SIGNATURES_MAX = 16;

    uint256 private immutable _chainId;
    bytes32 private immutable _separator;

    constructor() {
        _chainId = block.chainid;
        _separator = _computeSeparator();
    }

    /// @inheritdoc ILedger
    function domainSeparator() public view returns (bytes32) {
        return block.chainid == _chainId ? _separator : _computeSeparator();
    }

    /// @dev Writes what the hashes of all instructions of one call have in common.
    function _prepareInstructions() internal view {
        bytes32 separator = domainSeparator();
        bytes32 typeHash = INSTRUCTION_TYPE;
        uint256 at = Workspace.INSTRUCTION;
        uint256 atDigest = Workspace.DIGEST;
        uint256 atSeparator = Workspace.DIGEST_SEPARATOR;
        assembly ("memory-safe") {
            mstore(at, typeHash)
            mstore(atDigest, shl(240, 0x1901))
            mstore(atSeparator, separator)
        }
    }

    /// @dev Returns where the item ends; reverts when the batch ends first or the item has no 1 … 16 signatures.
    function _itemEnd(uint256 item, uint256 start, uint256 end) internal pure returns (uint256 next) {
        unchecked {
            uint256 count = uint8(bytes1(_word(item + AT_COUNT)));
            next = item + AT_SIGNATURES + count * SIGNATURE_SIZE;
            if (next > end || count - 1 >= SIGNATURES_MAX) revert MalformedBatch(item - start);
        }
    }

    function _uetr(uint256 item) internal pure returns (bytes16) {
        return bytes16(_word(item));
    }

    function _debtor(uint256 item) internal pure returns (address) {
        unchecked {
            return address(bytes20(_word(item + AT_DEBTOR)));
        }
    }

    function _creditor(uint256 item) internal pure returns (address) {
        unchecked {
            return address(bytes20(_word(item + AT_CREDITOR)));
        }
    }

    function _token(uint256 item) internal pure returns (address) {
        unchecked {
            return address(bytes20(_word(item + AT_TOKEN)));
        }
    }

    /// @dev Returns the struct hash, and leaves the instruction's fields in the workspace.
    function _hashInstruction(uint256 item) internal pure returns (bytes32 structHash) {
        uint256 at = Workspace.INSTRUCTION;
        assembly ("memory-safe") {
            mstore(add(at, 0x20), shl(128, shr(128, calldataload(item))))
            mstore(add(at, 0x40), shr(96, calldataload(add(item, AT_DEBTOR))))
            mstore(add(at, 0x60), shr(96, calldataload(add(item, AT_CREDITOR))))
            mstore(add(at, 0x80), shr(96, calldataload(add(item, AT_TOKEN))))
            mstore(add(at, 0xa0), shr(192, calldataload(add(item, AT_AMOUNT))))
            mstore(add(at, 0xc0), shr(192, calldataload(add(item, AT_VALID_AFTER))))
            mstore(add(at, 0xe0), shr(192, calldataload(add(item, AT_VALID_UNTIL))))
            mstore(add(at, 0x100), byte(0, calldataload(add(item, AT_PRIORITY))))
            mstore(add(at, 0x120), calldataload(add(item, AT_REMITTANCE)))
            structHash := keccak256(at, 0x140)
        }
    }

    /// @dev Whether at least `threshold` of the debtor's signers signed, with all signatures in strictly ascending order
    /// of signer. A signature that is not canonical (s in the upper half, v not 27 or 28) or recovers to nobody breaks the order.
    function _isAuthorised(uint256 item, address debtor, uint256 threshold, bytes32 structHash)
        internal
        view
        returns (bool authorised)
    {
        uint256 atDigest = Workspace.DIGEST;
        uint256 atStruct = Workspace.DIGEST_STRUCT;
        uint256 digestSize = Workspace.DIGEST_SIZE;
        uint256 at = Workspace.RECOVER;
        uint256 atV = Workspace.RECOVER_V;
        uint256 atRS = Workspace.RECOVER_RS;
        assembly ("memory-safe") {
            mstore(0x00, debtor)
            mstore(0x20, _signers.slot)
            let signersOfDebtor := keccak256(0x00, 0x40)
            mstore(atStruct, structHash)
            mstore(at, keccak256(atDigest, digestSize))

            let signature := add(item, AT_SIGNATURES)
            let end := add(signature, mul(SIGNATURE_SIZE, byte(0, calldataload(add(item, AT_COUNT)))))
            let last := 0
            let valid := 0
            mstore(0x20, signersOfDebtor)
            for {} 1 {} {
                calldatacopy(atRS, signature, 0x40)
                mstore(atV, byte(0, calldataload(add(signature, 0x40))))
                mstore(0x00, 0)
                if gt(mload(add(atRS, 0x20)), HALF_ORDER) { break }
                // The precompile writes nothing for a v that is not 27 or 28, and for a signature of nobody.
                pop(staticcall(gas(), 1, at, 0x80, 0x00, 0x20))
                let signer := mload(0x00)
                if iszero(gt(signer, last)) { break }
                last := signer
                valid := add(valid, sload(keccak256(0x00, 0x40)))
                signature := add(signature, SIGNATURE_SIZE)
                if lt(signature, end) { continue }
                authorised := iszero(lt(valid, threshold))
                break
            }
        }
    }

    function _word(uint256 position) internal pure returns (bytes32 word) {
        assembly ("memory-safe") {
            word := calldataload(position)
        }
    }

    function _computeSeparator() private view returns (bytes32) {
        return keccak256(
            abi.encode(DOMAIN_TYPE, keccak256("Vostro Ledger"), keccak256("1"), block.chainid, address(this))
        );
    }
}
