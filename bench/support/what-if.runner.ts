import { setTimeout as sleep } from 'node:timers/promises';
import { References } from '#libs/cqrs/src/references.js';
import { builtInProtocol } from '#libs/protocols/src/built-in-protocols.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import { People } from '#libs/treatment/src/what-if.contract.js';
import { TREATMENT_EVENT_TYPES } from '#libs/treatment/src/treatment.event-types.js';
import type { WhatIfSummary } from '#libs/what-if/src/what-if.contract.js';
import { WhatIf } from '#libs/what-if/src/what-if.js';
import { type EngineOptions, openBenchEngine } from './bench-engine.js';

export interface WhatIfRun {
  readonly seconds: number;
  /** Of the processor, by this process; the database has its own. */
  readonly cpuSeconds: number;
  readonly summary: WhatIfSummary;
  /** Of the answer. */
  readonly lines: number;
  readonly megabytes: number;
  /** Resident memory before it, half-way and after it, garbage included; and the most in the first and the second half. */
  readonly rssMb: Record<'before' | 'middle' | 'after' | 'mostOfFirst' | 'mostOfSecond', number>;
  /** The longest that the process heard nobody else. */
  readonly deafMs: number;
}

export interface WhatIfRunner {
  /** @param code of the protocol whose courses are replayed */
  run(code: string, details: boolean): Promise<WhatIfRun>;
  close(): Promise<void>;
}

const SAMPLE_MS = 20;

/** Replays a draft as the route does, with every line made into text. */
export async function open(options: EngineOptions): Promise<WhatIfRunner> {
  const engine = await openBenchEngine(options, TREATMENT_EVENT_TYPES);
  const { db, boxes, runner, codes, chain } = engine;
  const whatIf = new WhatIf(db, boxes, runner, new References(codes), new People(db, codes, boxes));
  return {
    run: async (code, details) => {
      const rss = () => process.memoryUsage.rss() / 2 ** 20;
      const ear = listen();
      const before = rss();
      const since = performance.now();
      const cpuBefore = process.cpuUsage();
      let [middle, mostOfFirst, mostOfSecond, lines, bytes] = [0, 0, 0, 0, 0];
      let summary: WhatIfSummary | undefined;
      const period = { from: '2000-01-01', to: '2099-12-31' };
      for await (const line of whatIf.run(chain, { protocol: draftOf(code), ...period, details })) {
        lines += 1;
        bytes += Buffer.byteLength(JSON.stringify(line));
        if ('progress' in line) {
          const now = rss();
          if (line.progress.done > line.progress.total / 2) mostOfSecond = Math.max(mostOfSecond, now);
          else [middle, mostOfFirst] = [now, Math.max(mostOfFirst, now)];
        }
        if ('summary' in line) summary = line.summary;
      }
      const seconds = (performance.now() - since) / 1000;
      const { user, system } = process.cpuUsage(cpuBefore);
      const cpuSeconds = (user + system) / 1_000_000;
      return {
        ...{ seconds, cpuSeconds, summary: summary as WhatIfSummary, lines, megabytes: bytes / 2 ** 20 },
        rssMb: { before, middle, after: rss(), mostOfFirst, mostOfSecond },
        deafMs: await ear.stop(),
      };
    },
    close: () => engine.close(),
  };
}

/** A draft under which nearly every course differs in sessions, due dates and messages. */
function draftOf(code: string): Protocol {
  const protocol = structuredClone(builtInProtocol(code)) as Protocol;
  Object.assign(protocol.intervalDays, { min: 10, max: 30 });
  Object.assign(protocol.maintenance, { firstOpens: 'P4M', thenOpens: 'P3M' });
  const longest = protocol.aftercare.find(({ act }) => act === 'avoid') as Protocol['aftercare'][number];
  protocol.aftercare.push({ ...longest, id: 'longest', lasts: 'PT96H' } as Protocol['aftercare'][number]);
  protocol.messages = protocol.messages.filter(({ kind }) => kind !== 'check-in');
  return protocol;
}

function listen(): { stop(): Promise<number> } {
  let [last, longest] = [performance.now(), 0];
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last - SAMPLE_MS);
    last = now;
  }, SAMPLE_MS);
  return {
    stop: async () => {
      await sleep(SAMPLE_MS * 2);
      clearInterval(timer);
      return longest;
    },
  };
}
