import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { Engine } from '../../libs/engine/src/engine.js';
import type { Chain } from '../../libs/event-store/src/chains.js';
import { eventType } from '../../libs/event-store/src/event-type.js';
import { newId } from '../../libs/kernel/src/ids.js';
import { occurredNow } from '../../libs/kernel/src/occurred.js';
import { CheckpointFolder } from '../../libs/ledger/src/checkpoint-folder.js';
import { entryOf, leafHash, type LogEvent, NO_PREVIOUS } from '../../libs/ledger/src/entry.js';
import { LedgerKeyFile, LedgerKeys } from '../../libs/ledger/src/ledger-keys.js';
import { DatabaseLog, type LedgerLog, type StreamPlace } from '../../libs/ledger/src/ledger-log.js';
import { LedgerReader } from '../../libs/ledger/src/ledger-reader.js';
import { LedgerTables } from '../../libs/ledger/src/ledger-tables.js';
import type { LedgerStep } from '../../libs/ledger/src/publisher.js';
import { Sequencer } from '../../libs/ledger/src/sequencer.js';

export const Counted = eventType('Counted', { schema: z.strictObject({ n: z.int(), text: z.string().optional() }) });

const NOW = '2026-01-31T09:00:00.000Z';

/** A process that may move the tree of one chain, and what it said. */
export interface LedgerProcess {
  readonly sequencer: Sequencer;
  readonly reader: LedgerReader;
  readonly tables: LedgerTables;
  readonly keys: LedgerKeys;
  readonly said: string[];
  /** Moves the tree as far as the log has come, or as it can. */
  catchUp(): Promise<void>;
}

/** A chain with a log, a folder outside the database, and processes that work on its ledger. */
export class LedgerGiven {
  readonly folder = mkdtempSync(join(tmpdir(), 'pistor ledger '));
  readonly keyFile = join(this.folder, 'ledger.key');
  private n = 0;

  constructor(
    readonly engine: Pick<Engine, 'db' | 'store' | 'chains'>,
    readonly chain: Chain,
  ) {}

  /** Appends events, each to one of some streams. */
  async append(count: number, { streams = 7, text }: { readonly streams?: number; readonly text?: string } = {}) {
    const byStream = new Map<string, ReturnType<typeof Counted>[]>();
    for (let i = 0; i < count; i++) {
      const stream = `course-${(this.n * 31) % streams}`;
      const event = Counted(occurredNow(NOW), { n: this.n++, text });
      byStream.set(stream, [...(byStream.get(stream) ?? []), event]);
    }
    await this.engine.store.append({
      chain: this.chain.id,
      commandId: newId(),
      streams: [...byStream].map(([stream, events]) => ({ stream, expectedRevision: 'any' as const, events })),
      context: { actor: 'user:Ayşe', origin: 'live' },
    });
  }

  /** @param leaseMs short, so that a killed process is soon replaced */
  process({
    onStep,
    leaseMs = 200,
    source = new DatabaseLog(this.engine.db),
    folder = join(this.folder, 'outside'),
    headOf = (position) => position,
  }: {
    readonly onStep?: (step: LedgerStep) => void | Promise<void>;
    readonly leaseMs?: number;
    readonly source?: LedgerLog;
    readonly folder?: string;
    /** What the store says the newest position is, where the source has gaps. */
    readonly headOf?: (position: number) => number;
  } = {}): LedgerProcess {
    const { db, chains, store } = this.engine;
    const { chain } = this;
    const said: string[] = [];
    const tables = new LedgerTables(db, newId(), leaseMs);
    const keys = new LedgerKeys(db, new LedgerKeyFile(this.keyFile));
    const say = (_: object, message: string) => void said.push(message);
    const sequencer = new Sequencer({
      ...{ tables, keys, source, chains, onStep },
      folder: new CheckpointFolder(folder),
      log: { warn: say, error: say },
      store: {
        head: async (id) => headOf(await store.head(id)),
        heads: async () => new Map([[chain.id, headOf(await store.head(chain.id))]]),
      },
      times: { checkpointMs: 0, brokenMs: 0 },
    });
    return {
      ...{ sequencer, tables, keys, said },
      reader: new LedgerReader(tables, source, keys),
      catchUp: () => sequencer.tick(),
    };
  }

  /** What the leaves of the log are, by the definition of an entry alone. */
  async leaves(): Promise<Buffer[]> {
    const events = await new DatabaseLog(this.engine.db).read(this.chain, 1, 10_000);
    const last = new Map<string, Buffer>();
    return events.map((event) => {
      const leaf = leafHash(entryOf(event, last.get(event.stream) ?? NO_PREVIOUS));
      last.set(event.stream, leaf);
      return leaf;
    });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The same log as a store shows it whose positions have gaps: each event stands at its own place, `GAP` times further. */
export const GAP = 10;
export class LogWithGaps implements LedgerLog {
  readonly gapFree = false;

  constructor(private readonly log: LedgerLog) {}

  async read(chain: Chain, from: number, limit: number): Promise<LogEvent[]> {
    const events = await this.log.read(chain, Math.ceil(from / GAP), limit);
    return events.map((event) => ({ ...event, position: event.position * GAP }));
  }

  async positions(chain: Chain, wanted: readonly StreamPlace[]): Promise<(number | undefined)[]> {
    const positions = await this.log.positions(chain, wanted);
    return positions.map((position) => (position === undefined ? undefined : position * GAP));
  }
}
