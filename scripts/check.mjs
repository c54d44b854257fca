/**
 * `npm run check`: everything that can be said about the code without running it. All stages run, two at a time, even
 * when one fails; what a failed stage printed is shown. Names as arguments choose stages: `npm run check -- types lint`.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { root } from './sources.mjs';

const tool = (path, ...args) => [process.execPath, [join(root, 'node_modules', path), ...args]];
const typescript = (project) => tool('typescript/bin/tsc', '--noEmit', '-p', project);
const folders = ['apps', 'libs', 'test', 'bench'].filter((folder) => existsSync(join(root, folder)));

/** The longest first, so that the short ones fill the gaps. */
const stages = {
  lint: tool('eslint/bin/eslint.js', '--max-warnings=0', '.'),
  types: typescript('tsconfig.json'),
  ...(existsSync(join(root, 'apps/console/tsconfig.json')) && {
    'types-console': typescript('apps/console/tsconfig.json'),
  }),
  arrows: tool('dependency-cruiser/bin/dependency-cruise.mjs', '--config', '.dependency-cruiser.cjs', ...folders),
  openapi: [process.execPath, [join(root, 'scripts/check-openapi.mjs')]],
  rules: [process.execPath, [join(root, 'scripts/check-rules.mjs')]],
  format: tool('@biomejs/biome/bin/biome', 'format', '--colors=off'),
};

const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !(name in stages));
if (unknown.length > 0) {
  console.error(`No such stage: ${unknown.join(', ')}. There are: ${Object.keys(stages).join(', ')}.`);
  process.exit(2);
}

const queue = Object.entries(stages).filter(([name]) => chosen.length === 0 || chosen.includes(name));
const failed = [];
async function work() {
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) await runStage(next);
}
await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, work));
if (failed.length > 0) console.log(`\nFailed: ${failed.join(', ')}`);
process.exitCode = failed.length > 0 ? 1 : 0;

function runStage([name, [command, args]]) {
  const started = performance.now();
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (part) => (text += part));
    child.on('error', (error) => (text += error.message));
    child.on('close', (code) => {
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
      if (code !== 0) {
        failed.push(name);
        console.log(text.trimEnd());
      }
      resolve();
    });
  });
}
