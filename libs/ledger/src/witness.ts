import { readFileSync } from 'node:fs';
import { openCheckpoint, parseCheckpoint } from './checkpoint.js';
import { replaceFile } from './durable-file.js';
import { PROOF_HASHES_MAX, verifyConsistency } from './merkle.js';
import { HASH_BYTES } from './sha256.js';
import { cosignText, parseNote, type SigningKey, strictBase64, type VerifierKey } from './signed-note.js';

/** What a witness answers: C2SP tlog-witness. */
export interface WitnessAnswer {
  readonly status: 200 | 400 | 403 | 404 | 409 | 422;
  readonly contentType: string;
  readonly body: string;
}

/** Last checkpoint that was co-signed of a log. */
interface Seen {
  readonly size: number;
  readonly root: string;
}

export interface WitnessOptions {
  /** Under which it co-signs; usually the host and path under which it is reached. */
  readonly name: string;
  readonly key: SigningKey;
  /** Keys of the logs that it co-signs, whose names are their origins. */
  readonly logs: readonly VerifierKey[];
  readonly stateFile: string;
  /** Seconds since 1970 UTC. */
  readonly now?: () => number;
}

/** A checkpoint of three lines, a proof of 63 lines and a handful of signatures. */
export const REQUEST_BYTES_MAX = 64 * 1024;

const OLD = /^old (0|[1-9]\d{0,15})$/;

/**
 * Co-signs checkpoints of logs that it knows, each only if it continues what was co-signed before. Somebody who keeps two
 * histories of a log would have to show both to it.
 */
export class Witness {
  private readonly seen: Map<string, Seen>;
  private turn: Promise<unknown> = Promise.resolve();

  /** @throws Error where the state file is there and cannot be read: an empty one would co-sign anything */
  constructor(private readonly options: WitnessOptions) {
    this.seen = readState(options.stateFile);
  }

  /**
   * `add-checkpoint`: one at a time, and what is co-signed is on the disk before it is answered.
   * @param request `old <size>`, the lines of a consistency proof from there, an empty line, a signed checkpoint
   */
  addCheckpoint(request: string): Promise<WitnessAnswer> {
    const answer = this.turn.then(() => this.decide(request));
    this.turn = answer.catch(() => undefined);
    return answer;
  }

  private async decide(request: string): Promise<WitnessAnswer> {
    const parsed = parseRequest(request);
    if (!parsed) return told(400, 'This is no add-checkpoint request.');
    const { old, proof, note } = parsed;
    let origin: string;
    try {
      origin = parseCheckpoint(parseNote(note).text).origin;
    } catch (error) {
      return told(400, (error as Error).message);
    }
    const keys = this.options.logs.filter(({ name }) => name === origin);
    if (keys.length === 0) return told(404, `${origin} is not known here.`);
    let checkpoint: ReturnType<typeof openCheckpoint>;
    try {
      checkpoint = openCheckpoint(note, keys);
    } catch (error) {
      return told(403, (error as Error).message);
    }
    const { size, root } = checkpoint;
    if (old > size) return told(400, `A checkpoint of ${size} leaves does not continue one of ${old}.`);
    const before = this.seen.get(origin) ?? { size: 0, root: '' };
    if (old !== before.size) return conflict(before);
    const oldRoot = Buffer.from(before.root, 'base64');
    if (old === size && old > 0 && !root.equals(oldRoot)) return conflict(before);
    const continues =
      old === 0 ? proof.length === 0 : verifyConsistency({ size: old, root: oldRoot }, { size, root }, proof);
    if (!continues) return told(422, `The proof does not show that it continues the checkpoint of ${old} leaves.`);
    await this.remember(origin, { size, root: root.toString('base64') });
    const seconds = Math.floor((this.options.now ?? (() => Date.now() / 1000))());
    const { name, key } = this.options;
    return { status: 200, contentType: TEXT, body: `${cosignText(checkpoint.note.text, name, key, seconds)}\n` };
  }

  private async remember(origin: string, seen: Seen): Promise<void> {
    const next = new Map(this.seen).set(origin, seen);
    await replaceFile(
      this.options.stateFile,
      `${JSON.stringify({ logs: Object.fromEntries(next) }, null, 2)}\n`,
      0o600,
    );
    this.seen.set(origin, seen);
  }
}

const TEXT = 'text/plain; charset=utf-8';

const told = (status: 400 | 403 | 404 | 422, message: string): WitnessAnswer => ({
  status,
  contentType: TEXT,
  body: `${message}\n`,
});

const conflict = ({ size }: Seen): WitnessAnswer => ({
  status: 409,
  contentType: 'text/x.tlog.size',
  body: `${size}\n`,
});

function parseRequest(text: string): { old: number; proof: Buffer[]; note: string } | undefined {
  const end = text.indexOf('\n\n');
  if (end < 0) return undefined;
  const [first = '', ...lines] = text.slice(0, end).split('\n');
  const old = Number(OLD.exec(first)?.[1] ?? Number.NaN);
  const proof = lines.map((line) => strictBase64(line));
  if (!Number.isSafeInteger(old) || lines.length > PROOF_HASHES_MAX) return undefined;
  if (!proof.every((hash): hash is Buffer => hash?.length === HASH_BYTES)) return undefined;
  return { old, proof, note: text.slice(end + 2) };
}

/** The body of a request. */
export const witnessRequest = (old: number, proof: readonly Uint8Array[], note: string): string =>
  `old ${old}\n${proof.map((hash) => `${Buffer.from(hash).toString('base64')}\n`).join('')}\n${note}`;

function readState(file: string): Map<string, Seen> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
    throw error;
  }
  const { logs } = JSON.parse(text) as { logs: Record<string, Seen> };
  for (const [origin, { size, root }] of Object.entries(logs)) {
    if (!Number.isSafeInteger(size) || size < 0 || strictBase64(root)?.length !== HASH_BYTES) {
      throw new Error(`${file} says nothing that can be read of ${origin}`);
    }
  }
  return new Map(Object.entries(logs));
}
