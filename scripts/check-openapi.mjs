/**
 * Compares docs/openapi.json with what the code says today, so that a change of the API is seen in review.
 *
 *     node scripts/check-openapi.mjs [--write]
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ensureBuilt } from './prebuilt.mjs';
import { root } from './sources.mjs';

const file = join(root, 'docs/openapi.json');
/** The document of a few hundred operations is some 100 kB; far more means that something else was printed. */
const outputBytesMax = 20 * 1024 * 1024;

await ensureBuilt(['server']);
const now = sorted(JSON.parse(generate()));
const text = `${JSON.stringify(now, undefined, 2)}\n`;
const written = existsSync(file) ? readFileSync(file, 'utf8') : '';

if (process.argv.includes('--write')) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
} else if (text !== written) {
  console.error('docs/openapi.json is not what the code says. Run `npm run openapi` and look at the difference.');
  console.error(differences(written === '' ? {} : JSON.parse(written), now).join('\n'));
  process.exitCode = 1;
}

function generate() {
  const main = join(root, 'dist/apps/cli/src/main.js');
  const made = spawnSync(process.execPath, [main, 'openapi'], { encoding: 'utf8', maxBuffer: outputBytesMax });
  if (made.status === 0) return made.stdout;
  console.error(`\`pistor openapi\` failed:\n${made.error?.message ?? made.stderr}`);
  process.exit(1);
}

/** The order of keys depends on the order in which modules were loaded, which says nothing about the API. */
function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  );
}

/** The first places that differ, as paths: enough to see what changed. */
function differences(before, after, path = '#', found = []) {
  const isTree = (value) => value !== null && typeof value === 'object';
  if (found.length >= 20) return found;
  if (!isTree(before) || !isTree(after)) {
    if (before !== after) found.push(`  ${path}: ${describe(before)} -> ${describe(after)}`);
    return found;
  }
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    differences(before[key], after[key], `${path}/${key}`, found);
  }
  return found;
}

function describe(value) {
  return value === undefined ? 'missing' : (JSON.stringify(value) ?? '').slice(0, 80);
}
