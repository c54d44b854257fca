import { changesHistory, effectiveHistory } from '#libs/event-store/src/correction.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { type Instant, localDateAt, type LocalDate } from '#libs/kernel/src/zoned-time.js';
import { patientStream, REGISTRATIONS_MAX } from '#libs/treatment/src/streams.contract.js';
import { again, NEVER, type Told } from './told.js';

/** What of a person's streams says whether they may still be written to. */
export interface PersonStanding {
  /** The first day on which the person had died, or moved away, by any registration; undefined where none says so. */
  readonly diedOn: LocalDate | undefined;
  readonly movedAwayOn: LocalDate | undefined;
  /** Erased under any registration: nothing is to be told any more, ever. */
  readonly isErased: boolean;
  /**
   * How often the person had been gone and was not any more, and when last: what is still to come is told again. Counted
   * from one event to the next, by the registrations that were linked at each, so that it never falls.
   */
  readonly back: Told;
  /** How often it turned out that the person had not died: what follows from sessions performed is told again, too. */
  readonly alive: Told;
  /** Which other registrations were linked, from each link and unlink on; empty where none ever was. */
  readonly linked: readonly Linked[];
}

export interface Linked {
  readonly position: number;
  readonly recordedAt: Instant;
  /** The person's registrations, the patient's own included. */
  readonly registrations: ReadonlySet<Id>;
}

export const HERE: PersonStanding = {
  diedOn: undefined,
  movedAwayOn: undefined,
  isErased: false,
  back: NEVER,
  alive: NEVER,
  linked: [],
};

export type Gone = 'patient-erased' | 'patient-died' | 'patient-moved-away';

/** Why the person is gone on the day that it is at an instant; undefined while they are not. */
export function goneAt(
  { isErased, diedOn, movedAwayOn }: Pick<PersonStanding, 'isErased' | 'diedOn' | 'movedAwayOn'>,
  at: Instant,
  zone: string,
): Gone | undefined {
  if (isErased) return 'patient-erased';
  const today = localDateAt(at, zone);
  if (diedOn !== undefined && diedOn <= today) return 'patient-died';
  return movedAwayOn !== undefined && movedAwayOn <= today ? 'patient-moved-away' : undefined;
}

type Events = readonly RecordedEvent[];

/** No person has so many registrations, those included that were linked with theirs by mistake. */
const EVER_LINKED_MAX = 10 * REGISTRATIONS_MAX;

/**
 * The events of all registrations that are, or ever were, linked with one, as they were recorded, in the order of their
 * positions: how the person stood at a moment follows from those that were linked then.
 * @param read a stream's events, corrections beside what they change
 */
export async function readPerson(read: (stream: string) => Promise<Events>, patientId: Id): Promise<Events> {
  const seen = new Set([patientId]);
  const all: RecordedEvent[] = [];
  let next = [patientId];
  while (next.length > 0 && seen.size <= EVER_LINKED_MAX) {
    const streams = await Promise.all(next.map((id) => read(patientStream(id))));
    all.push(...streams.flat());
    next = [...new Set(streams.flatMap(everLinked))].filter((id) => !seen.has(id));
    for (const id of next) seen.add(id);
  }
  return all.sort((a, b) => a.position - b.position);
}

const everLinked = (events: Events): Id[] =>
  events
    .filter(({ type }) => type === 'PatientLinked')
    .map(({ data }) => (data as { otherPatientId: Id }).otherPatientId);

const OF_THE_END: ReadonlySet<string> = new Set([
  'PatientDied',
  'PatientMovedAway',
  'PatientReturned',
  'PatientErased',
]);
const OF_LINKS: ReadonlySet<string> = new Set(['PatientLinked', 'PatientUnlinked']);

/**
 * How a person stands by all that is on record of them, step by step as it was recorded: a link, and its end, are steps
 * like a death.
 * @param events those of all registrations that were ever linked with the patient's, in the order of their positions
 * @param zone the dates of which count: that of the course's site
 */
export function personStanding(events: Events, patientId: Id, zone: string): PersonStanding {
  const moving = events.filter(({ type }) => OF_THE_END.has(type) || OF_LINKS.has(type) || changesHistory(type));
  let standing = HERE;
  moving.forEach(({ position, recordedAt }, n) => {
    const { registrations, ...days } = daysOf(effectiveHistory(moving.slice(0, n + 1)), patientId);
    const isLinked = registrations.size > 1 || standing.linked.length > 0;
    const [before, after] = [goneAt(standing, recordedAt, zone), goneAt(days, recordedAt, zone)];
    const isBack = before !== undefined && after === undefined;
    const isAlive = before === 'patient-died' && after !== 'patient-died' && after !== 'patient-erased';
    standing = {
      ...days,
      back: isBack ? again(standing.back, recordedAt) : standing.back,
      alive: isAlive ? again(standing.alive, recordedAt) : standing.alive,
      linked: isLinked ? [...standing.linked, { position, recordedAt, registrations }] : [],
    };
  });
  return standing;
}

type Days = Pick<PersonStanding, 'isErased' | 'diedOn' | 'movedAwayOn'> & Pick<Linked, 'registrations'>;

function daysOf(events: Events, patientId: Id): Days {
  const died = new Map<Id, LocalDate>();
  const movedAway = new Map<Id, LocalDate>();
  const erased = new Set<Id>();
  const links = new Map<Id, Map<Id, Id>>();
  for (const { type, data } of events) {
    const { patientId: id, on, linkId, otherPatientId } = data as Moving;
    if (type === 'PatientDied') died.set(id, on);
    if (type === 'PatientMovedAway') movedAway.set(id, on);
    if (type === 'PatientReturned') movedAway.delete(id);
    if (type === 'PatientErased') erased.add(id);
    if (type === 'PatientLinked') links.set(id, (links.get(id) ?? new Map<Id, Id>()).set(linkId, otherPatientId));
    if (type === 'PatientUnlinked') links.get(id)?.delete(linkId);
  }
  const registrations = registrationsOf(links, patientId);
  const first = (days: ReadonlyMap<Id, LocalDate>) => [...registrations].flatMap((id) => days.get(id) ?? []).sort()[0];
  const isErased = [...registrations].some((id) => erased.has(id));
  return { isErased, diedOn: first(died), movedAwayOn: first(movedAway), registrations };
}

interface Moving {
  readonly patientId: Id;
  readonly on: LocalDate;
  readonly linkId: Id;
  readonly otherPatientId: Id;
}

/** The registrations that are linked with one, itself included. */
function registrationsOf(links: ReadonlyMap<Id, ReadonlyMap<Id, Id>>, patientId: Id): ReadonlySet<Id> {
  const seen = new Set([patientId]);
  for (const id of seen) {
    for (const other of links.get(id)?.values() ?? []) if (seen.size < REGISTRATIONS_MAX) seen.add(other);
  }
  return seen;
}

/** The registrations that are, or were, linked with a patient's, that one first. */
export const everLinkedWith = (patientId: Id, { linked }: Pick<PersonStanding, 'linked'>): readonly Id[] => [
  ...new Set([patientId, ...linked.flatMap(({ registrations }) => [...registrations])]),
];
