// `npm run test:e2e`: builds what the browser will see, finds the browser, runs every `*.e2e-spec.ts`.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ensureBuilt } from './prebuilt.mjs';
import { find } from './services.mjs';
import { root } from './sources.mjs';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'chrome'];
const browser = process.env.CHROMIUM_PATH || names.map((name) => find(name, ['/usr/bin'])).find(Boolean);
if (!browser) {
  console.error(`No browser: none of ${names.join(', ')} was found, and CHROMIUM_PATH is not set.`);
  process.exit(1);
}

await ensureBuilt(['server', 'console']);
const jest = join(root, 'node_modules/jest/bin/jest.js');
// One at a time: each test runs a server and a browser, which two cores cannot do twice and keep to time limits.
const args = [jest, '--testMatch', '**/*.e2e-spec.ts', '--maxWorkers=1', ...process.argv.slice(2)];
const child = spawn(process.execPath, args, {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, CHROMIUM_PATH: browser },
});
child.on('exit', (code) => (process.exitCode = code ?? 1));
