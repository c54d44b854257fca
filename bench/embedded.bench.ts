import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPistor } from '#libs/composition/src/pistor.js';
import { readConfiguration } from '#libs/engine/src/configuration.js';
import { demoHistoryFolder } from '#libs/history-import/src/demo-history.js';
import { folderSource } from '#libs/history-import/src/folder.source.js';
import { silentLog } from '#libs/kernel/src/log.js';
import { median, printFigures, printMachine } from './support/figures.js';

/**
 * The embedded way, as a user meets it: `pistor start` as a process, cold with the demo history and warm; the import;
 * memory after it; commands over HTTP from 16 clients.
 */
const CLI = join(import.meta.dirname, '..', 'apps', 'cli', 'src', 'main.js');
/** As `npm start` has them. */
const FLAGS = ['--max-semi-space-size=4'];
const CLIENTS = 16;
const COMMANDS_MS = 8_000;
const RUNS = 3;

async function start(
  folder: string,
): Promise<{ readyMs: number; url: string; rssMb: () => Promise<number>; stop: () => Promise<void> }> {
  const since = performance.now();
  const child = spawn(process.execPath, [...FLAGS, CLI, 'start', '--data', folder, '--port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  const url = await new Promise<string>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      const ready = /ready at (\S+)/.exec(said);
      if (ready) resolve(ready[1] as string);
    });
  });
  return {
    readyMs: performance.now() - since,
    url,
    rssMb: async () =>
      Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? NaN) / 1024,
    stop: async () => {
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

interface Command {
  readonly method: 'POST' | 'PUT';
  readonly path: string;
  readonly body: object;
}

/** A new person: two keys and a code are made beside the event. */
const registerPatient = (name: string): Command => ({
  method: 'POST',
  path: '/v1/patients',
  body: {
    code: name,
    identity: { familyName: 'Aydın', givenName: 'Zehra', birthDate: '1990-04-23', sex: 'female' },
    preference: { language: 'tr', channel: 'email', contactConsent: true },
  },
});

/** One event on a stream that exists: it is read, folded, decided on and appended to. */
const changePreference = (patient: string, n: number): Command => ({
  method: 'PUT',
  path: `/v1/patients/${patient}/contact-preference`,
  body: { language: 'tr', channel: n % 2 === 0 ? 'sms' : 'email', contactConsent: true },
});

/** Sends commands on kept-alive connections for a while; each client waits for its answer before the next. */
async function commandsPerSecond(
  url: string,
  command: (client: number, n: number) => Command,
): Promise<{ rate: number; p99: number }> {
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
  const latencies: number[] = [];
  const until = performance.now() + COMMANDS_MS;
  const client = async (name: number) => {
    for (let n = 0; performance.now() < until; n += 1) {
      const sent = performance.now();
      await send(url, agent, command(name, n));
      latencies.push(performance.now() - sent);
    }
  };
  const since = performance.now();
  await Promise.all(Array.from({ length: CLIENTS }, (_, n) => client(n)));
  const seconds = (performance.now() - since) / 1000;
  agent.destroy();
  latencies.sort((a, b) => a - b);
  return { rate: latencies.length / seconds, p99: latencies[Math.floor(latencies.length * 0.99)] as number };
}

function send(url: string, agent: Agent, { method, path, body }: Command): Promise<void> {
  const text = JSON.stringify(body);
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
  return new Promise((resolve, reject) => {
    const sent = request(`${url}${path}`, { method, agent, headers }, (response) => {
      response.resume();
      const ok = response.statusCode === 200 || response.statusCode === 201;
      response.once('end', () => (ok ? resolve() : reject(new Error(`Answered ${response.statusCode}`))));
    });
    sent.once('error', reject);
    sent.end(text);
  });
}

/** Ids of the patients that there are, page after page. */
async function patientsOf(url: string): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | null = null;
  do {
    const answer: Response = await fetch(`${url}/v1/patients?limit=500${cursor === null ? '' : `&cursor=${cursor}`}`);
    const page = (await answer.json()) as { items: { id: string }[]; next: string | null };
    ids.push(...page.items.map(({ id }) => id));
    cursor = page.next;
  } while (cursor !== null);
  return ids;
}

async function linesOf(folder: string): Promise<number> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.csv'));
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  return texts.reduce((sum, text) => sum + text.split('\n').filter((line) => line.trim() !== '').length - 1, 0);
}

async function importSeconds(folder: string): Promise<number> {
  const pistor = await openPistor(readConfiguration({}, { dataFolder: folder }), silentLog);
  const since = performance.now();
  await pistor.importer.run({ chain: pistor.chain, source: await folderSource(demoHistoryFolder()) });
  const seconds = (performance.now() - since) / 1000;
  await pistor.close();
  return seconds;
}

const root = await mkdtemp(join(tmpdir(), 'pistor-bench-'));
try {
  printMachine();
  const lines = await linesOf(demoHistoryFolder());
  const imports: number[] = [];
  const cold: number[] = [];
  const warm: number[] = [];
  const memory: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    imports.push(lines / (await importSeconds(join(root, `import-${run}`))));
    const folder = join(root, `start-${run}`);
    const first = await start(folder);
    cold.push(first.readyMs / 1000);
    memory.push(await first.rssMb());
    await first.stop();
    const second = await start(folder);
    warm.push(second.readyMs / 1000);
    await second.stop();
  }
  const empty = join(root, 'commands');
  await cp(join(root, 'start-0'), empty, { recursive: true });
  const server = await start(empty);
  // The first run warms the code up.
  await commandsPerSecond(server.url, (client, n) => registerPatient(`warm-${client}-${n}`));
  const registrations = await commandsPerSecond(server.url, (client, n) => registerPatient(`bench-${client}-${n}`));
  const patients = await patientsOf(server.url);
  // Each client has patients of its own, and each of them only a few events, as in life.
  const own = Math.floor(patients.length / CLIENTS);
  const commands = await commandsPerSecond(server.url, (client, n) =>
    changePreference(patients[client * own + (n % own)] as string, Math.floor(n / own)),
  );
  await server.stop();
  printFigures([
    { what: 'warm start to ready', value: median(warm), unit: 's', target: '<= 2' },
    { what: 'cold start to ready, demo history included', value: median(cold), unit: 's', target: '<= 15' },
    { what: `import of ${lines} lines`, value: median(imports), unit: 'lines/s', target: '>= 1500' },
    { what: 'resident memory after the import', value: median(memory), unit: 'MB', target: '<= 450' },
    {
      what: `commands over HTTP, ${CLIENTS} clients: one event on an existing stream`,
      value: commands.rate,
      unit: 'a second',
      target: '>= 1000',
      note: `p99 ${commands.p99.toFixed(0)} ms`,
    },
    {
      what: `the same, registering new patients`,
      value: registrations.rate,
      unit: 'a second',
      note: `p99 ${registrations.p99.toFixed(0)} ms`,
    },
  ]);
} finally {
  await rm(root, { recursive: true, force: true });
}
