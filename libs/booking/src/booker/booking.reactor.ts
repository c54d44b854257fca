import type { CommandRunner, Reads } from '#libs/cqrs/src/command-runner.js';
import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import { NotFound } from '#libs/kernel/src/errors.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { LocalDate } from '#libs/kernel/src/zoned-time.js';
import {
  inGroups,
  messageFold,
  MessageReplied,
  messageStream,
  type SlotAnswers,
} from '#libs/messaging/src/proposals.contract.js';
import type { Reactor, SealedEvent } from '#libs/projections/src/projection.js';
import {
  ConsentWithdrawn,
  CONTACT_EVENTS,
  CourseEntryRetracted,
  CoursePlannedCorrected,
  loadPerson,
  MaintenanceDeclined,
  MaintenanceResumed,
  PatientContactPreferenceChanged,
  SessionPerformed,
  SessionPerformedCorrected,
  SiteOpeningHoursSet,
  SiteRecallRulesSet,
} from '#libs/treatment/src/booking.contract.js';
import {
  COURSE_EVENTS,
  courseFold,
  courseStream,
  MaintenanceProposed,
  PatientDied,
  PatientDiedCorrected,
  PatientEntryRetracted,
  PatientErased,
  PatientLinked,
  PatientMovedAway,
  PatientMovedAwayCorrected,
  PatientRegistered,
  PatientRegisteredCorrected,
  PatientReturned,
  PatientReturnedCorrected,
  PatientUnlinked,
  type RecallRules,
} from '#libs/treatment/src/streams.contract.js';
import { SLOT_EVENTS, SlotHeld } from '../slot/slot.events.js';
import type { BookingNotes, NotedWindow } from './booking-notes.js';

/** Name and version of the reactor's checkpoints. */
export const MAINTENANCE_BOOKING = { name: 'maintenance_booking', version: 1 } as const;

const typesOf = (types: readonly { readonly type: string }[]): string[] => types.map(({ type }) => type);

const OF_COURSES: ReadonlySet<string> = new Set(typesOf([...COURSE_EVENTS, ...SLOT_EVENTS]));
const SITE_TYPES: ReadonlySet<string> = new Set(typesOf([SiteOpeningHoursSet, SiteRecallRulesSet]));

/** What says whether, and how, a person is to be asked. */
const PERSON_TYPES: ReadonlySet<string> = new Set(
  typesOf([
    ...[PatientRegistered, PatientRegisteredCorrected, PatientContactPreferenceChanged, PatientEntryRetracted],
    ...[PatientDied, PatientMovedAway, PatientReturned, PatientLinked, PatientUnlinked],
    ...[PatientDiedCorrected, PatientMovedAwayCorrected, PatientReturnedCorrected],
    ...[PatientErased, ConsentWithdrawn, ...CONTACT_EVENTS],
  ]),
);

/** By which one course of a person can end, or bring back, the maintenance of another. */
const RHYTHM_TYPES: ReadonlySet<string> = new Set(
  typesOf([
    ...[SessionPerformed, SessionPerformedCorrected, CoursePlannedCorrected, CourseEntryRetracted],
    ...[MaintenanceDeclined, MaintenanceResumed],
  ]),
);

const MEANINGS = { confirm: 'confirm', cancel: 'cancel', stop: 'stop' } as const;

export interface BookingReactorDependencies {
  readonly runner: CommandRunner;
  readonly chains: Pick<Chains, 'now'>;
  readonly notes: BookingNotes;
  readonly slots: SlotAnswers;
}

/**
 * Wakes the courses to which something has happened, for the booker to look at, and takes what patients answer to a time
 * that was proposed.
 */
export class BookingReactor implements Reactor {
  readonly name = MAINTENANCE_BOOKING.name;
  readonly version = MAINTENANCE_BOOKING.version;
  readonly types: ReadonlySet<string> = new Set([
    ...[...OF_COURSES, ...PERSON_TYPES, ...SITE_TYPES],
    MessageReplied.type,
  ]);

  constructor(private readonly deps: BookingReactorDependencies) {}

  async react(chain: Chain, events: readonly SealedEvent[]): Promise<void> {
    const { notes, chains } = this.deps;
    const now = await chains.now(chain);
    await notes.noteWindows(chain, await this.windows(chain, events), now);
    await notes.noteSites(chain, proposingSites(events));
    await notes.noteSlots(chain, heldSlots(events));
    if (await notes.isBusy(chain)) {
      const courses = idsIn(events, OF_COURSES, 'courseId');
      const sites = idsIn(events, SITE_TYPES, 'siteId');
      await notes.wake(chain, { courses, sites, patients: await this.persons(chain, events) }, now);
    }
    for (const event of events) if (event.type === MessageReplied.type) await this.answered(chain, event);
  }

  private async windows(chain: Chain, events: readonly SealedEvent[]): Promise<NotedWindow[]> {
    const proposed = new Map(
      events
        .filter(({ type }) => type === MaintenanceProposed.type)
        .map(({ data, header }) => {
          const { courseId, patientId, closes } = data as { courseId: Id; patientId: Id; closes: LocalDate };
          return [courseId, { courseId, patientId, closes, siteId: header.site }] as const;
        }),
    );
    const windows = await inGroups([...proposed.values()], async ({ siteId, ...window }) => {
      const at = siteId ?? (await this.siteOf(chain, window.courseId));
      return at === undefined ? [] : [{ ...window, siteId: at }];
    });
    return windows.flat();
  }

  private async siteOf(chain: Chain, courseId: Id): Promise<Id | undefined> {
    const { state } = await this.deps.runner.read(chain, courseStream(courseId), courseFold);
    return state.status === 'none' ? undefined : state.siteId;
  }

  /** Everybody about whom a page says something, under all their registrations. */
  private async persons(chain: Chain, events: readonly SealedEvent[]): Promise<Id[]> {
    const named = events
      .filter(({ type }) => PERSON_TYPES.has(type) || RHYTHM_TYPES.has(type))
      .flatMap(({ data }) => {
        const { patientId, otherPatientId } = data as { patientId: Id; otherPatientId?: Id };
        return otherPatientId === undefined ? [patientId] : [patientId, otherPatientId];
      });
    const ids = [...new Set(named)];
    const read: Pick<Reads, 'load'> = { load: (stream, fold) => this.deps.runner.read(chain, stream, fold) };
    const persons = await inGroups(ids, async (id) => {
      try {
        const { patients } = await loadPerson(read, id);
        return patients.map(({ patientId }) => patientId);
      } catch (error) {
        // A history may name somebody whom it never registers.
        if (error instanceof NotFound) return [];
        throw error;
      }
    });
    return [...new Set([...ids, ...persons.flat()])];
  }

  private async answered(chain: Chain, { data }: SealedEvent): Promise<void> {
    const { messageId, meaning } = data as { messageId: Id; meaning: string };
    const answer = MEANINGS[meaning as keyof typeof MEANINGS];
    if (answer === undefined) return;
    const { state } = await this.deps.runner.read(chain, messageStream(messageId), messageFold);
    if (state.status === 'none' || state.planned.cause.kind !== 'maintenance-slot') return;
    await this.deps.slots.answer(chain, state.planned.cause.slotId, answer);
  }
}

function idsIn(events: readonly SealedEvent[], types: ReadonlySet<string>, field: 'courseId' | 'siteId'): Id[] {
  const ids = events
    .filter(({ type }) => types.has(type))
    .flatMap(({ data }) => (data as Partial<Record<typeof field, Id>>)[field] ?? []);
  return [...new Set(ids)];
}

/** Whether each site proposes times, as it said last. */
const proposingSites = (events: readonly SealedEvent[]): Map<Id, boolean> =>
  new Map(
    events
      .filter(({ type }) => type === SiteRecallRulesSet.type)
      .map(({ data }) => {
        const { siteId, rules } = data as { siteId: Id; rules: RecallRules };
        return [siteId, rules.proposals !== null] as const;
      }),
  );

const heldSlots = (events: readonly SealedEvent[]): Map<Id, Id> =>
  new Map(
    events
      .filter(({ type }) => type === SlotHeld.type)
      .map(({ data }) => {
        const { courseId, slotId } = data as { courseId: Id; slotId: Id };
        return [courseId, slotId] as const;
      }),
  );
