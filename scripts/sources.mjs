import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout's root folder, whatever the current directory is. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const skippedFolders = new Set(['node_modules', 'dist', 'test', '__snapshots__']);
const testFile = /\.(?:int-|e2e-)?spec\.tsx?$/;

/**
 * What each half of the product is made from. `trees` are folders, `files` single files that change the result, too.
 * The console takes schemas and rules from the libraries, so a change there makes it stale as well.
 */
const halves = {
  server: {
    trees: ['apps/api', 'apps/worker', 'apps/cli', 'libs', 'bench'],
    files: ['package.json', 'package-lock.json', '.swcrc', 'scripts/build.mjs', 'scripts/sources.mjs'],
  },
  console: {
    trees: ['apps/console', 'libs'],
    files: ['package.json', 'package-lock.json', 'scripts/build.mjs', 'scripts/sources.mjs'],
  },
};

/** @typedef {'server' | 'console'} Half */

/**
 * Every file a half is made from, tests left out, as sorted paths relative to the root with `/` between folders.
 * @param {Half} half
 * @returns {string[]}
 */
export function sourcesOf(half) {
  const found = halves[half].trees.flatMap((tree) => [...walk(join(root, tree))]);
  return found.map((file) => relative(root, file).split(sep).join('/')).sort();
}

function* walk(folder) {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!skippedFolders.has(entry.name)) yield* walk(path);
    } else if (entry.isFile() && !testFile.test(entry.name) && !entry.name.endsWith('.md')) {
      yield path;
    }
  }
}

/** @param {Half} half */
export function stampFile(half) {
  return join(root, 'dist', `.${half}-stamp.json`);
}

/**
 * A hash over the names and contents of everything a half is made from. Contents, not modification times: a checkout
 * of another branch and back, or a copied folder, must not cost a build, and an edit in the same second must.
 * @param {Half} half
 */
export function sourceHash(half) {
  const hash = createHash('sha256').update(`node ${process.versions.node.split('.')[0]}\0`);
  for (const file of [...halves[half].files, ...sourcesOf(half)]) {
    const path = join(root, file);
    if (existsSync(path)) hash.update(file).update('\0').update(readFileSync(path)).update('\0');
  }
  return hash.digest('hex');
}

/**
 * Whether dist lacks the half or holds one made from other sources. A console that does not exist needs no build.
 * @param {Half} half
 */
export function isStale(half) {
  if (half === 'console' && !existsSync(join(root, 'apps/console/vite.config.ts'))) return false;
  const stamp = readStamp(half);
  return (
    stamp === undefined ||
    stamp.outputs.some((file) => !existsSync(join(root, 'dist', file))) ||
    stamp.hash !== sourceHash(half)
  );
}

/**
 * @param {Half} half
 * @returns {{ hash: string, outputs: string[] } | undefined} outputs are relative to dist
 */
export function readStamp(half) {
  try {
    return JSON.parse(readFileSync(stampFile(half), 'utf8'));
  } catch {
    return undefined;
  }
}
