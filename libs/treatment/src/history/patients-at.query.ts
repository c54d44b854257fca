import type { References } from '#libs/cqrs/src/references.js';
import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import type { ExternalCodes } from '#libs/event-store/src/external-codes.js';
import { unlessErased } from '#libs/event-store/src/personal-data.js';
import { correctedType, effectiveHistory } from '#libs/event-store/src/correction.js';
import type { RecordedEvent } from '#libs/event-store/src/recorded-event.js';
import { NotFound } from '#libs/kernel/src/errors.js';
import type { PatientView } from '../directory/directory.contract.js';
import { fullName } from '../directory/people.js';
import { PatientRegistered, patientStream } from '../patient/patient.events.js';
import { patientFold, type PatientState } from '../patient/patient.state.js';
import { hasOccurred } from './entry-history.js';
import { askedHistory, type HistoryParams, unknownThen } from './history.params.js';
import { foldAt, type RecordAt } from './record-at.js';

/**
 * What was known of a patient, computed from the log as of any valid and recorded time. Who is registered was a person
 * before, whose courses may have begun long before somebody entered them here: the registration says so for every time from
 * which it is asked, and only what was recorded of them later than the recorded time is left out.
 */
export class PatientsAtQuery {
  constructor(
    private readonly chains: Chains,
    private readonly references: References,
    private readonly codes: ExternalCodes,
    private readonly records: RecordAt,
  ) {}

  /**
   * @param patient id or code
   * @throws NotFound `patient.unknown`, `patient.unknown-then`; Invalid `history.known-in-future`
   */
  async detail(chain: Chain, patient: string, params: HistoryParams): Promise<PatientView> {
    const id = await this.references.resolve(chain, 'patient', patient);
    const [events, zone, now, codes] = await Promise.all([
      this.records.events(chain, patientStream(id)),
      this.records.zoneOf(chain, [id]),
      this.chains.now(chain),
      this.codes.codesOf(chain, 'patient', [id]),
    ]);
    const asked = askedHistory(params, zone, now);
    if (events.length === 0) throw new NotFound('patient.unknown', 'There is no such patient.');
    const isRegistration = ({ type }: RecordedEvent) => correctedType(type) === PatientRegistered.type;
    const { revision } = foldAt(events, patientFold, asked);
    const state = effectiveHistory(events, { knownAt: asked.knownAt })
      .filter((event) => isRegistration(event) || hasOccurred(event.occurredAt, asked.asOf))
      .reduce<PatientState>((known, event) => patientFold.evolve(known, event as never), patientFold.initial);
    if (state.status === 'none') throw unknownThen('patient.unknown-then', 'patient', params);
    const identity = unlessErased(state.identity, null);
    return {
      id,
      code: codes.get(id) ?? null,
      name: identity && fullName(identity),
      familyName: identity?.familyName ?? null,
      givenName: identity?.givenName ?? null,
      birthDate: identity?.birthDate ?? null,
      sex: identity?.sex ?? null,
      phone: identity?.phone ?? null,
      email: identity?.email ?? null,
      preference: state.preference,
      health: unlessErased(state.health, null),
      revision,
    };
  }
}
