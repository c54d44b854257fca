import type { Queryable } from '#libs/database/src/database.js';
import type { Boxes, SealedBox } from '#libs/event-store/src/boxes.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { ExternalCodes } from '#libs/event-store/src/external-codes.js';
import type { MasterKey } from '#libs/event-store/src/master-key.js';
import { decodeCursor, pageOf } from '#libs/http/src/cursor.js';
import { listQueryOf } from '#libs/http/src/validation.js';
import { NotFound } from '#libs/kernel/src/errors.js';
import { type Id, isId } from '#libs/kernel/src/ids.js';
import { schemaOf } from '#libs/projections/src/projection.js';
import { z } from 'zod';
import { COURSE_PROGRESS } from '../course/course-progress/course-progress.projection.js';
import type { ContactPreference, Health, Identity } from '../patient/patient.events.js';
import type { References } from '#libs/cqrs/src/references.js';
import type { PatientSummary, PatientView } from './directory.contract.js';
import { DIRECTORY, familyNameIndex } from './directory.projection.js';
import { PATIENT_SITES, PATIENT_SITES_SCHEMA } from '../patient/patient-sites/patient-sites.projection.js';
import { fullName, openAll, type People } from './people.js';

export const patientsParamsSchema = listQueryOf({
  site: z.string().min(1).max(200).optional().describe('Those whom this site has to do with.'),
});
export type PatientsParams = z.output<typeof patientsParamsSchema>;

/** What is searched for may be a name, and addresses end up in histories and logs: it is asked in the body. */
export const patientSearchSchema = z.strictObject({
  search: z.string().trim().min(1).max(200).describe('A code or a family name, whole; letter case does not count.'),
});

const SCHEMA = `"${schemaOf(DIRECTORY)}"`;
const OF_SITE = `and exists (select from "${PATIENT_SITES_SCHEMA}".patient_site s
  where s.chain = p.chain and s.site_id = $6 and s.patient_id = p.id)`;

/** Patients, found by code or family name without either standing anywhere. */
export class PatientsQuery {
  static readonly reads = [DIRECTORY.name, COURSE_PROGRESS.name, PATIENT_SITES.name] as const;

  constructor(
    private readonly db: Queryable,
    private readonly boxes: Boxes,
    private readonly codes: ExternalCodes,
    private readonly references: References,
    private readonly master: MasterKey,
    private readonly people: People,
  ) {}

  /**
   * In the order in which they were registered.
   * @param search a code or a family name, whole; everybody where it is left out
   * @throws Invalid `cursor.malformed`; NotFound `site.unknown`
   */
  async list(
    chain: Chain,
    params: PatientsParams,
    search?: string,
  ): Promise<{ items: PatientSummary[]; next: string | null }> {
    const { site } = params;
    const siteId = site === undefined ? null : await this.references.resolve(chain, 'site', site);
    const after = params.cursor === undefined ? null : decodeCursor(params.cursor, 1)[0];
    const { rows } = await this.db.query<{ id: Id; preference: ContactPreference; courses: number }>(
      `select p.id, p.preference, (
         select count(*)::integer from "${schemaOf(COURSE_PROGRESS)}".course c
         where c.chain = p.chain and c.patient_id = p.id) as courses
       from ${SCHEMA}.patient p
       where p.chain = $1 and ($3::uuid is null or p.id > $3)
         ${siteId === null ? 'and $6::uuid is null' : OF_SITE}
         ${search === undefined ? 'and $4::uuid is null and $5::text is null' : 'and (p.id = $4 or p.family_name_index = $5)'}
       order by p.id limit $2`,
      [
        chain.no,
        params.limit + 1,
        after,
        search === undefined ? null : await this.idOf(chain, search),
        search === undefined ? null : familyNameIndex(this.master, chain, search),
        siteId,
      ],
    );
    const page = pageOf(rows, params.limit, (row) => [row.id]);
    const person = await this.people.patients(
      chain,
      page.items.map(({ id }) => id),
    );
    return {
      items: page.items.map(({ id, preference, courses }) => ({ ...person(id), ...preference, courses })),
      next: page.next,
    };
  }

  /**
   * Everything that is known of one patient.
   * @param patient id or code
   * @throws NotFound `patient.unknown`
   */
  async detail(chain: Chain, patient: string): Promise<PatientView> {
    const id = await this.references.resolve(chain, 'patient', patient);
    const { rows } = await this.db.query<{
      revision: number;
      preference: ContactPreference;
      identity: SealedBox | null;
      health: SealedBox | null;
    }>(`select revision, preference, identity, health from ${SCHEMA}.patient where chain = $1 and id = $2`, [
      chain.no,
      id,
    ]);
    const [row] = rows;
    if (!row) throw new NotFound('patient.unknown', 'There is no such patient.');
    const identity = (await openAll<{ identity?: Identity }>(this.boxes, chain, [{ id, box: row.identity }])).get(
      id,
    )?.identity;
    const health = (await openAll<{ health?: Health }>(this.boxes, chain, [{ id, box: row.health }])).get(id)?.health;
    return {
      id,
      code: (await this.codes.codesOf(chain, 'patient', [id])).get(id) ?? null,
      name: identity ? fullName(identity) : null,
      familyName: identity?.familyName ?? null,
      givenName: identity?.givenName ?? null,
      birthDate: identity?.birthDate ?? null,
      sex: identity?.sex ?? null,
      phone: identity?.phone ?? null,
      email: identity?.email ?? null,
      preference: row.preference,
      health: health ?? null,
      revision: row.revision,
    };
  }

  private async idOf(chain: Chain, code: string): Promise<Id | null> {
    if (isId(code)) return code;
    return (await this.codes.find(chain, 'patient', [code])).get(code) ?? null;
  }
}
