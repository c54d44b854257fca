import type { NewEvent } from '../../libs/event-store/src/event-type.js';
import { FreeTimes, type SiteSession } from '../../libs/booking/src/booker/free-times.js';
import { MaintenanceBooker } from '../../libs/booking/src/booker/maintenance-booker.js';
import { type SlotEvent, slotStream } from '../../libs/booking/src/slot/slot.events.js';
import { SlotService } from '../../libs/booking/src/slot/slot.service.js';
import { evolve as evolveSlot, isOpen, slotFold, type SlotState } from '../../libs/booking/src/slot/slot.state.js';
import type { CommandRunner } from '../../libs/cqrs/src/command-runner.js';
import { References } from '../../libs/cqrs/src/references.js';
import { derivedId, type Id } from '../../libs/kernel/src/ids.js';
import { occurredNow } from '../../libs/kernel/src/occurred.js';
import { facial } from '../../libs/protocols/src/built-in/facial.protocol.js';
import { courseWindow } from '../../libs/treatment/src/course/course-maintenance.js';
import { MaintenanceProposed, courseStream } from '../../libs/treatment/src/course/course.events.js';
import { courseFold, type PlannedCourse } from '../../libs/treatment/src/course/course.state.js';
import {
  type OpeningHours,
  type RecallRules,
  SiteOpeningHoursSet,
  SiteRecallRulesSet,
  SiteRegistered,
  siteStream,
} from '../../libs/treatment/src/site/site.events.js';
import { MemoryClinic } from './memory-clinic.js';
import { recipient } from './test-messaging.js';
import type { StreamOfEvents } from './test-engine.js';
import { CourseHistory, practitioner } from './treatment-history.js';

const SITE: Id = '0199a000-0000-7000-8000-0000000000a1';
const PRACTITIONER: Id = '0199a000-0000-7000-8000-0000000000a2';

type Proposals = NonNullable<RecallRules['proposals']>;

/** Monday to Friday, the same every day. */
export function weekdays(...spans: readonly { readonly from: string; readonly to: string }[]): OpeningHours {
  const open = [...spans];
  const week = { monday: open, tuesday: open, wednesday: open, thursday: open, friday: open };
  return { weekly: { ...week, saturday: [], sunday: [] }, closedOn: [] };
}

export interface BookingClinicOptions {
  /** The chain's present time; by then every course is over, and its window is some weeks ahead. */
  readonly now?: string;
  readonly zone?: string;
  readonly openingHours?: OpeningHours;
  readonly proposals?: Partial<Proposals>;
  readonly cap?: RecallRules['cap'];
  /** What staff booked beside it, by day. */
  readonly sessions?: ReadonlyMap<string, SiteSession[]>;
  /** Stands between the booker and the log. */
  readonly runnerOf?: (clinic: MemoryClinic) => CommandRunner;
}

/** A clinic in memory that proposes times for maintenance, with the real booker over the real command runner. */
export class BookingClinic {
  readonly clinic: MemoryClinic;
  readonly booker: MaintenanceBooker;
  readonly slots: SlotService;
  private patients = 0;
  private readonly zone: string;

  constructor(private readonly options: BookingClinicOptions = {}) {
    this.clinic = new MemoryClinic(options.now ?? '2026-03-16T10:00:00.000Z');
    this.zone = options.zone ?? 'Europe/Istanbul';
    const runner = options.runnerOf?.(this.clinic) ?? this.clinic.runner;
    const sessions = { booked: () => Promise.resolve(options.sessions ?? new Map()) };
    const chains = { now: () => Promise.resolve(this.clinic.now), all: () => Promise.resolve([this.clinic.chain]) };
    this.slots = new SlotService(runner, new References({} as never));
    this.booker = new MaintenanceBooker({
      ...{ runner, chains, notes: {} as never, log: { warn: () => undefined } },
      freeTimes: new FreeTimes(runner, sessions),
    });
  }

  /** The site with its rules, and somebody who treats. */
  async open(): Promise<this> {
    await this.clinic.publishFacial();
    const at = occurredNow('2025-01-01T00:00:00.000Z');
    const data = { siteId: SITE, name: 'IST', timeZone: this.zone, language: 'tr', quietHours: QUIET };
    await this.append(
      { stream: siteStream(SITE), events: [SiteRegistered(at, data)] },
      practitioner({ id: PRACTITIONER }),
    );
    await this.setHours(this.options.openingHours ?? weekdays({ from: '09:00', to: '18:00' }));
    await this.setRules(this.options.proposals ?? {});
    return this;
  }

  setHours(openingHours: OpeningHours): Promise<void> {
    const event = SiteOpeningHoursSet(occurredNow(this.clinic.now), { siteId: SITE, openingHours });
    return this.append({ stream: siteStream(SITE), events: [event] });
  }

  setRules(proposals: Partial<Proposals> | null): Promise<void> {
    const all = { capacity: 1, leadDays: 14, holdHours: 48, triesMax: 3, confirmedBy: 'patient' as const };
    const rules = { cap: this.options.cap ?? null, proposals: proposals && { ...all, ...proposals } };
    return this.append({
      stream: siteStream(SITE),
      events: [SiteRecallRulesSet(occurredNow(this.clinic.now), { siteId: SITE, rules })],
    });
  }

  /**
   * A patient whose course was completed, and whose window was proposed.
   * @param performed wall times of its sessions; the window follows from them
   */
  async patient(performed = SESSIONS, options: Parameters<typeof recipient>[1] = {}): Promise<CourseHistory> {
    this.patients += 1;
    const patient = derivedId(SITE, `patient ${this.patients}`);
    const id = derivedId(SITE, `course ${this.patients}`);
    const of = { site: SITE, patient, practitioner: PRACTITIONER };
    const course = new CourseHistory(of, {
      id,
      end: 'completed',
      plannedAt: '2025-12-20T10:00',
      consentOn: '2025-12-20',
    });
    for (const wall of performed) course.performed(wall, { zone: this.zone });
    await this.append(recipient(patient, options), ...course.streams());
    await this.propose(id);
    return course;
  }

  /** What the planner does where the window of a course is another than the one that was proposed. */
  async propose(courseId: Id): Promise<void> {
    const course = await this.course(courseId);
    const window = courseWindow(course, facial);
    const { proposal, patientId } = course;
    if (!window || (proposal?.opens === window.opens && proposal.closes === window.closes)) return;
    const { opens, closes } = window;
    const proposed = { courseId, patientId, ordinal: (proposal?.ordinal ?? 0) + 1, opens, closes };
    await this.append({
      stream: courseStream(courseId),
      events: [MaintenanceProposed(occurredNow(this.clinic.now), proposed)],
    });
  }

  async course(courseId: Id): Promise<PlannedCourse> {
    const { state } = await this.clinic.runner.read(this.clinic.chain, courseStream(courseId), courseFold);
    if (state.status === 'none') throw new Error('The course was never planned');
    return state;
  }

  async append(...streams: readonly StreamOfEvents[]): Promise<void> {
    for (const { stream, events } of streams) {
      const expectedRevision = 'any' as const;
      await this.clinic.runner.run(this.clinic.meta(), () => Promise.resolve([{ stream, expectedRevision, events }]));
    }
  }

  /** One look of a worker at a course. @returns when it is to be looked at again */
  look(courseId: Id): Promise<string | null> {
    return this.booker.look(this.clinic.chain, courseId, this.lastHeld(courseId)?.slotId ?? null);
  }

  /** Until so many hours later, looking whenever something falls due. */
  async lookOn(courseId: Id, hours: number): Promise<void> {
    const until = hoursAfter(this.clinic.now, hours);
    for (;;) {
      const next = await this.look(courseId);
      if (next === null || next > until) break;
      if (next > this.clinic.now) this.clinic.now = next;
    }
    this.clinic.now = until;
  }

  /** What was held last for a course. */
  lastHeld = (courseId: Id) => this.held().findLast((each) => each.courseId === courseId);

  held = () => this.slotEvents('SlotHeld');

  slotEvents<Type extends SlotEvent['type']>(type: Type) {
    type Data = Extract<SlotEvent, { type: Type }>['data'];
    return this.clinic.eventsOf('slot').flatMap((event) => (event.type === type ? [event.data as Data] : []));
  }

  slot = async (slotId: Id): Promise<SlotState> =>
    (await this.clinic.runner.read(this.clinic.chain, slotStream(slotId), slotFold)).state;

  /** Every slot as the log has it. */
  states(): SlotState[] {
    const states = new Map<Id, SlotState>();
    for (const { type, data, stream } of this.clinic.eventsOf('slot')) {
      const event = { type, data } as unknown as SlotEvent;
      states.set(stream, evolveSlot(states.get(stream) ?? slotFold.initial, event));
    }
    return [...states.values()];
  }

  openSlots = () => this.states().filter(isOpen);

  /** The events of one type, in whatever streams. */
  eventsOf = (type: NewEvent['type']) => this.clinic.log.filter((event) => event.type === type).map(({ data }) => data);
}

const QUIET = { from: '21:00', to: '08:00' };
/** The window of `facial` opens three months after the first of them. */
const SESSIONS = ['2026-01-05T10:00', '2026-01-19T10:00', '2026-02-02T10:00', '2026-02-16T10:00'];

export const SITE_ID = SITE;
export const PRACTITIONER_ID = PRACTITIONER;

export const hoursAfter = (instant: string, hours: number): string =>
  new Date(Date.parse(instant) + hours * 3_600_000).toISOString();
