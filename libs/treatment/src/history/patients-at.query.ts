import type { References } from '#libs/cqrs/src/references.js';
import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import type { ExternalCodes } from '#libs/event-store/src/external-codes.js';
import { unlessErased } from '#libs/event-store/src/personal-data.js';
import { NotFound } from '#libs/kernel/src/errors.js';
import type { PatientView } from '../directory/directory.contract.js';
import { fullName } from '../directory/people.js';
import { patientStream } from '../patient/patient.events.js';
import { patientFold } from '../patient/patient.state.js';
import { askedHistory, type HistoryParams, unknownThen } from './history.params.js';
import { foldAt, type RecordAt } from './record-at.js';

/** What was known of a patient, computed from the log as of any valid and recorded time. */
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
    const { state, revision } = foldAt(events, patientFold, asked);
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
