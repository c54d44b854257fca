import { setTimeout as pause } from 'node:timers/promises';
import type { Pistor } from '#libs/composition/src/pistor.js';
import { restore } from '#libs/composition/src/restore.js';
import type { Configuration } from '#libs/engine/src/configuration.js';
import { openCheckpoint } from '#libs/ledger/src/checkpoint.js';
import { verifyConsistency } from '#libs/ledger/src/merkle.js';
import { parseVkey } from '#libs/ledger/src/signed-note.js';
import { CHECKPOINT_MS } from '#libs/ledger/src/sequencer.js';
import { backUpTo, type BackupPlace, inPistor, openBackupPlace, registerSite } from './support/backup-given.js';

let place: BackupPlace;
let source: Configuration;
let file: string;

const sequence = async ({ ledger }: Pistor) => {
  // A process makes a checkpoint in each second at most.
  await pause(CHECKPOINT_MS + 10);
  await ledger.sequencer.tick();
};
const newest = async ({ ledger, chain }: Pistor) => {
  const keys = (await ledger.reader.keysOf(chain)).map(({ vkey }) => parseVkey(vkey));
  return openCheckpoint(await ledger.reader.checkpoint(chain), keys);
};
const register = (pistor: Pistor, code: string) =>
  registerSite(pistor, {
    key: `site-${code}`,
    body: { code, name: code, timeZone: 'Europe/Istanbul', language: 'tr' },
  });

beforeAll(async () => {
  place = await openBackupPlace();
  source = place.embedded();
  await inPistor(source, async (pistor) => {
    await register(pistor, 'ONE');
    await sequence(pistor);
  });
  file = place.fileName();
  await backUpTo(file, source);
});
afterAll(() => place.remove());

describe('the ledger of a backup', () => {
  it('goes on as the same tree, under the same key', async () => {
    const target = place.embedded();
    await restore(file, target);
    const before = await inPistor(source, newest);
    await inPistor(target, async (pistor) => {
      await register(pistor, 'TWO');
      await sequence(pistor);
      const after = await newest(pistor);
      expect(after.size).toBeGreaterThan(before.size);
      const { proof } = await pistor.ledger.reader.consistency(pistor.chain, before.size, after.size);
      expect(verifyConsistency(before, after, proof)).toBe(true);
      expect(after.signers).toEqual(before.signers);
      expect(await pistor.health()).not.toHaveProperty('ledger');
    });
  });

  it('that is older than the checkpoint outside stops there, and says so', async () => {
    await inPistor(source, async (pistor) => {
      await register(pistor, 'THREE');
      await sequence(pistor);
    });
    const target = { ...place.embedded(), ledgerFolder: source.ledgerFolder };
    await restore(file, target);
    await inPistor(target, async (pistor) => {
      await register(pistor, 'FOUR');
      const size = (await newest(pistor)).size;
      await sequence(pistor);
      expect((await newest(pistor)).size).toBe(size);
      expect((await pistor.health())['ledger']).toEqual({
        status: 'failing',
        detail: expect.stringContaining('ledger.checkpoint-ahead'),
      });
    });
  });
});
