import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface CpuProfile {
  readonly nodes: readonly { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const LINES = 14;
const NOT_WORK = new Set(['(idle)', '(program)', '(root)']);

/** Writes a CPU profile of a child of this process when it ends, and prints what led it. */
export class CpuProfiles {
  readonly folder = mkdtempSync(join(tmpdir(), 'pistor-profiles-'));

  flags(name: string): string[] {
    return ['--cpu-prof', `--cpu-prof-dir=${this.folder}`, `--cpu-prof-name=${name}.cpuprofile`];
  }

  /** The shares of each file and of the heaviest functions in the time that the process was not idle. */
  print(): void {
    for (const file of readdirSync(this.folder).sort()) {
      const profile = JSON.parse(readFileSync(join(this.folder, file), 'utf8')) as CpuProfile;
      const { files, functions, busyMs } = shares(profile);
      console.log(`\n${join(this.folder, file)}: ${Math.round(busyMs)} ms of work`);
      console.log(`  by file: ${top(files, busyMs)}`);
      console.log(`  by function: ${top(functions, busyMs)}`);
    }
  }
}

function shares({ nodes, samples, timeDeltas }: CpuProfile) {
  const byId = new Map(nodes.map((node) => [node.id, node.callFrame]));
  const files = new Map<string, number>();
  const functions = new Map<string, number>();
  let busyMs = 0;
  samples.forEach((id, n) => {
    const { functionName, url, lineNumber } = byId.get(id) as CpuProfile['nodes'][number]['callFrame'];
    if (NOT_WORK.has(functionName)) return;
    const ms = (timeDeltas[n] as number) / 1000;
    const file = fileOf(url);
    busyMs += ms;
    files.set(file || functionName, (files.get(file || functionName) ?? 0) + ms);
    const name = `${functionName || '(anonymous)'} ${file}:${lineNumber + 1}`;
    functions.set(name, (functions.get(name) ?? 0) + ms);
  });
  return { files, functions, busyMs };
}

/** The package, or the file of this project. */
const fileOf = (url: string): string =>
  /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? url.replace(/^.*\/dist\//, '').replace(/^node:/, 'node:');

function top(weights: ReadonlyMap<string, number>, whole: number): string {
  return [...weights]
    .sort(([, a], [, b]) => b - a)
    .slice(0, LINES)
    .map(([name, ms]) => `${name} ${((ms / whole) * 100).toFixed(1)} %`)
    .join(', ');
}
