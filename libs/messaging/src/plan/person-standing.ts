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
  /** How often the person had been gone and was not any more, and when last: what is still to come is told again. */
  readonly back: Told;
  /** How often it turned out that the person had not died: what follows from sessions performed is told again, too. */
  readonly alive: Told;
}

export const HERE: PersonStanding = { diedOn: undefined, movedAwayOn: undefined, back: NEVER, alive: NEVER };

export type Gone = 'patient-died' | 'patient-moved-away';

/** Why the person is gone on the day that it is at an instant; undefined while they are not. */
export function goneAt(
  { diedOn, movedAwayOn }: Pick<PersonStanding, 'diedOn' | 'movedAwayOn'>,
  at: Instant,
  zone: string,
): Gone | undefined {
  const today = localDateAt(at, zone);
  if (diedOn !== undefined && diedOn <= today) return 'patient-died';
  return movedAwayOn !== undefined && movedAwayOn <= today ? 'patient-moved-away' : undefined;
}

type Events = readonly RecordedEvent[];

/**
 * The events of all registrations that are linked with one, as they were recorded, in the order of their positions.
 * @param read a stream's events, corrections beside what they change
 */
export async function readPerson(read: (stream: string) => Promise<Events>, patientId: Id): Promise<Events> {
  const seen = new Set([patientId]);
  const all: RecordedEvent[] = [];
  let next = [patientId];
  while (next.length > 0 && seen.size <= REGISTRATIONS_MAX) {
    const streams = await Promise.all(next.map((id) => read(patientStream(id))));
    all.push(...streams.flat());
    next = streams.flatMap(linkedWith).filter((id) => !seen.has(id));
    for (const id of next) seen.add(id);
    next = [...new Set(next)];
  }
  return all.sort((a, b) => a.position - b.position);
}

/** The other registrations that the links of a stream name. */
function linkedWith(events: Events): Id[] {
  const links = new Map<Id, Id>();
  for (const { type, data } of effectiveHistory(events)) {
    const { linkId, otherPatientId } = data as { linkId: Id; otherPatientId: Id };
    if (type === 'PatientLinked') links.set(linkId, otherPatientId);
    if (type === 'PatientUnlinked') links.delete(linkId);
  }
  return [...links.values()];
}

const OF_THE_END: ReadonlySet<string> = new Set(['PatientDied', 'PatientMovedAway', 'PatientReturned']);

/**
 * How a person stands by all that is on record.
 * @param zone the dates of which count: that of the course's site
 */
export function personStanding(events: Events, zone: string): PersonStanding {
  const moving = events.filter(({ type }) => OF_THE_END.has(type) || changesHistory(type));
  let standing = HERE;
  for (const { position, recordedAt } of moving) {
    const days = daysOf(effectiveHistory(events.filter((event) => event.position <= position)));
    const [before, after] = [goneAt(standing, recordedAt, zone), goneAt(days, recordedAt, zone)];
    const isBack = before !== undefined && after === undefined;
    const isAlive = before === 'patient-died' && after !== 'patient-died';
    standing = {
      ...days,
      back: isBack ? again(standing.back, recordedAt) : standing.back,
      alive: isAlive ? again(standing.alive, recordedAt) : standing.alive,
    };
  }
  return standing;
}

function daysOf(events: readonly RecordedEvent[]): Pick<PersonStanding, 'diedOn' | 'movedAwayOn'> {
  const died = new Map<Id, LocalDate>();
  const movedAway = new Map<Id, LocalDate>();
  for (const { type, data } of events) {
    const { patientId, on } = data as { patientId: Id; on: LocalDate };
    if (type === 'PatientDied') died.set(patientId, on);
    if (type === 'PatientMovedAway') movedAway.set(patientId, on);
    if (type === 'PatientReturned') movedAway.delete(patientId);
  }
  const first = (days: ReadonlyMap<Id, LocalDate>) => [...days.values()].sort()[0];
  return { diedOn: first(died), movedAwayOn: first(movedAway) };
}
