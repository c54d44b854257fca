import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { BackupFile } from '#libs/backup/src/backup-file.js';
import { EXIT_CODES, outcomeText, verifyBundle } from '#libs/evidence/src/verify-bundle.mjs';
import { entriesPath, TILE_WIDTH } from '#libs/ledger/src/tile.js';
import { type Client, withQuery } from '../client.js';
import { print } from '../list.command.js';
import { progressBar } from '../progress.js';
import { type TargetOptions, withTarget } from '../target.js';
import { asReport, reportPath, type ReportOptions } from './report.command.js';
import { withClient } from '../with-client.js';

interface Options extends TargetOptions {
  readonly out: string;
}

interface BundleOptions extends Options {
  readonly since?: readonly string[];
  readonly open?: boolean;
}

export function addEvidence(program: Command): void {
  const evidence = program.command('evidence').description('take what proves a record, for an auditor');
  for (const what of ['patient', 'course'] as const) {
    withTarget(evidence.command(what).argument('<code>', `id or code of the ${what}`))
      .description(`the events of one ${what} with their proofs, in one file`)
      .requiredOption('--out <file>', 'where to write it')
      .option(
        '--since <size...>',
        'sizes of older checkpoints that the auditor has: it is proved that nothing was rewritten',
      )
      .option('--open', 'with the keys of what is personal: whoever has the file can read it, for ever')
      .action((code: string, options: BundleOptions) => bundle(what, code, options));
  }
  asReport(evidence.command('report'))
    .description('a compliance report with the events that its figures follow from, in one file')
    .requiredOption('--out <file>', 'where to write it')
    .action((options: ReportOptions & Options) => verified(options, reportPath(options, '/evidence')));
  withTarget(evidence.command('entries'))
    .description(
      'the entries of the whole log, which show that a bundle leaves nothing out; they hold nothing personal',
    )
    .requiredOption('--out <file>', 'where to write them')
    .action(entries);
}

function bundle(what: 'patient' | 'course', code: string, options: BundleOptions): Promise<void> {
  const path = withQuery(`/v1/${what === 'patient' ? 'patients' : 'courses'}/${encodeURIComponent(code)}/evidence`, {
    since: options.since?.join(','),
    personal: options.open ? 'open' : undefined,
  });
  return verified(options, path);
}

function verified(options: Options, path: string): Promise<void> {
  return withClient({ ...options, onInterrupted: 'Interrupted. Nothing was written.' }, async (client) => {
    await write(options.out, client.bytes('GET', path));
    // What was written is verified before anybody is told that it is there.
    const verdict = verifyBundle(await readFile(options.out));
    await print(`${options.out}: ${outcomeText(verdict)}`);
    // That something was erased is no failure of writing it.
    if (verdict.outcome !== 'valid but erased') process.exitCode = EXIT_CODES[verdict.outcome] ?? 1;
  });
}

function entries(options: Options): Promise<void> {
  return withClient({ ...options, onInterrupted: 'Interrupted. Nothing was written.' }, async (client, signal) => {
    const bar = progressBar('entries', 'events');
    const note = Buffer.concat(await all(client.bytes('GET', '/v1/ledger/checkpoint'))).toString();
    const size = Number(note.split('\n')[1]);
    const tiles = async function* () {
      for (let from = 0; from < size; from += TILE_WIDTH) {
        signal.throwIfAborted();
        const width = Math.min(TILE_WIDTH, size - from);
        yield* client.bytes('GET', `/v1/ledger/${entriesPath(from / TILE_WIDTH, width)}`);
        bar.update(from + width, size);
      }
    };
    await write(options.out, tiles()).finally(() => bar.stop());
    await print(`${options.out}: the entries of ${size} events. Their checkpoint:\n\n${note}`);
  });
}

const all = async (bytes: ReturnType<Client['bytes']>): Promise<Uint8Array[]> => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return chunks;
};

/** Whole under its name or not there, and for nobody else to read. */
async function write(name: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  const file = await BackupFile.create(name);
  try {
    for await (const chunk of bytes) await file.write(chunk);
    await file.complete();
  } catch (error) {
    await file.discard();
    throw error;
  }
}
