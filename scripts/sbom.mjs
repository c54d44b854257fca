import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './sources.mjs';

/**
 * `npm run sbom`: what a release is made of, as CycloneDX, in `dist/sbom.cdx.json`. From the lock file, without what is
 * only used to develop and test.
 */
const npm = process.env.npm_execpath;
const [program, before] = npm ? [process.execPath, [npm]] : ['npm', []];
const options = ['--sbom-format=cyclonedx', '--sbom-type=application', '--omit=dev', '--package-lock-only'];
const text = execFileSync(program, [...before, 'sbom', ...options], {
  ...{ cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
  stdio: ['ignore', 'pipe', 'inherit'],
});
const { components } = JSON.parse(text);
// A component without a hash is one that the lock file does not pin.
const loose = components.filter(({ hashes }) => !hashes?.length).map(({ 'bom-ref': name }) => name);
if (loose.length > 0) {
  console.error(`Not pinned by a hash: ${loose.join(', ')}`);
  process.exitCode = 1;
}
mkdirSync(join(root, 'dist'), { recursive: true });
const file = join(root, 'dist', 'sbom.cdx.json');
writeFileSync(file, text);
console.log(`${components.length} components in ${file}`);
