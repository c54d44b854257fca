import { hash } from 'node:crypto';

/** Bytes of a SHA-256 hash. */
export const HASH_BYTES = 32;

/** RFC 6962 tells leaves from nodes by their first byte, so that no node can be passed off as a leaf. */
const LEAF_PREFIX = 0x00;
const NODE_PREFIX = 0x01;

const node = Buffer.alloc(1 + 2 * HASH_BYTES);
node[0] = NODE_PREFIX;

/**
 * Writes the SHA-256 of some bytes (of a text: of its UTF-8) into a buffer. A hash that is given as a text of single
 * bytes costs a third of one in a buffer of its own, and a ledger makes some three of them for each event.
 */
export function sha256Into(target: Buffer, at: number, data: Buffer | string): void {
  target.write(hash('sha256', data, 'binary'), at, 'latin1');
}

export function sha256(data: Buffer | string): Buffer {
  const target = Buffer.allocUnsafeSlow(HASH_BYTES);
  sha256Into(target, 0, data);
  return target;
}

/** Hash of a leaf: SHA-256(0x00 || entry). */
export const leafHash = (entry: Uint8Array): Buffer => sha256(Buffer.concat([Buffer.of(LEAF_PREFIX), entry]));

/** Hash of a node: SHA-256(0x01 || left || right). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  node.set(left, 1);
  node.set(right, 1 + HASH_BYTES);
  return sha256(node);
}

/** Writes the hash of the node over the two hashes that stand one after the other in `source`. */
export function nodeInto(target: Buffer, at: number, source: Buffer, from: number): void {
  source.copy(node, 1, from, from + 2 * HASH_BYTES);
  sha256Into(target, at, node);
}

/** Root of a tree without leaves: the hash of nothing. */
export const EMPTY_ROOT: Buffer = sha256('');
