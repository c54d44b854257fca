/**
 * `npm run chaos -- [--seconds 60] [--seed N] …`: builds the server and runs test/chaos/chaos.ts, which starts its own
 * PostgreSQL, Redis, API and workers, and ends them again.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureBuilt } from './prebuilt.mjs';
import { root } from './sources.mjs';

await ensureBuilt(['server']);
const loader = pathToFileURL(join(root, 'test', 'support', 'typescript-loader.mjs')).href;
const file = join(root, 'test', 'chaos', 'chaos.ts');
const child = spawn(process.execPath, ['-C', 'app-source', '--import', loader, file, ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('error', () => (process.exitCode = 1));
child.on('exit', (code) => (process.exitCode = code ?? 130));
