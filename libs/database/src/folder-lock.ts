import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Conflict } from '#libs/kernel/src/errors.js';

/** A holder that another container or machine cannot look at proves by this beat that it lives. */
const BEAT_MS = 5_000;
/** Six missed beats: longer than any pause of a healthy process, short enough to wait for after a crash. */
const BEAT_MS_MAX = 30_000;
/** Two that start in the same moment give way to each other; a few rounds with random pauses part them. */
const ATTEMPTS_MAX = 20;
const PREFIX = 'lock.';

interface Claim {
  readonly pid: number;
  /** Tells a process from a later one that was given the same pid. Absent where the system does not say. */
  readonly startedAt?: string;
  /** Machine and pid namespace in which `pid` means something. */
  readonly scope: string;
  /** false while the claimant is still looking whether somebody else is there. */
  readonly held: boolean;
  readonly url?: string;
}

export interface FolderHolder {
  readonly pid: number;
  /** Address of the server that holds the folder, when it is one. */
  readonly url?: string;
}

export interface FolderLock {
  /** Tells others (the command line) where the server that holds the folder can be reached. */
  setUrl(url: string): void;
  release(): void;
}

/**
 * Takes the folder for this process. A claim is a file of its own, so no claim ever overwrites or removes one of a
 * living process: each claimant writes its file first and looks for others second, hence of two at least one sees the
 * other and gives way. Files of dead processes are swept; the dead do not come back, so that is safe for anyone to do.
 *
 * @param onLost called when the claim was taken away from under us (somebody removed the file): whoever holds the
 *   folder must stop writing at once.
 * @throws Conflict `folder.locked` with `data: { pid, url }` of the holder.
 */
export async function acquireFolderLock(folder: string, onLost: () => void = () => {}): Promise<FolderLock> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, `${PREFIX}${randomUUID()}`);
  for (let attempt = 1; ; attempt++) {
    write(file, { ...self(), held: false });
    const others = livingClaims(folder, { sweep: true }).filter((other) => other.file !== file);
    if (others.length === 0) break;
    rmSync(file, { force: true });
    const holder = others.find(({ claim }) => claim.held);
    if (holder || attempt === ATTEMPTS_MAX) throw locked(folder, (holder ?? others[0]!).claim);
    await sleep(5 + Math.random() * 10 * attempt);
  }
  write(file, { ...self(), held: true });
  return keep(file, onLost);
}

/** Who holds the folder now; undefined when nobody does. Changes nothing. */
export function readFolderLock(folder: string): FolderHolder | undefined {
  const claim = livingClaims(folder, { sweep: false }).find(({ claim }) => claim.held)?.claim;
  return claim && { pid: claim.pid, ...(claim.url === undefined ? {} : { url: claim.url }) };
}

function keep(file: string, onLost: () => void): FolderLock {
  const beat = setInterval(() => {
    try {
      utimesSync(file, new Date(), new Date());
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return;
      clearInterval(beat);
      onLost();
    }
  }, BEAT_MS);
  beat.unref();
  return {
    setUrl: (url) => write(file, { ...self(), held: true, url }),
    release: () => {
      clearInterval(beat);
      rmSync(file, { force: true });
    },
  };
}

function locked(folder: string, { pid, url }: Claim): Conflict {
  const server = url ? ` (a server at ${url})` : '';
  const message = `The folder ${folder} is in use by process ${pid}${server}. Stop that process, or name another folder.`;
  return new Conflict('folder.locked', message, { data: { pid, url } });
}

function self(): Omit<Claim, 'held'> {
  const startedAt = processStart(process.pid);
  return { pid: process.pid, scope: scope(), ...(startedAt ? { startedAt } : {}) };
}

/** Written aside and moved, so that nobody ever reads half a claim. */
function write(file: string, claim: Claim): void {
  const draft = `${file}.draft`;
  writeFileSync(draft, JSON.stringify(claim), { mode: 0o600 });
  renameSync(draft, file);
}

function livingClaims(folder: string, { sweep }: { sweep: boolean }): { file: string; claim: Claim }[] {
  const living: { file: string; claim: Claim }[] = [];
  for (const name of entries(folder)) {
    if (!name.startsWith(PREFIX) || name.endsWith('.draft')) continue;
    const file = join(folder, name);
    const claim = read(file);
    if (!claim) continue;
    if (claim !== 'torn' && isAlive(claim, file)) living.push({ file, claim });
    else if (sweep) for (const dead of [file, `${file}.draft`]) rmSync(dead, { force: true });
  }
  return living;
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function read(file: string): Claim | 'torn' | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Claim;
  } catch (error) {
    // Only a power cut leaves half a file, and no process outlives one.
    if (error instanceof SyntaxError) return 'torn';
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function isAlive(claim: Claim, file: string): boolean {
  // From in here, a process of another container or machine cannot be looked at: its beat has to tell.
  if (claim.scope !== scope())
    return Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0) < BEAT_MS_MAX;
  try {
    process.kill(claim.pid, 0);
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const startedAt = processStart(claim.pid);
  return startedAt !== 'dead' && (!claim.startedAt || !startedAt || startedAt === claim.startedAt);
}

let scopeOnce: string | undefined;

function scope(): string {
  scopeOnce ??= `${hostname()} ${process.platform === 'linux' ? quietly(() => readlinkSync('/proc/self/ns/pid')) : ''}`;
  return scopeOnce;
}

/** When the process was started, in words of the system; 'dead' for one that has ended and was not yet waited for. */
function processStart(pid: number): string | undefined {
  if (process.platform === 'linux') return linuxProcessStart(pid);
  if (process.platform === 'win32') return undefined;
  return quietly(() => ps(pid)) || undefined;
}

function ps(pid: number): string {
  return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { stdio: ['ignore', 'pipe', 'ignore'] })
    .toString()
    .trim();
}

function linuxProcessStart(pid: number): string | undefined {
  return quietly(() => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the command in parentheses and may hold anything: count from behind it (state is field 3).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return 'dead';
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${fields[22 - 3]}`;
  });
}

function quietly<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
