/**
 * `npm run bench [-- NAME ...]`: builds, then runs bench/NAME.bench.ts, or every benchmark there is, one after the
 * other, each in a process of its own so that one's memory and compiled code do not colour the next one's figures.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBuilt } from './prebuilt.mjs';
import { root } from './sources.mjs';

const suffix = '.bench.ts';
const folder = join(root, 'bench');
const known = existsSync(folder)
  ? readdirSync(folder)
      .filter((file) => file.endsWith(suffix))
      .map((file) => file.slice(0, -suffix.length))
      .sort()
  : [];
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !known.includes(name));
if (unknown.length > 0 || known.length === 0) {
  console.error(`No such benchmark: ${unknown.join(', ') || '(any)'}. There are: ${known.join(', ') || 'none'}.`);
  process.exit(2);
}

await ensureBuilt(['server', 'console']);
for (const name of asked.length > 0 ? asked : known) {
  console.log(`\n## ${name}\n`);
  const file = join(root, 'dist/bench', `${name}.bench.js`);
  const { status } = spawnSync(process.execPath, ['--expose-gc', file], { stdio: 'inherit', cwd: root });
  if (status !== 0) process.exitCode = 1;
}
