/**
 * `npm run simulate -- --seed N --days 365`, or `--seeds 150 --days 30 [--from 1]`: runs test/simulation/simulate.ts on
 * the sources as they are. Nothing needs to be built or to run; all of it takes place in this machine's memory and a
 * folder that is thrown away. Several processes take a share of the seeds each, as many as the machine has cores.
 */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { root } from './sources.mjs';

const { values } = parseArgs({ strict: false, options: { seeds: { type: 'string' }, from: { type: 'string' } } });
const loader = pathToFileURL(join(root, 'test', 'support', 'typescript-loader.mjs')).href;
const file = join(root, 'test', 'simulation', 'simulate.ts');

const count = Number(values.seeds);
const from = Number(values.from ?? '1');
const shares =
  Number.isInteger(count) && Number.isInteger(from) && count > 1 ? Math.min(count, availableParallelism()) : 1;

const children = [];
let interrupted = false;
// Without these, an interrupt would end this process and leave the others behind.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    interrupted = true;
    for (const child of children) child.kill(signal);
  });
}

const codes = await Promise.all(Array.from({ length: shares }, (_, share) => run(argumentsOf(share))));
process.exitCode = interrupted ? 130 : codes.some((code) => code !== 0) ? 1 : 0;

/** The same arguments with a part of the seeds. */
function argumentsOf(share) {
  const args = process.argv.slice(2);
  if (shares === 1) return args;
  const first = Math.floor((count * share) / shares);
  const next = Math.floor((count * (share + 1)) / shares);
  return [...args, '--seeds', String(next - first), '--from', String(from + first)];
}

function run(args) {
  const child = spawn(process.execPath, ['-C', 'app-source', '--import', loader, file, ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  children.push(child);
  return new Promise((resolve) => {
    child.on('error', () => resolve(1));
    child.on('exit', (code) => resolve(code ?? 130));
  });
}
