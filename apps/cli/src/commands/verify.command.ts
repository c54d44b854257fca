import { createReadStream, existsSync } from 'node:fs';
import { open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { chunksOf, EXIT_CODES, keysOf, outcomeText, verifyBundle } from '#libs/evidence/src/verify-bundle.mjs';
import { notShownBy, verdictText } from '#libs/evidence/src/verdict-text.js';
import type { ChainVerdict, VerifyOptions } from '#libs/evidence/src/verify-database.js';
import type { OutsideCheckpoint } from '#libs/evidence/src/verify-log.js';
import { Invalid, NotFound } from '#libs/kernel/src/errors.js';
import { readCheckpointNotes } from '#libs/ledger/src/checkpoint-folder.js';
import { parseVkey } from '#libs/ledger/src/signed-note.js';
import { HttpClient } from '../http.client.js';
import { print } from '../list.command.js';
import { progressBar } from '../progress.js';
import { type Located, locate, type TargetOptions, withTarget } from '../target.js';
import { withSignal } from '../with-client.js';

interface Options extends TargetOptions {
  readonly checkpoint?: readonly string[];
  readonly key?: readonly string[];
  readonly entries?: string;
  readonly json?: boolean;
}

export function addVerify(program: Command): void {
  withTarget(program.command('verify').argument('[file]', 'an evidence bundle or a backup; else the data itself'))
    .description('show that nothing of the log was changed, deleted, swapped, put in or cut off')
    .option('--checkpoint <file...>', 'checkpoints from elsewhere, or folders of them: a witness, an older copy')
    .option('--key <key...>', 'public keys that you have from elsewhere, or files of them')
    .option('--entries <file>', 'for a bundle: the entries of the log, which show that it leaves nothing out')
    .option('--json', 'tell of it as one JSON object')
    .addHelpText(
      'after',
      '\nEnds with 0 valid, 3 valid but erased and 4 not proved (a bundle), 1 invalid or not to be looked at.',
    )
    .action(verify);
}

async function verify(file: string | undefined, options: Options): Promise<void> {
  if (file !== undefined && (await kindOf(file)) === 'bundle') return bundle(file, options);
  const bar = progressBar('verifying', 'events');
  await withSignal(
    { onInterrupted: 'Interrupted. Nothing was found until then, and not all was looked at.' },
    async (signal) => {
      try {
        const verdicts = await verdictsOf(file, options, {
          keys: (options.key ?? []).flatMap(keysOf).map(parseVkey),
          outside: (await Promise.all((options.checkpoint ?? []).map(notesIn))).flat(),
          onProgress: (events, total, chain) => bar.update(events, total, chain),
          signal,
        });
        bar.stop();
        await print(
          options.json
            ? `${JSON.stringify({ chains: verdicts.map((each) => ({ ...each, notShown: notShownBy(each) })) })}\n`
            : verdicts.map(verdictText).join('\n'),
        );
        if (verdicts.some(({ outcome }) => outcome === 'invalid')) process.exitCode = 1;
      } finally {
        bar.stop();
      }
    },
  );
}

/** The data is read where it is; where a server holds it, it goes through what a backup would be. */
async function verdictsOf(
  file: string | undefined,
  target: TargetOptions,
  options: VerifyOptions,
): Promise<readonly ChainVerdict[]> {
  const { verifyBackup } = await import('#libs/evidence/src/verify-backup.js');
  if (file !== undefined) return (await verifyBackup(createReadStream(file), options)).verdicts;
  const located = locate(target);
  if ('url' in located) {
    const backup = new HttpClient(located.url, options.signal as AbortSignal, located.token).bytes(
      'POST',
      '/v1/backup',
    );
    return (await verifyBackup(backup, options)).verdicts;
  }
  const beside = await notesBeside(located);
  const { verifyUnopened } = await import('#libs/composition/src/verify-unopened.js');
  return verifyUnopened(located.configuration, { ...options, outside: [...options.outside, ...beside] });
}

async function bundle(file: string, { checkpoint = [], key = [], entries, json }: Options): Promise<void> {
  if (checkpoint.length > 1)
    throw new Invalid('verify.checkpoints', 'A bundle is compared with one checkpoint at a time.');
  const verdict = verifyBundle(await readFile(file), {
    keys: key.flatMap(keysOf),
    checkpoint: checkpoint[0] === undefined ? undefined : await readFile(checkpoint[0], 'utf8'),
    entries: entries === undefined ? undefined : chunksOf(entries),
  });
  await print(json ? `${JSON.stringify(verdict)}\n` : outcomeText(verdict));
  process.exitCode = EXIT_CODES[verdict.outcome] ?? 1;
}

const BEGINNINGS = { backup: 'pistor-backup ', bundle: '{' } as const;

/** @throws NotFound `verify.no-file`; Invalid `verify.file` for one of another kind */
async function kindOf(path: string): Promise<keyof typeof BEGINNINGS> {
  if (!existsSync(path)) throw new NotFound('verify.no-file', `There is no file ${path}.`);
  if ((await stat(path)).isDirectory()) {
    throw new Invalid('verify.file', `${path} is a folder. Name a folder of data with --data ${path}.`);
  }
  const file = await open(path, 'r');
  const { buffer, bytesRead } = await file.read(Buffer.alloc(20), 0, 20, 0).finally(() => file.close());
  const start = buffer.toString('latin1', 0, bytesRead);
  for (const kind of ['backup', 'bundle'] as const) if (start.startsWith(BEGINNINGS[kind])) return kind;
  throw new Invalid('verify.file', `${path} is neither a backup nor an evidence bundle.`);
}

/** Checkpoints in a file, or in the files of a folder and its folders. */
async function notesIn(path: string): Promise<OutsideCheckpoint[]> {
  if (!existsSync(path)) throw new NotFound('verify.no-file', `There is no file ${path}.`);
  if ((await stat(path)).isDirectory()) {
    const names = (await readdir(path)).filter((name) => !name.startsWith('.')).sort();
    return (await Promise.all(names.map((name) => notesIn(join(path, name))))).flat();
  }
  return [...new Set(readCheckpointNotes(await readFile(path, 'utf8')))].map((note) => ({ from: path, note }));
}

/** What the ledger has written outside the database, on this very machine. */
async function notesBeside(located: Exclude<Located, { url: string }>): Promise<OutsideCheckpoint[]> {
  const { ledgerFolder } = located.configuration;
  if (!existsSync(ledgerFolder)) return [];
  // The newest one stands in two of its files.
  const notes = new Map((await notesIn(ledgerFolder)).map((each) => [each.note, each]));
  return [...notes.values()].map((each) => ({ ...each, isBeside: true }));
}
