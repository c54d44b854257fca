import type { Reads } from '#libs/cqrs/src/command-runner.js';
import type { References } from '#libs/cqrs/src/references.js';
import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import { unlessErased } from '#libs/event-store/src/personal-data.js';
import { queryOf } from '#libs/http/src/validation.js';
import { localDateAt, localDateSchema } from '#libs/kernel/src/zoned-time.js';
import type { z } from 'zod';
import { earliestDayAt, latestDayAt } from '../day-anywhere.js';
import { DIRECTORY } from '../directory/directory.projection.js';
import type { People } from '../directory/people.js';
import {
  type AskedHistory,
  askedHistory,
  type HistoryParams,
  historyShape,
  unknownThen,
} from '../history/history.params.js';
import { RecordAt } from '../history/record-at.js';
import { patientStream } from './patient.events.js';
import { patientFold } from './patient.state.js';
import type { PatientPerson, PersonHealth } from './person.contract.js';
import {
  ageOfMajorityAtAll,
  endOfPerson,
  healthOn,
  isMinorOn,
  loadPerson,
  openReports,
  type Person,
} from './person.js';

export const personParamsSchema = queryOf(historyShape);

export const personHealthParamsSchema = queryOf({
  on: localDateSchema.optional().describe('The day in question; that of `asOf` when left out, else today.'),
  ...historyShape,
});
export type PersonHealthParams = z.output<typeof personHealthParamsSchema>;

/**
 * A person over all registrations, read from their streams: what stops or allows a session is answered as it stands, not
 * as a read model has it.
 */
export class PersonQuery {
  /** Names and codes come from the one; by the other it is found which site saw a person first. */
  static readonly reads = [DIRECTORY.name, ...RecordAt.reads] as const;

  constructor(
    private readonly records: RecordAt,
    private readonly chains: Chains,
    private readonly references: References,
    private readonly people: People,
  ) {}

  /** @throws NotFound `patient.unknown`, `patient.unknown-then`; Invalid `history.known-in-future` */
  async person(chain: Chain, reference: string, params: HistoryParams): Promise<PatientPerson> {
    const { person, asked } = await this.load(chain, reference, params);
    const { patients } = person;
    const ageOfMajorityYears = await this.ageOfMajority(chain, asked);
    const named = await this.people.patients(
      chain,
      patients.map(({ patientId }) => patientId),
    );
    return {
      registrations: patients.map((patient) => ({
        patient: named(patient.patientId),
        links: patient.links.map(({ linkId, otherPatientId }) => ({ linkId, otherPatientId })),
        courseIds: [...patient.courseIds],
        openAdverseEventIds: openReports(patient).map(({ adverseEventId }) => adverseEventId),
        contact: {
          optedOut: [...patient.contact.optedOut],
          smsStopped: patient.contact.smsStopped,
          choices: patient.contact.choices,
        },
      })),
      ...endOfPerson(person),
      isMinor: isMinorOn({ ...person, ageOfMajorityYears }, earliestDayAt(asked.now)),
      hasGuardian: patients.some(({ guardian }) => guardian !== null),
    };
  }

  /**
   * What holds of a person's health on a day, and everything that was learned one by one. Each says itself from when to
   * when it holds, so that of these only what was not known yet is left out.
   * @throws NotFound `patient.unknown`, `patient.unknown-then`; Invalid `history.known-in-future`
   */
  async health(chain: Chain, patient: string, params: PersonHealthParams): Promise<PersonHealth> {
    const { person, asked } = await this.load(chain, patient, { knownAt: params.knownAt });
    const zone = await this.records.zoneOf(
      chain,
      person.patients.map(({ patientId }) => patientId),
    );
    const asOf = params.asOf && localDateAt(askedHistory(params, zone, asked.now).now, zone);
    const on = params.on ?? asOf ?? latestDayAt(asked.now);
    const health = healthOn(person, on);
    const facts = person.patients.flatMap(({ patientId, healthFacts }) =>
      healthFacts.map(({ factId, kind, value, since, until, recordedAt, consultationId }) => {
        const statement = unlessErased(value, null);
        return { id: factId, patientId, kind, statement, since, until, recordedAt, consultationId };
      }),
    );
    if (health === 'erased') return { on, health: null, facts };
    const { allergies, conditions, medications } = health;
    return {
      on,
      health: { allergies: [...allergies], conditions: [...conditions], medications: [...medications] },
      facts,
    };
  }

  /** Rules say themselves from when on they are in force: of these only what was not known yet is left out. */
  private async ageOfMajority(chain: Chain, { knownAt, now }: AskedHistory): Promise<number> {
    const sites = await this.people.sites(chain);
    const load: Reads['load'] = (stream, fold) => this.records.fold(chain, stream, fold, { knownAt });
    return ageOfMajorityAtAll({ load }, sites.keys(), now);
  }

  private async load(
    chain: Chain,
    patient: string,
    params: HistoryParams,
  ): Promise<{ person: Person; asked: AskedHistory }> {
    const id = await this.references.resolve(chain, 'patient', patient);
    const records = this.records.forAnswer();
    const [zone, now] = await Promise.all([records.zoneOf(chain, [id]), this.chains.now(chain)]);
    const asked = askedHistory(params, zone, now);
    const { state } = await records.fold(chain, patientStream(id), patientFold, asked);
    const isKnown = (await records.events(chain, patientStream(id))).length > 0;
    if (state.status === 'none' && isKnown) throw unknownThen('patient.unknown-then', 'patient', params);
    const person = await loadPerson({ load: (stream, fold) => records.fold(chain, stream, fold, asked) }, id);
    return { person, asked };
  }
}
