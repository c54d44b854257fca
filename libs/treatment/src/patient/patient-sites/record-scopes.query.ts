import type { References } from '#libs/cqrs/src/references.js';
import type { Database } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { EventStore } from '#libs/event-store/src/event-store.js';
import type { CodeKind } from '#libs/event-store/src/external-codes.js';
import { type Id, isId } from '#libs/kernel/src/ids.js';
import { schemaOf } from '#libs/projections/src/projection.js';
import { ADVERSE_EVENTS } from '../../adverse-event/adverse-events/adverse-events.projection.js';
import { PATIENT_SITES_SCHEMA } from './patient-sites.projection.js';

const SCHEMA = `"${PATIENT_SITES_SCHEMA}"`;

/** Where a part of the record belongs. */
export interface RecordScope {
  /** Every site that has to do with the patient; of what belongs to no patient, its own. */
  readonly sites: readonly Id[];
  /** Where it is carried out. */
  readonly own: readonly Id[];
  readonly patient: Id | null;
}

export type RecordKind =
  | 'site'
  | 'patient'
  | 'course'
  | 'consultation'
  | 'adverseEvent'
  | 'lot'
  | 'message'
  | 'task'
  | 'slot';

/** Kinds that have a stream each, whose first event says where they belong. */
const STREAM_OF: Partial<Record<RecordKind, string>> = {
  course: 'course',
  consultation: 'consultation',
  lot: 'lot',
  message: 'message',
  task: 'task',
  slot: 'slot',
};

/** Kinds that the chain gives codes to. */
const CODED: Partial<Record<RecordKind, CodeKind>> = { site: 'site', patient: 'patient', course: 'course', lot: 'lot' };

interface Origin {
  readonly siteId: Id | null;
  readonly patientId: Id | null;
}

/** What somebody has on their screen, over all sites of a large chain. An origin never changes. */
const ORIGINS_MAX = 50_000;

/** Says at which sites a part of the record may be read and changed, and whose it is. */
export class RecordScopesQuery {
  private readonly origins = new Map<string, Origin>();

  constructor(
    private readonly db: Database,
    private readonly store: Pick<EventStore, 'readStream'>,
    private readonly references: References,
  ) {}

  /**
   * @param reference id or code
   * @returns undefined for what does not exist
   */
  async of(chain: Chain, kind: RecordKind, reference: string): Promise<RecordScope | undefined> {
    const id = await this.idOf(chain, kind, reference);
    if (id === undefined) return undefined;
    if (kind === 'site') return { sites: [id], own: [id], patient: null };
    if (kind === 'patient') return this.ofPatient(chain, id);
    if (kind === 'adverseEvent') return this.ofAdverseEvent(chain, id);
    const origin = await this.originOf(chain, `${STREAM_OF[kind]}-${id}`);
    if (!origin) return undefined;
    const { siteId, patientId } = origin;
    const courseSites = kind === 'course' ? await this.sitesOfCourse(chain, id) : [];
    const own = [...new Set([...(siteId === null ? [] : [siteId]), ...courseSites])];
    const patientSites = patientId === null ? [] : await this.sitesOfPatient(chain, patientId);
    // A task or a lot is the site's own affair; what belongs to a patient goes wherever the patient goes.
    const readable = kind === 'task' ? own : [...new Set([...own, ...patientSites])];
    return { sites: readable, own, patient: patientId };
  }

  private async idOf(chain: Chain, kind: RecordKind, reference: string): Promise<Id | undefined> {
    if (isId(reference)) return reference;
    const codes = CODED[kind];
    if (codes === undefined) return undefined;
    return this.references.resolve(chain, codes, reference).catch((error: unknown) => {
      if ((error as { kind?: unknown }).kind === 'not-found') return undefined;
      throw error;
    });
  }

  private async ofPatient(chain: Chain, id: Id): Promise<RecordScope> {
    const sites = await this.sitesOfPatient(chain, id);
    return { sites, own: sites, patient: id };
  }

  private async ofAdverseEvent(chain: Chain, id: Id): Promise<RecordScope | undefined> {
    const { rows } = await this.db.query<{ patient_id: Id }>(
      `select patient_id from "${schemaOf(ADVERSE_EVENTS)}".adverse_event where chain = $1 and id = $2`,
      [chain.no, id],
    );
    return rows[0] && this.ofPatient(chain, rows[0].patient_id);
  }

  private async sitesOfPatient(chain: Chain, patient: Id): Promise<Id[]> {
    const { rows } = await this.db.query<{ site_id: Id }>(
      `select site_id from ${SCHEMA}.patient_site where chain = $1 and patient_id = $2`,
      [chain.no, patient],
    );
    return rows.map(({ site_id }) => site_id);
  }

  private async sitesOfCourse(chain: Chain, course: Id): Promise<Id[]> {
    const { rows } = await this.db.query<{ site_id: Id }>(
      `select site_id from ${SCHEMA}.course_site where chain = $1 and course_id = $2`,
      [chain.no, course],
    );
    return rows.map(({ site_id }) => site_id);
  }

  private async originOf(chain: Chain, stream: string): Promise<Origin | undefined> {
    const key = `${chain.no} ${stream}`;
    const known = this.origins.get(key);
    if (known) return known;
    const [first] = await this.store.readStream(chain.id, stream, { limit: 1 });
    if (!first) return undefined;
    // Ids stand open in every event; nothing of a box is needed.
    const { siteId, patientId } = (JSON.parse(first.data) as { open: { siteId?: Id; patientId?: Id } }).open;
    const origin = { siteId: siteId ?? null, patientId: patientId ?? null };
    if (this.origins.size >= ORIGINS_MAX) this.origins.clear();
    this.origins.set(key, origin);
    return origin;
  }
}
