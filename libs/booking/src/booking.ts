import type { Engine } from '#libs/engine/src/engine.js';
import { join } from 'node:path';
import { References } from '#libs/cqrs/src/references.js';
import type { Database } from '#libs/database/src/database.js';
import { migrate } from '#libs/database/src/migrations.js';
import { Ticker } from '#libs/messaging/src/proposals.contract.js';
import type { Projection, Reactor } from '#libs/projections/src/projection.js';
import { BookingNotes } from './booker/booking-notes.js';
import { BookingReactor } from './booker/booking.reactor.js';
import { FreeTimes, SiteDaySessions } from './booker/free-times.js';
import { MaintenanceBooker } from './booker/maintenance-booker.js';
import { SlotService } from './slot/slot.service.js';
import { slotsProjection } from './slots/slots.projection.js';

/** Makes or brings up to date the tables of booking. */
export const migrateBooking = (db: Database): Promise<string[]> =>
  migrate(db, { name: 'booking', folder: join(import.meta.dirname, 'migrations') });

/** What booking stands on. */
export type BookingEngine = Pick<Engine, 'db' | 'chains' | 'codes' | 'runner'>;

/** Booking in any process, whether it proposes times or only answers about them. */
export interface Booking {
  /** To be run with the other projections of the deployment. */
  readonly works: readonly (Projection | Reactor)[];
  readonly slots: SlotService;
  readonly booker: MaintenanceBooker;
}

/** Brings the tables up to date and puts the parts together. Nothing runs yet. */
export async function openBooking(
  { db, chains, codes, runner }: BookingEngine,
  log: { warn(fields: object, message: string): void },
): Promise<Booking> {
  await migrateBooking(db);
  const notes = new BookingNotes(db);
  const slots = new SlotService(runner, new References(codes));
  const freeTimes = new FreeTimes(runner, new SiteDaySessions(db));
  return {
    works: [new BookingReactor({ runner, chains, notes, slots }), slotsProjection],
    slots,
    booker: new MaintenanceBooker({ runner, chains, notes, freeTimes, log }),
  };
}

/** Rows that move one after the other make one look. */
const HINT_DELAY_MS = 200;

/** What of booking runs by itself. */
export class BookingWorkers {
  private readonly ticker: Ticker;
  private unsubscribe: (() => void) | undefined;

  constructor(
    private readonly deps: {
      readonly booker: Pick<MaintenanceBooker, 'sweepAll'>;
      readonly projections: { onMoved(callback: () => void): () => void };
      readonly log: { warn(fields: object, message: string): void };
    },
    everyMs: number,
  ) {
    this.ticker = new Ticker('proposing times', everyMs, () => deps.booker.sweepAll(), deps.log);
  }

  start(): void {
    this.ticker.start();
    this.unsubscribe = this.deps.projections.onMoved(() => this.ticker.soon(HINT_DELAY_MS));
  }

  /** Waits for what is under way. What was not done is found again at the next start. */
  async stop(): Promise<void> {
    this.unsubscribe?.();
    await this.ticker.stop();
  }
}
