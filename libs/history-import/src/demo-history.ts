import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder of the made-up history that comes with the software. */
export function demoHistoryFolder(): string {
  return join(packageRoot(), 'demo', 'history');
}

/** The same from the sources and from `dist`, which lie at different depths. */
function packageRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error(`No package.json above ${import.meta.dirname}`);
    folder = parent;
  }
  return folder;
}
