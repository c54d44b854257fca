import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { strToU8, zipSync } from 'fflate';
import { eventually } from './support/eventually.js';
import { generateHistory, writeHistory } from './support/history-generator.js';
import { CLI, runPistor, startPistor } from './support/pistor-process.js';

/** Enough that an import is still under way when the test has seen it begin. */
const COURSES = 500;

const texts = generateHistory({ seed: 7, courses: COURSES });

let folder: string;
let data: string;
/** Where processes put temporary files: patients are in the history, so nothing of it may stay here. */
let temporary: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pistor interrupted '));
  data = join(folder, 'data');
  temporary = join(folder, 'tmp');
  await mkdir(temporary);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function bytesIn(path: string): Promise<number> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const sizes = await Promise.all(
    files.map((file) =>
      stat(file).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

describe('an import that is interrupted', () => {
  describe('in the process of the command', () => {
    async function importUntilUnderWay(path: string): Promise<ChildProcess> {
      // The database is made first, so that what it grows by comes from the history.
      const sites = join(folder, 'sites');
      await writeHistory(sites, { sites: texts.sites as string });
      expect(await runPistor(['import', sites, '--data', data])).toMatchObject({ code: 0 });
      const before = await bytesIn(join(data, 'pgdata', 'base'));
      const child = spawn(process.execPath, [CLI, 'import', path, '--data', data], {
        env: { ...process.env, TMPDIR: temporary },
        stdio: 'ignore',
      });
      await eventually('lines in the database', async () =>
        (await bytesIn(join(data, 'pgdata', 'base'))) > before + 512 * 1024 ? true : undefined,
      );
      expect(child.exitCode).toBeNull();
      return child;
    }

    async function expectRestGoesIn(path: string): Promise<void> {
      const again = await runPistor(['import', path, '--data', data, '--json']);
      const { files } = JSON.parse(again.stdout) as { files: Record<string, { accepted: number; repeated: number }> };
      // The sites were there before. Of the others some had gone in and some had not: it was in the middle.
      const { sites: _, ...others } = files;
      const sum = (of: 'accepted' | 'repeated') => Object.values(others).reduce((total, file) => total + file[of], 0);
      expect(sum('repeated')).toBeGreaterThan(0);
      expect(sum('accepted')).toBeGreaterThan(0);
    }

    it.each([
      ['SIGINT', 130, 'folder'],
      ['SIGTERM', 143, 'zip'],
      ['SIGKILL', null, 'folder'],
    ] as const)(
      'by %s leaves nothing in the temporary folder, and goes on',
      async (signal, code, kind) => {
        const path = join(folder, kind === 'zip' ? 'history.zip' : 'history');
        if (kind === 'zip') await writeFile(path, zipOf(texts));
        else await writeHistory(path, texts);
        const child = await importUntilUnderWay(path);
        child.kill(signal);
        await once(child, 'exit');
        expect(child.exitCode).toBe(code);
        expect(await readdir(temporary)).toEqual([]);
        // Closed in order, the folder has no claim left in it.
        if (code !== null) expect((await readdir(data)).filter((name) => name.startsWith('lock.'))).toEqual([]);
        await expectRestGoesIn(path);
      },
      120_000,
    );
  });

  describe('in a server', () => {
    it.each(['while the zip arrives', 'while it is imported'])(
      'by SIGKILL %s leaves nothing',
      async (when) => {
        const server = await startPistor(data, ['--no-demo'], { TMPDIR: temporary });
        try {
          const zip = zipOf(texts);
          let arrived: () => void = () => undefined;
          const half = new Promise<void>((resolve) => (arrived = resolve));
          const body = new ReadableStream({
            async pull(controller) {
              controller.enqueue(zip.subarray(0, zip.length / 2));
              if (when === 'while the zip arrives') {
                arrived();
                return new Promise(() => undefined);
              }
              controller.enqueue(zip.subarray(zip.length / 2));
              controller.close();
            },
          });
          const init = { method: 'POST', headers: { 'content-type': 'application/zip' }, body, duplex: 'half' };
          const answer = fetch(`${server.url}/v1/imports`, init as RequestInit);
          // It ends with the server.
          answer.catch(() => undefined);
          if (when === 'while the zip arrives') {
            await half;
            // Nothing tells from outside when it was written, which is the point.
            await pause(500);
          } else {
            const reader = (await answer).body?.getReader();
            const { value } = (await reader?.read()) ?? {};
            expect(Buffer.from(value ?? []).toString()).toContain('"progress"');
            reader?.closed.catch(() => undefined);
          }
          expect(await readdir(temporary)).toEqual([]);
          await server.kill();
          expect(await readdir(temporary)).toEqual([]);
        } finally {
          await server.kill();
        }
      },
      60_000,
    );

    it('calls a broken zip by no path of its own', async () => {
      const server = await startPistor(data, ['--no-demo'], { TMPDIR: temporary });
      try {
        const answer = await fetch(`${server.url}/v1/imports`, {
          method: 'POST',
          headers: { 'content-type': 'application/zip' },
          body: 'no zip',
        });
        expect(answer.status).toBe(400);
        const { detail } = (await answer.json()) as { detail: string };
        expect(detail).toMatch(/^The zip that was sent is no zip file that can be read: /);
        expect(detail).not.toContain(temporary);
      } finally {
        await server.kill();
      }
    }, 60_000);
  });
});

function zipOf(history: Readonly<Record<string, string>>): Uint8Array {
  const entries = Object.entries(history).map(([file, text]) => [`${file}.csv`, strToU8(text)] as const);
  return zipSync(Object.fromEntries(entries), { level: 1 });
}
