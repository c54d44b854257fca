import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PistorProcess, runPistor, startPistor } from './support/pistor-process.js';

let folder: string;
const running: PistorProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pistor embedded '));
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((process) => process.kill()));
  await rm(folder, { recursive: true, force: true });
});

async function start(...args: string[]): Promise<PistorProcess> {
  const process = await startPistor(folder, ['--no-demo', ...args]);
  running.push(process);
  return process;
}

async function registerSite(url: string, code: string, key: string): Promise<Response> {
  return fetch(`${url}/v1/sites`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify({ code, name: `Site ${code}`, timeZone: 'Europe/Istanbul', language: 'tr' }),
  });
}

const events = async (url: string) => ((await (await fetch(`${url}/v1/chain`)).json()) as { head: number }).head;

describe('a server in an embedded folder', () => {
  it('keeps every acknowledged command through SIGKILL in the middle of writes, and does none twice', async () => {
    const acknowledged = new Set<string>();
    let server = await start();
    const before = await events(server.url);
    for (let round = 0; round < 5; round += 1) {
      let killed = false;
      const writers = Array.from({ length: 8 }, async (_, writer) => {
        for (let n = 0; !killed; n += 1) {
          const code = `S-${round}-${writer}-${n}`;
          const response = await registerSite(server.url, code, code).catch(() => undefined);
          if (response?.ok) acknowledged.add(code);
        }
      });
      await new Promise((resolve) => setTimeout(resolve, 150 + round * 90));
      await server.kill();
      killed = true;
      await Promise.all(writers);
      server = await start();
      const found = await allSites(server.url);
      for (const code of acknowledged) expect(found).toContain(code);
    }
    // Sent again under the same keys, nothing happens twice.
    const head = await events(server.url);
    for (const code of [...acknowledged].slice(-20))
      expect((await registerSite(server.url, code, code)).status).toBe(201);
    expect(await events(server.url)).toBe(head);
    expect(acknowledged.size).toBeGreaterThan(5);
    expect(head - before).toBeGreaterThanOrEqual(acknowledged.size);
  }, 90_000);

  it('refuses a second process, naming the first', async () => {
    const server = await start();
    const second = await runPistor(['start', '--data', folder, '--port', '0']);
    expect(second.code).toBe(1);
    expect(second.stderr).toContain(`process ${server.child.pid}`);
  });

  it('serves commands of the CLI through the server that holds the folder', async () => {
    const server = await start();
    await registerSite(server.url, 'IST1', 'k1');
    const list = await runPistor(['projections', 'list', '--data', folder, '--json']);
    expect(list).toMatchObject({ code: 0, stderr: '' });
    expect(
      list.stdout
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line).projection),
    ).toContain('course_progress');
  });

  it('listens on 127.0.0.1 only, until sign-in exists', async () => {
    const refused = await runPistor(['start', '--data', folder, '--port', '0'], { PISTOR_HOST: '0.0.0.0' });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('Will not listen on "0.0.0.0"');
  });

  it('keeps its folder and its master key to itself, and does not start without the key', async () => {
    const server = await start();
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect((await stat(join(folder, 'master.key'))).mode & 0o777).toBe(0o600);
    const key = await readFile(join(folder, 'master.key'), 'utf8');
    expect(await server.stop()).toBe(0);
    await rm(join(folder, 'master.key'));
    const without = await runPistor(['start', '--data', folder, '--port', '0']);
    expect(without).toMatchObject({ code: 1, stderr: expect.stringContaining('master key') });
    expect(key).toMatch(/^[0-9a-f]{64}\n$/);
  });

  async function allSites(url: string): Promise<string[]> {
    const { id, head } = (await (await fetch(`${url}/v1/chain`)).json()) as { id: string; head: number };
    const codes: string[] = [];
    let cursor: string | null = null;
    do {
      const page: Response = await fetch(
        `${url}/v1/sites?limit=500&position=${id}:${head}${cursor ? `&cursor=${cursor}` : ''}`,
      );
      const body = (await page.json()) as { items: { code: string }[]; next: string | null };
      codes.push(...body.items.map((site) => site.code));
      cursor = body.next;
    } while (cursor);
    return codes;
  }
});
