import { PistorError } from '#libs/kernel/src/errors.js';
import { HASH_BYTES } from './sha256.js';
import { ED25519, type Note, parseNote, signersOf, strictBase64, type VerifierKey } from './signed-note.js';

/** What a checkpoint says: C2SP tlog-checkpoint. */
export interface Checkpoint {
  readonly origin: string;
  /** Leaves of the tree. */
  readonly size: number;
  readonly root: Buffer;
  /** Further lines, which those who do not know them pass over. Pistor writes none. */
  readonly extensions: readonly string[];
}

/** A checkpoint with the note that it was read from and those who signed it. */
export interface SignedCheckpoint extends Checkpoint {
  readonly note: Note;
  readonly signers: readonly VerifierKey[];
}

export class CheckpointMalformed extends PistorError {
  constructor(problem: string) {
    super('invalid', 'ledger.checkpoint-malformed', problem);
  }
}

/** Nobody who is trusted has signed it. */
export class CheckpointUnsigned extends PistorError {
  constructor(origin: string, keys: readonly VerifierKey[]) {
    super(
      'refused',
      'ledger.checkpoint-unsigned',
      `The checkpoint of ${origin} is signed by none of the trusted keys.`,
      {
        data: { origin, keys: keys.map(({ name, id }) => `${name}+${id}`) },
      },
    );
  }
}

/** Each chain has one tree. Its origin is the name of the keys that sign its checkpoints. */
export const originOf = (chain: string): string => `pistor/${chain}`;

const SIZE = /^(?:0|[1-9]\d{0,15})$/;

/** Three lines: origin, size, root. They are signed with the line end of the last one. */
export const formatCheckpoint = ({ origin, size, root }: Pick<Checkpoint, 'origin' | 'size' | 'root'>): string =>
  `${origin}\n${size}\n${Buffer.from(root).toString('base64')}\n`;

/** @throws CheckpointMalformed */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin, sizeText, rootText, ...extensions] = text.split('\n');
  // What stands after the last line end.
  if (extensions.pop() !== '') throw new CheckpointMalformed('A checkpoint ends with a line end.');
  if (!origin) throw new CheckpointMalformed('The first line of a checkpoint is its origin.');
  const size = Number(sizeText);
  if (sizeText === undefined || !SIZE.test(sizeText) || !Number.isSafeInteger(size)) {
    throw new CheckpointMalformed('The second line of a checkpoint is the size of the tree.');
  }
  const root = rootText === undefined ? undefined : strictBase64(rootText);
  if (root?.length !== HASH_BYTES)
    throw new CheckpointMalformed('The third line of a checkpoint is the root in base64.');
  if (extensions.includes('')) throw new CheckpointMalformed('A checkpoint has no empty lines.');
  return { origin, size, root, extensions };
}

/**
 * Opens a signed checkpoint by keys that are trusted.
 * @param keys of the log, and of witnesses where they are of interest
 * @throws NoteMalformed, CheckpointMalformed; CheckpointUnsigned where no key of the origin's own name has signed
 */
export function openCheckpoint(text: string, keys: readonly VerifierKey[]): SignedCheckpoint {
  const note = parseNote(text);
  const checkpoint = parseCheckpoint(note.text);
  const signers = signersOf(note, keys);
  if (!signers.some(({ name, kind }) => name === checkpoint.origin && kind === ED25519))
    throw new CheckpointUnsigned(checkpoint.origin, keys);
  return { ...checkpoint, note, signers };
}
