import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const SCRIPT = join(__dirname, '..', '..', 'scripts', 'chaos.mjs');
const MS_MAX = 9 * 60_000;

it(
  'loses no message and sends none twice while processes are killed, Redis is wiped and providers do not answer',
  async () => {
    const flags = ['--seconds', '20', '--stop-seconds', '8', '--workers', '2', '--patients', '8'];
    const run = promisify(execFile)(process.execPath, [SCRIPT, ...flags], { timeout: MS_MAX });
    // What it said names the seed and what does not hold.
    const { stdout } = await run.catch((error: Error & { stdout?: string }) => {
      throw new Error(`${error.stdout ?? ''}\n${error.message}`);
    });
    expect(stdout).toMatch(/All held\.\n$/);
  },
  MS_MAX,
);
