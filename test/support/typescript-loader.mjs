// Lets a child process of a test run the TypeScript sources as they are:
//   node -C app-source --import ./test/support/typescript-loader.mjs FILE.ts
import { existsSync, readFileSync } from 'node:fs';
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';

// This file is both: what `--import` runs, and the hooks that it registers (which run in a thread of their own).
if (isMainThread) register(import.meta.url);

const config = JSON.parse(readFileSync(new URL('../../.swcrc', import.meta.url), 'utf8'));
delete config.$schema;
let swc;

export async function resolve(specifier, context, next) {
  if (/^\.\.?\/.*\.js$/.test(specifier) && context.parentURL?.endsWith('.ts')) {
    const source = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL);
    if (existsSync(source)) return { url: source.href, shortCircuit: true };
  }
  return next(specifier, context);
}

export async function load(url, context, next) {
  if (!url.endsWith('.ts')) return next(url, context);
  swc ??= (await import('@swc/core')).default;
  const filename = fileURLToPath(url);
  const { code } = await swc.transform(readFileSync(filename, 'utf8'), {
    ...config,
    filename,
    swcrc: false,
    sourceMaps: 'inline',
  });
  return { format: 'module', source: code, shortCircuit: true };
}
