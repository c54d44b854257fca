import type { Database, Queryable } from '#libs/database/src/database.js';
import type { EventStore } from '#libs/event-store/src/event-store.js';
import { Unavailable } from '#libs/kernel/src/errors.js';
import type { Channel } from '#libs/messaging/src/channel.contract.js';
import { QueueUnavailable } from '#libs/queue/src/queue.errors.js';
import type { JobData, WorkQueue } from '#libs/queue/src/work-queue.js';

/** The process was ended by SIGKILL: nothing of it goes on. */
export class Killed extends Error {
  constructor() {
    super('This process was killed');
    this.name = 'Killed';
  }
}

export type PortName = 'database' | 'log' | 'provider' | 'queue';

/** What goes wrong at one call of a port, in one step of one process. */
export interface ArmedFault {
  readonly kind: 'killed' | 'connection-lost' | 'stalled' | 'race';
  /** Before the call reaches the other side, or after that has done what was asked. */
  readonly when: 'before' | 'after';
  /** The how-manieth call of the step, from 1; of those that `at` names, and that change something. */
  readonly nth: number;
  readonly at?: PortName;
  /** Awaited in the middle of the call: what a stalled process waits for, or what others do meanwhile. */
  readonly meanwhile?: () => Promise<void>;
}

/** Everything through which a process reaches out: each call of it may be the one at which something goes wrong. */
export class ProcessPorts {
  /** The connection of a process that was killed is closed: whatever of it still runs cannot do anything. */
  dead = false;
  /** While it works on messages, and not on the log. */
  isDispatching = false;
  private armed: ArmedFault | undefined;
  private calls = 0;

  /** @returns afterwards: where the fault struck, if it did */
  arm(fault: ArmedFault): void {
    this.armed = fault;
    this.calls = 0;
    this.struck = undefined;
  }

  struck: string | undefined;

  disarm(): void {
    this.armed = undefined;
  }

  async call<Result>(port: PortName, changes: boolean, real: () => Promise<Result>): Promise<Result> {
    if (this.dead) throw new Killed();
    const fault = this.next(port, changes);
    if (fault?.when === 'before') await this.strike(fault, port);
    const result = await real();
    // Somebody else's call may have been the end of this process.
    if (this.dead) throw new Killed();
    if (fault?.when === 'after') await this.strike(fault, port);
    return result;
  }

  private next(port: PortName, changes: boolean): ArmedFault | undefined {
    const { armed } = this;
    if (!armed || !changes || (armed.at !== undefined && armed.at !== port)) return undefined;
    this.calls += 1;
    if (this.calls !== armed.nth) return undefined;
    this.armed = undefined;
    this.struck = `${armed.kind} ${armed.when} ${port} call ${armed.nth}`;
    return armed;
  }

  private async strike(fault: ArmedFault, port: PortName): Promise<void> {
    switch (fault.kind) {
      case 'killed':
        this.dead = true;
        throw new Killed();
      case 'connection-lost':
        if (port === 'queue') throw new QueueUnavailable('simulated');
        throw new Unavailable('database.unavailable', 'The connection was lost.');
      case 'stalled':
      case 'race':
        await fault.meanwhile?.();
        if (this.dead) throw new Killed();
    }
  }
}

const CHANGES = /^\s*(?:insert|update|delete|with[\s\S]*\b(?:insert|update|delete)\b)/i;

const textOf = (statement: Parameters<Queryable['query']>[0]): string =>
  typeof statement === 'string' ? statement : statement.text;

export function databaseThrough(ports: ProcessPorts, db: Database): Database {
  return {
    kind: db.kind,
    applicationRole: db.applicationRole,
    readerRole: db.readerRole,
    pool: db.pool,
    query: (statement, values) =>
      ports.call('database', CHANGES.test(textOf(statement)), () => db.query(statement as string, values)),
    transaction: (work) =>
      ports.call('database', true, () =>
        db.transaction((tx) =>
          work({
            query: (statement, values) => {
              if (ports.dead) throw new Killed();
              return tx.query(statement as string, values);
            },
          }),
        ),
      ),
    listen: (channel, onNotify) => db.listen(channel, onNotify),
    ping: () => db.ping(),
    close: () => Promise.resolve(),
  };
}

export function storeThrough(ports: ProcessPorts, store: EventStore): EventStore {
  return {
    capabilities: store.capabilities,
    append: (request) => ports.call('log', true, () => store.append(request)),
    readStream: (chain, stream, options) => ports.call('log', false, () => store.readStream(chain, stream, options)),
    readAll: (chain, options) => ports.call('log', false, () => store.readAll(chain, options)),
    head: (chain) => ports.call('log', false, () => store.head(chain)),
    heads: () => ports.call('log', false, () => store.heads()),
    onAppended: () => () => undefined,
    close: () => Promise.resolve(),
  };
}

/** A provider's answer that does not come back leaves whoever asked without one. */
export function channelThrough(ports: ProcessPorts, channel: Channel): Channel {
  const { claim } = channel;
  return {
    transport: channel.transport,
    deduplicatesForMs: channel.deduplicatesForMs,
    send: (chain, message) => ports.call('provider', true, () => channel.send(chain, message)),
    ...(claim && {
      claim: (chain, message) => ports.call('provider', true, () => claim.call(channel, chain, message)),
    }),
  };
}

export function queueThrough<Data extends JobData>(ports: ProcessPorts, queue: WorkQueue<Data>): WorkQueue<Data> {
  return {
    name: queue.name,
    add: (jobs) => ports.call('queue', true, () => queue.add(jobs)),
    process: (handler, options) => queue.process(handler, options),
    health: () => queue.health(),
    close: () => queue.close(),
  };
}
