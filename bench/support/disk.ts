import { closeSync, fdatasyncSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { percentile } from './load.js';

/** PostgreSQL writes its log in pages of this size. */
const PAGE = Buffer.alloc(8_192, 1);
/** Written in advance, as PostgreSQL's log segments are: a flush then has no file size to record. */
const PAGES = 512;
const MS = 1_000;

/** How long writing a page to the disk takes, and how many a second that makes one after the other. */
export function measureFlush(how: 'fsync' | 'fdatasync'): { rate: number; p50Us: number; p99Us: number } {
  const folder = mkdtempSync(join(tmpdir(), 'pistor-disk-'));
  const file = openSync(join(folder, 'log'), 'w');
  const flush = how === 'fsync' ? fsyncSync : fdatasyncSync;
  try {
    for (let page = 0; page < PAGES; page += 1) writeSync(file, PAGE);
    fsyncSync(file);
    const latencies: number[] = [];
    const since = performance.now();
    for (let n = 0; performance.now() - since < MS; n += 1) {
      const begun = performance.now();
      writeSync(file, PAGE, 0, PAGE.length, (n % PAGES) * PAGE.length);
      flush(file);
      latencies.push(performance.now() - begun);
    }
    const rate = (latencies.length / (performance.now() - since)) * 1000;
    const all = Float64Array.from(latencies);
    return { rate, p50Us: percentile(all, 0.5) * 1000, p99Us: percentile(all, 0.99) * 1000 };
  } finally {
    closeSync(file);
    rmSync(folder, { recursive: true, force: true });
  }
}
