import type { CommandRunner, Reads, StreamEvents } from '#libs/cqrs/src/command-runner.js';
import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import { derivedId, type Id } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import { type ClockStop, inGroups } from '#libs/messaging/src/proposals.contract.js';
import { diaryStream, TimeTaken } from '../diary/diary.events.js';
import { decideSlot } from '../slot/slot.decider.js';
import { type SlotEvent, slotIdOf, slotStream } from '../slot/slot.events.js';
import { type HeldTime, slotFold } from '../slot/slot.state.js';
import { consequences, proposals as proposalsOf } from '../slot/slot-messages.js';
import type { BookingNotes, ClaimedCourse } from './booking-notes.js';
import { MAINTENANCE_BOOKING } from './booking.reactor.js';
import type { FreeTimes } from './free-times.js';
import { loadSituation } from './load-situation.js';
import { nextStep, type Proposals, type Situation, type Step } from './next-step.js';
import { after, daysOf } from './slot-times.js';

const ACTOR = 'system:maintenance-booker';
/** Courses of one look; the next one comes by in a second. */
const BATCH = 200;
/** Of them, at a time. */
const CONCURRENCY = 8;
/** A look that finds so much to do in a row would find it for ever: release, release of another window, and hold. */
const STEPS_MAX = 6;
const MINUTE_MS = 60_000;
/** What nobody could decide on is left alone for a minute, then for twice as long each time, up to some hours. */
const POSTPONED_DOUBLINGS_MAX = 8;
const MINUTES_OF_HOUR = 60;

export interface MaintenanceBookerDependencies {
  readonly runner: CommandRunner;
  readonly chains: Pick<Chains, 'now' | 'all'>;
  readonly notes: BookingNotes;
  readonly freeTimes: FreeTimes;
  readonly log: { warn(fields: object, message: string): void };
}

/**
 * Proposes times for maintenance inside its window, and sees to it that each that is held comes to an end. Every effect is
 * a command under an id that follows from what it is about, decided from events that are guarded: any number of processes
 * may do it at once, and any of them again.
 */
export class MaintenanceBooker implements ClockStop {
  readonly works = [MAINTENANCE_BOOKING];

  constructor(private readonly deps: MaintenanceBookerDependencies) {}

  async sweepAll(): Promise<void> {
    for (const chain of await this.deps.chains.all()) await this.sweep(chain);
  }

  /** @returns how many courses were looked at: those whose time has come and nobody else looks at, at most `BATCH` */
  async sweep(chain: Chain): Promise<number> {
    const { chains, notes } = this.deps;
    const claimed = await notes.claim(chain, await chains.now(chain), BATCH);
    await inGroups(claimed, (course) => this.lookAt(chain, course), CONCURRENCY);
    return claimed.length;
  }

  outlook = (chain: Chain, until: Instant) => this.deps.notes.outlook(chain, until);

  work = (chain: Chain): Promise<number> => this.sweep(chain);

  /**
   * Does what is to be done now about the maintenance of a course.
   * @param lastSlotId the slot that was held last for it, in whatever window
   * @returns when it is to be looked at again; null: not until something happens
   */
  async look(chain: Chain, courseId: Id, lastSlotId: Id | null): Promise<Instant | null> {
    let now = await this.deps.chains.now(chain);
    for (let step = 0; step < STEPS_MAX; step += 1) {
      const situation = await loadSituation(this.peeking(chain, now), courseId, lastSlotId);
      if (!situation) return null;
      const next = nextStep(situation);
      if (next.kind === 'wait') return next.until;
      await this.take(chain, courseId, lastSlotId, situation, next);
      now = await this.deps.chains.now(chain);
    }
    return new Date(Date.parse(now) + MINUTE_MS).toISOString();
  }

  private async lookAt(chain: Chain, course: ClaimedCourse): Promise<void> {
    const { chains, notes, log } = this.deps;
    const { courseId, slotId, failures } = course;
    try {
      await notes.leave(chain, course, await this.look(chain, courseId, slotId));
    } catch (error) {
      // One that cannot be decided on now must not keep the others waiting.
      log.warn({ course: courseId, err: error }, 'the maintenance of a course could not be looked at');
      const minutes = 2 ** Math.min(failures, POSTPONED_DOUBLINGS_MAX);
      await notes.postpone(chain, courseId, after(await chains.now(chain), minutes));
    }
  }

  /** Takes a step, if it is still the one to take when everything that it follows from is guarded. */
  private async take(
    chain: Chain,
    courseId: Id,
    lastSlotId: Id | null,
    { course, window }: Situation,
    step: Exclude<Step, { kind: 'wait' }>,
  ): Promise<void> {
    const slotId = step.kind === 'release' ? step.slot.slotId : slotIdOf(courseId, window?.ordinal ?? 0, step.nth);
    const meta = { chain, commandId: derivedId(slotId, step.kind), actor: ACTOR };
    await this.deps.runner.run(
      meta,
      async (reads) => {
        const situation = await loadSituation(reads, courseId, lastSlotId);
        if (!situation) return [];
        const next = nextStep(situation);
        if (!isSame(step, next)) return [];
        switch (next.kind) {
          case 'release':
            return this.release(reads, next);
          case 'exhaust':
            return exhausted(reads, situation, next);
          case 'propose':
            return this.propose(reads, situation, next);
          case 'wait':
            return [];
        }
      },
      { site: course.siteId },
    );
  }

  private async release(reads: Reads, { slot, reason }: Extract<Step, { kind: 'release' }>): Promise<StreamEvents[]> {
    const stream = slotStream(slot.slotId);
    const { state } = await reads.load(stream, slotFold);
    const events = decideSlot({ kind: 'release', reason }, state, reads.now);
    return [{ stream, events }, ...(await consequences(reads, slot, events))];
  }

  private async propose(
    reads: Reads,
    situation: Situation,
    { nth, proposals }: Extract<Step, { kind: 'propose' }>,
  ): Promise<StreamEvents[]> {
    const slot = await this.timeFor(reads, situation, nth, proposals);
    if (!slot) return exhausted(reads, situation, { kind: 'exhaust', nth, reason: 'no-free-time' });
    const { slotId, siteId, at, durationMinutes } = slot;
    const stream = slotStream(slotId);
    const { state } = await reads.load(stream, slotFold);
    const events = decideSlot({ kind: 'hold', slot }, state, reads.now);
    if (events.length === 0) return [];
    const date = at.wall.slice(0, 10);
    const taken = { siteId, date, slotId, from: at.instant, to: after(at.instant, durationMinutes) };
    return [
      { stream, events },
      { stream: diaryStream(siteId, date), events: [TimeTaken(occurredNow(reads.now), taken)] },
      ...proposalsOf(slot, reads.now, situation.protocol.maintenance.facts),
    ];
  }

  /** The time to hold; undefined where none is free. It comes after the end of the hold: who is asked has time to answer. */
  private async timeFor(
    reads: Reads,
    { course, protocol, site, window, slots, now }: Situation,
    nth: number,
    { capacity, holdHours, confirmedBy }: Proposals,
  ): Promise<HeldTime | undefined> {
    const { openingHours, timeZone: zone, siteId } = site;
    if (!window || !openingHours) return undefined;
    const heldUntil = after(now, holdHours * MINUTES_OF_HOUR);
    const minutes = protocol.durationMinutes.max;
    const except = slots.flatMap((each) => ('slot' in each ? [each.slot.at.wall.slice(0, 10)] : []));
    const days = daysOf({ window, course, protocol, zone, notBefore: heldUntil, except });
    const wish = { siteId, zone, days, openingHours, minutes, capacity, notBefore: heldUntil };
    const at = await this.deps.freeTimes.first(reads, wish);
    if (!at) return undefined;
    const { courseId, patientId } = course;
    const { ordinal } = window;
    return {
      ...{ slotId: slotIdOf(courseId, ordinal, nth), courseId, patientId, siteId, ordinal, try: nth, at },
      ...{ durationMinutes: minutes, heldUntil, confirmedBy },
    };
  }

  /** Reads without a guard: what is seen is only the reason to decide. */
  private peeking(chain: Chain, now: Instant): Reads {
    const { runner } = this.deps;
    return {
      ...{ chain, now },
      load: (stream, fold) => runner.read(chain, stream, fold),
      events: (stream) => runner.events(chain, stream),
    };
  }
}

/** Whether two looks came to the same. */
function isSame(step: Step, other: Step): boolean {
  if (step.kind === 'release' && other.kind === 'release') return step.slot.slotId === other.slot.slotId;
  if (step.kind === 'exhaust' && other.kind === 'exhaust') return step.nth === other.nth;
  return step.kind === 'propose' && other.kind === 'propose' && step.nth === other.nth;
}

async function exhausted(
  reads: Reads,
  { course, window, site, slots }: Situation,
  { nth, reason }: Extract<Step, { kind: 'exhaust' }>,
): Promise<StreamEvents[]> {
  if (!window) return [];
  const { courseId, patientId } = course;
  const slotId = slotIdOf(courseId, window.ordinal, nth);
  const stream = slotStream(slotId);
  const { state } = await reads.load(stream, slotFold);
  const of = { slotId, courseId, patientId, siteId: site.siteId, ordinal: window.ordinal };
  const events: SlotEvent[] = decideSlot(
    { kind: 'exhaust', exhausted: { ...of, tries: slots.length, reason } },
    state,
    reads.now,
  );
  return [{ stream, events }];
}
