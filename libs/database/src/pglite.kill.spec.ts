import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startChild } from '../../../test/support/child-process.js';
import { openPglite } from './pglite.database.js';

/** Each round starts a process, which costs a second; more rounds find more, and `npm test` has to end. */
const ROUNDS = 10;

it(`keeps every acknowledged row over ${ROUNDS} kills in the middle of writes`, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pistor kill '));
  const acknowledged: string[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const writer = startChild('test/support/write-until-killed.ts', [folder, String(round)]);
    await writer.line(/./);
    await sleep(Math.random() * 400);
    await writer.end('SIGKILL');
    acknowledged.push(...writer.lines);
  }

  const db = await openPglite(folder, { as: 'login' });
  const { rows } = await db.query<{ id: string }>('SELECT id FROM acknowledged');
  await db.close();
  await rm(folder, { recursive: true });
  const found = new Set(rows.map(({ id }) => id));
  expect(acknowledged.length).toBeGreaterThan(ROUNDS);
  expect(acknowledged.filter((id) => !found.has(id))).toEqual([]);
}, 60_000);
