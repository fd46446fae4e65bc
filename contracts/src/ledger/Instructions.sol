// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

import {Entries} from "./Entries.sol";
import {Workspace} from "./Workspace.sol";

/// @title Payment instructions: packed form, EIP-712 hash, and whose signatures authorise them
/// @notice docs/decisions/0003. `item` is always the calldata position of a packed item whose length was checked.
abstract contract Instructions is Entries {
    bytes32 private constant DOMAIN_TYPE =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 internal constant INSTRUCTION_TYPE = keccak256(
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
    /// @dev Where the fields end that all kinds of instructions begin with, and a payment's signatures start.
    uint256 internal constant AT_MORE = 133;
    uint256 private constant SIGNATURE_SIZE = 65;
    uint256 private constant SIGNATURES_MAX = 16;

    address private immutable _verifier;
    uint256 private immutable _chainId;
    bytes32 private immutable _separator;

    /// @param verifier The ledger: the contract in whose name everything is signed, whichever half runs.
    constructor(address verifier) {
        _verifier = verifier;
        _chainId = block.chainid;
        _separator = _computeSeparator(verifier);
    }

    function _domainSeparator() internal view returns (bytes32) {
        return block.chainid == _chainId ? _separator : _computeSeparator(_verifier);
    }

    /// @dev Writes what the hashes of all instructions of one call have in common.
    function _prepareInstructions(bytes32 typeHash) internal view {
        bytes32 separator = _domainSeparator();
        uint256 at = Workspace.INSTRUCTION;
        uint256 atDigest = Workspace.DIGEST;
        uint256 atSeparator = Workspace.DIGEST_SEPARATOR;
        assembly ("memory-safe") {
            mstore(at, typeHash)
            mstore(atDigest, shl(240, 0x1901))
            mstore(atSeparator, separator)
        }
    }

    /// @dev Returns where a payment item ends; reverts when the batch ends first or the item has no 1 … 16 signatures.
    function _itemEnd(uint256 item, uint256 start, uint256 end) internal pure returns (uint256 next) {
        unchecked {
            uint256 count = uint256(_word(item + AT_MORE)) >> 248;
            next = item + AT_MORE + 1 + count * SIGNATURE_SIZE;
            if (next > end || count - 1 >= SIGNATURES_MAX) revert MalformedBatch(item - start);
        }
    }

    /// @dev Returns where a list of signatures ends: one byte for their number, 65 bytes each.
    /// @param item Where the item began, for the error.
    function _signaturesEnd(uint256 list, uint256 least, uint256 item, uint256 end)
        internal
        pure
        returns (uint256 next)
    {
        unchecked {
            uint256 count = uint8(bytes1(_word(list)));
            next = list + 1 + count * SIGNATURE_SIZE;
            if (next > end || count < least || count > SIGNATURES_MAX) revert MalformedBatch(item);
        }
    }

    function _uetr(uint256 item) internal pure returns (bytes16) {
        return bytes16(_word(item));
    }

    function _debtor(uint256 item) internal pure returns (address) {
        unchecked {
            return _addressAt(item + AT_DEBTOR);
        }
    }

    function _creditor(uint256 item) internal pure returns (address) {
        unchecked {
            return _addressAt(item + AT_CREDITOR);
        }
    }

    function _token(uint256 item) internal pure returns (address) {
        unchecked {
            return _addressAt(item + AT_TOKEN);
        }
    }

    function _amount(uint256 item) internal pure returns (uint256) {
        unchecked {
            return _uint64At(item + AT_AMOUNT);
        }
    }

    function _addressAt(uint256 position) internal pure returns (address) {
        return address(bytes20(_word(position)));
    }

    function _uint64At(uint256 position) internal pure returns (uint64) {
        return uint64(bytes8(_word(position)));
    }

    /// @dev Returns a payment's struct hash, and leaves the instruction's fields in the workspace.
    function _hashInstruction(uint256 item) internal pure returns (bytes32) {
        _copyInstruction(item);
        return _hashCopied(Workspace.INSTRUCTION_SIZE);
    }

    /// @dev Writes the fields that all kinds of instructions begin with into the workspace.
    function _copyInstruction(uint256 item) internal pure {
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
        }
    }

    /// @dev Hashes the instruction in the workspace, `size` bytes of it.
    function _hashCopied(uint256 size) internal pure returns (bytes32 structHash) {
        uint256 at = Workspace.INSTRUCTION;
        assembly ("memory-safe") {
            structHash := keccak256(at, size)
        }
    }

    /// @dev Whether at least `threshold` of the account's signers signed, with all signatures in strictly ascending order
    /// of signer. A signature that is not canonical (s in the upper half, v not 27 or 28) or recovers to nobody breaks the order.
    /// @param list Where the signatures lie: one byte for their number, at least 1, then 65 bytes each.
    function _isAuthorised(uint256 list, address account, uint256 threshold, bytes32 structHash)
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
            mstore(0x00, account)
            mstore(0x20, _signers.slot)
            let signersOfAccount := keccak256(0x00, 0x40)
            mstore(atStruct, structHash)
            mstore(at, keccak256(atDigest, digestSize))

            let signature := add(list, 1)
            let end := add(signature, mul(SIGNATURE_SIZE, byte(0, calldataload(list))))
            let last := 0
            let valid := 0
            mstore(0x20, signersOfAccount)
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

    function _computeSeparator(address verifier) private view returns (bytes32) {
        return keccak256(
            abi.encode(DOMAIN_TYPE, keccak256("Vostro Ledger"), keccak256("1"), block.chainid, verifier)
        );
    }
}
