import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runPistor } from './support/pistor-process.js';

it('brings an embedded folder up to date, and finds it so the next time', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pistor migrate '));
  const first = await runPistor(['migrate', '--data', folder]);
  expect(first).toMatchObject({ code: 0, stderr: '' });
  expect(first.stdout).toMatch(
    /^applied event-store\/0001_events\.sql\n(?:applied .*\n)+The tables are up to date\.\n$/,
  );
  const second = await runPistor(['migrate', '--data', folder, '--json']);
  expect(second).toMatchObject({ code: 0, stderr: '', stdout: '{"applied":[],"login":null}\n' });
  await rm(folder, { recursive: true });
}, 60_000);
