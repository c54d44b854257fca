import type { Queryable } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { assertNever } from '#libs/kernel/src/assert-never.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { LocalDate } from '#libs/kernel/src/zoned-time.js';
import type { SealedEvent } from '#libs/projections/src/projection.js';
import {
  PatientDied,
  PatientDiedCorrected,
  PatientEntryRetracted,
  PatientLinked,
  PatientMovedAway,
  PatientMovedAwayCorrected,
  PatientReturned,
  PatientReturnedCorrected,
  PatientUnlinked,
} from '../../patient/patient.events.js';
import type { TreatmentEvent } from '../../treatment.event-types.js';
import { REGISTRATIONS_MAX } from '../../patient/person.js';

/** What one registration says about the end of its person, and with which others it is linked. */
interface Registration {
  readonly diedOn: LocalDate | null;
  readonly movedAwayOn: LocalDate | null;
  readonly links: readonly { readonly linkId: Id; readonly otherPatientId: Id }[];
}

const UNKNOWN: Registration = { diedOn: null, movedAwayOn: null, links: [] };

const OF_THE_END = [PatientDied, PatientMovedAway, PatientReturned, PatientLinked, PatientUnlinked] as const;
const CORRECTIONS = [
  PatientDiedCorrected,
  PatientMovedAwayCorrected,
  PatientReturnedCorrected,
  PatientEntryRetracted,
] as const;
export const PERSON_END_TYPES: readonly string[] = [...OF_THE_END, ...CORRECTIONS].map(({ type }) => type);

type EndEvent = Extract<SealedEvent<TreatmentEvent>, { type: (typeof OF_THE_END)[number]['type'] }>;
const FOLDED: ReadonlySet<string> = new Set(OF_THE_END.map(({ type }) => type));
const isEndEvent = (event: SealedEvent): event is EndEvent => FOLDED.has(event.type);
const WANTED = new Set(PERSON_END_TYPES);

/** Patients of whom there is something to say; most have no row. */
export const PERSON_ENDS_DDL = `
  create table person_end (
    chain integer not null,
    id uuid not null,
    -- What the patient's own stream says.
    state json not null,
    -- The first day on which the person had died or moved away, by any registration that is linked; null: neither.
    ends_on date,
    -- All that are linked with it, itself included, in their order: the first names the person.
    registrations uuid[] not null,
    primary key (chain, id)
  );`;

/**
 * When persons died or moved away. What one registration says holds for all that are linked with it, so that a page
 * looks at every registration that can be reached from those it is about, before its events and after them.
 */
export class PersonEnds {
  /** @returns every registration that may belong to another person now than before, or that the page is about */
  async apply(tx: Queryable, chain: Chain, page: readonly SealedEvent[]): Promise<ReadonlySet<Id>> {
    const events = page.filter(({ type }) => WANTED.has(type));
    if (events.length === 0) return new Set();
    const patientIds = [...new Set(events.map(({ data }) => (data as { patientId: Id }).patientId))];
    const known = await this.reach(tx, chain, new Map(), patientIds);
    for (const event of events) {
      const { patientId } = event.data as { patientId: Id };
      const before = event.history ? UNKNOWN : (known.get(patientId) ?? UNKNOWN);
      // A correction changes what was folded before it.
      known.set(patientId, (event.history ?? [event]).filter(isEndEvent).reduce(evolve, before));
    }
    await this.reach(tx, chain, known, patientIds);
    await this.save(tx, chain, known);
    return new Set(known.keys());
  }

  /** Adds what can be reached over links to what is known already. */
  private async reach(
    tx: Queryable,
    chain: Chain,
    known: Map<Id, Registration>,
    from: readonly Id[],
  ): Promise<Map<Id, Registration>> {
    const missing = () =>
      [...new Set([...from, ...[...known.values()].flatMap(neighbours)])].filter((id) => !known.has(id));
    for (let next = missing(), steps = 0; next.length > 0 && steps < REGISTRATIONS_MAX; next = missing(), steps += 1) {
      const { rows } = await tx.query<{ id: Id; state: Registration }>(
        'select id, state from person_end where chain = $1 and id = any($2::uuid[])',
        [chain.no, next],
      );
      for (const id of next) known.set(id, UNKNOWN);
      for (const { id, state } of rows) known.set(id, state);
    }
    return known;
  }

  private async save(tx: Queryable, chain: Chain, known: ReadonlyMap<Id, Registration>): Promise<void> {
    const rows = [...known].map(([id, state]) => {
      const registrations = reachable(id, known);
      const endsOn = endOf(registrations.map((each) => known.get(each) ?? UNKNOWN));
      return { id, state, ends_on: endsOn, registrations: registrations.sort() };
    });
    await tx.query(
      `insert into person_end (chain, id, state, ends_on, registrations)
       select $1, r.id, r.state, r.ends_on, r.registrations
       from jsonb_to_recordset($2::jsonb) as r(id uuid, state json, ends_on date, registrations uuid[])
       on conflict (chain, id) do update
         set state = excluded.state, ends_on = excluded.ends_on, registrations = excluded.registrations`,
      [chain.no, JSON.stringify(rows)],
    );
  }
}

const neighbours = ({ links }: Registration): Id[] => links.map(({ otherPatientId }) => otherPatientId);

/** All registrations of the person, the asked one among them. */
function reachable(id: Id, known: ReadonlyMap<Id, Registration>): Id[] {
  const seen = new Set([id]);
  // A set that grows while it is walked is walked to its end.
  for (const each of seen) for (const next of neighbours(known.get(each) ?? UNKNOWN)) seen.add(next);
  return [...seen];
}

const endOf = (registrations: readonly Registration[]): LocalDate | null =>
  registrations
    .flatMap(({ diedOn, movedAwayOn }) => [diedOn, movedAwayOn])
    .filter((day) => day !== null)
    .sort()[0] ?? null;

function evolve(state: Registration, event: EndEvent): Registration {
  switch (event.type) {
    case 'PatientDied':
      return { ...state, diedOn: event.data.on };
    case 'PatientMovedAway':
      return { ...state, movedAwayOn: event.data.on };
    case 'PatientReturned':
      return { ...state, movedAwayOn: null };
    case 'PatientLinked': {
      const { linkId, otherPatientId } = event.data;
      return { ...state, links: [...state.links, { linkId, otherPatientId }] };
    }
    case 'PatientUnlinked':
      return { ...state, links: state.links.filter(({ linkId }) => linkId !== event.data.linkId) };
    default:
      return assertNever(event, 'event about the end of a person');
  }
}
