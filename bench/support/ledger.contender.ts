import { openPostgres } from '#libs/database/src/postgres.database.js';
import { openEngine } from '#libs/engine/src/engine.js';
import { MasterKey } from '#libs/event-store/src/master-key.js';
import { DatabaseLog } from '#libs/ledger/src/ledger-log.js';
import { openLedger } from '#libs/ledger/src/ledger.js';
import { BENCH_EVENT_TYPES } from './bench-events.js';
import { stopwatch } from './stopwatch.js';

export interface LedgerContenderOptions {
  readonly url: string;
  readonly masterKey: string;
  /** For the key and the checkpoints. */
  readonly folder: string;
}

export interface LedgerContender {
  /** Moves the tree on beside whatever appends, as a worker does, until `rest`. */
  work(): Promise<void>;
  /** @returns processor time that was used since `work`, in seconds */
  rest(): Promise<number>;
  /** Moves the tree as far as the log has come. @returns what it took */
  catchUp(): Promise<{ readonly size: number; readonly seconds: number; readonly cpuSeconds: number }>;
  close(): Promise<void>;
}

/** As in the worker: see libs/composition/src/process-workers.ts. */
const TICK_MS = 1_000;
const SOON_MS = 250;

/** A worker that does nothing but the ledger. */
export async function open({ url, masterKey, folder }: LedgerContenderOptions): Promise<LedgerContender> {
  const db = await openPostgres(url);
  const key = new MasterKey(Buffer.from(masterKey, 'hex'));
  const engine = await openEngine({ db, masterKey: () => key, eventTypes: BENCH_EVENT_TYPES });
  const chain = await engine.chains.ensure('bench', true);
  const tell = (_: object, message: string) => console.error(message);
  const configuration = { keyFile: `${folder}/ledger.key`, folder: `${folder}/outside`, witnesses: [] };
  const { sequencer, reader } = await openLedger(
    engine,
    configuration,
    { warn: tell, error: tell },
    new DatabaseLog(db),
  );
  let stop: () => Promise<number> = () => Promise.resolve(0);
  return {
    work: async () => {
      const elapsed = stopwatch();
      let stopped = false;
      let timer: NodeJS.Timeout | undefined;
      let dueAt = Infinity;
      let running: Promise<void> = Promise.resolve();
      const soon = (ms: number) => {
        const at = performance.now() + ms;
        if (stopped || at >= dueAt) return;
        dueAt = at;
        clearTimeout(timer);
        timer = setTimeout(() => {
          dueAt = Infinity;
          running = running.then(() => sequencer.tick()).finally(() => soon(TICK_MS));
        }, ms);
      };
      const unhint = engine.store.onAppended(() => soon(SOON_MS));
      soon(0);
      stop = async () => {
        stopped = true;
        clearTimeout(timer);
        unhint();
        await running;
        return elapsed().cpuSeconds;
      };
    },
    rest: () => stop(),
    catchUp: async () => {
      const elapsed = stopwatch();
      const head = await engine.store.head(chain.id);
      let { size } = { size: 0 };
      while (size < head) {
        await sequencer.tick();
        ({ size } = await reader.published(chain));
      }
      const { seconds, cpuSeconds } = elapsed();
      return { size, seconds, cpuSeconds };
    },
    close: async () => {
      await stop();
      await engine.close();
      await db.close();
    },
  };
}
