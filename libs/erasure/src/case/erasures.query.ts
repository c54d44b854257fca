import type { CommandRunner, Reads } from '#libs/cqrs/src/command-runner.js';
import type { References } from '#libs/cqrs/src/references.js';
import type { Database } from '#libs/database/src/database.js';
import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import { unlessErased } from '#libs/event-store/src/personal-data.js';
import { decodeCursor, encodeCursor, pageOf } from '#libs/http/src/cursor.js';
import { addMonths } from '#libs/kernel/src/local-date.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import { PatientStreams, siteFold, siteStream, todayFor } from '#libs/treatment/src/erasure.contract.js';
import type { People } from '#libs/treatment/src/tasks.contract.js';
import { type ErasureFinisher, STEPS_OF_REGISTRATIONS } from '../effect/erasure-finisher.js';
import { retentionOf, standsAgainst } from './erasure.decider.js';
import type { ErasureGround } from './erasure.events.js';
import { loadMatter } from './erasure-matter.js';
import type {
  ErasureList,
  ErasureListParams,
  ErasureProposals,
  ErasureProposalsParams,
  PatientErasure,
} from './erasure.views.js';
import { ERASURES, ERASURES_SCHEMA } from './erasures.projection.js';

/** Patients that one page of proposals looks at: each takes a look at an index. */
const LOOKED_AT_MAX = 20_000;

export interface ErasuresQueryDependencies {
  readonly db: Database;
  readonly chains: Chains;
  readonly runner: CommandRunner;
  readonly references: References;
  readonly people: People;
  readonly streams: PatientStreams;
  readonly finisher: ErasureFinisher;
}

interface Row {
  readonly id: Id;
  readonly patient_id: Id;
  readonly state: ErasureList['items'][number]['state'];
  readonly ground: ErasureGround;
  readonly requested_by: string;
  readonly requested_at: Date;
  readonly decided_by: string | null;
  readonly decided_at: Date | null;
  readonly final_at: Date | null;
  readonly todo: string | null;
}

/** What is, and may be, erased. */
export class ErasuresQuery {
  static readonly reads = [ERASURES.name] as const;
  static readonly proposalReads = PatientStreams.reads;

  constructor(private readonly deps: ErasuresQueryDependencies) {}

  /** Where a patient stands, from the events themselves. @throws NotFound `patient.unknown` */
  async ofPatient(chain: Chain, patient: string): Promise<PatientErasure> {
    const { references, finisher, streams } = this.deps;
    const patientId = await references.resolve(chain, 'patient', patient);
    const matter = await loadMatter(await this.reads(chain), patientId, '', streams);
    const [asked] = matter.registrations;
    const steps = asked.erasureId === null ? undefined : await finisher.steps(chain, patientId);
    // The one who confirmed it did so on the stream of the registration that was asked about.
    const confirmed = matter.registrations.find((each) => each.case.confirmed?.erasureId === asked.erasureId)?.case
      .confirmed;
    const request = matter.registrations.map((each) => each.case.request).find((each) => each !== null);
    const isErased = asked.erasureId !== null;
    return {
      patientId,
      state: isErased ? (steps?.finalAt ? 'final' : 'erased') : request ? 'requested' : 'none',
      registrations: matter.registrations.map((each) => each.patientId),
      request: request ? { ...request, reason: unlessErased<string, null>(request.reason, null) } : null,
      holds: matter.registrations.flatMap((each) =>
        each.case.holds.map((hold) => ({
          ...hold,
          patientId: each.patientId,
          reason: unlessErased<string, null>(hold.reason, null),
        })),
      ),
      keptUntil: isErased ? null : retentionOf(matter),
      against: isErased ? [] : standsAgainst(matter).flatMap(({ rule }) => rule ?? []),
      erased:
        asked.erasureId === null
          ? null
          : {
              erasureId: asked.erasureId,
              by: confirmed?.by ?? null,
              at: confirmed?.at ?? null,
              keysDestroyedAt: iso(steps?.keysDestroyedAt),
              registeredAt: iso(steps?.registeredAt),
              rowsRemovedAt: iso(steps?.rowsRemovedAt),
              finalAt: iso(steps?.finalAt),
              todo: steps?.todo ?? null,
            },
    };
  }

  /** Newest first. @throws Invalid `cursor.malformed` */
  async list(chain: Chain, { state, limit, cursor }: ErasureListParams): Promise<ErasureList> {
    const [at, id] = cursor === undefined ? [null, null] : decodeCursor(cursor, 2);
    const { rows } = await this.deps.db.query<Row>(
      `select e.*, s.final_at, s.todo from "${ERASURES_SCHEMA}".erasure e
       left join ${STEPS_OF_REGISTRATIONS} s on s.chain = e.chain and s.patient_id = e.patient_id and s.erasure_id = e.id
       where e.chain = $1 and ($2::text is null or e.state = $2) 
         and ($3::timestamptz is null or (e.requested_at, e.id) < ($3, $4::uuid))
       order by e.requested_at desc, e.id desc limit $5`,
      [chain.no, state ?? null, at, id, limit + 1],
    );
    const page = pageOf(rows, limit, (row) => [row.requested_at.toISOString(), row.id]);
    const person = await this.deps.people.patients(
      chain,
      page.items.map((row) => row.patient_id),
    );
    return {
      items: page.items.map((row) => ({
        patient: person(row.patient_id),
        erasureId: row.id,
        state: row.state,
        ground: row.ground,
        requestedBy: row.requested_by,
        requestedAt: row.requested_at.toISOString(),
        decidedBy: row.decided_by,
        decidedAt: iso(row.decided_at),
        finalAt: iso(row.final_at),
        todo: row.todo,
      })),
      next: page.next,
    };
  }

  /**
   * Whose record need not be kept any more, by the patients' ids. A page looks at so many patients and no more: it may hold
   * few, or nobody, and still have a next one.
   * @throws Invalid `cursor.malformed`
   */
  async proposals(chain: Chain, { limit, cursor }: ErasureProposalsParams): Promise<ErasureProposals> {
    const { chains, streams, people, db } = this.deps;
    const after = cursor === undefined ? null : (decodeCursor(cursor, 1)[0] as Id);
    const now = await chains.now(chain);
    const { patientIds, last } = await streams.seenBefore(chain, await this.noLater(chain, now), {
      after,
      max: LOOKED_AT_MAX,
    });
    const { rows: waiting } = await db.query<{ patient_id: Id }>(
      `select patient_id from "${ERASURES_SCHEMA}".erasure where chain = $1 and state = 'requested'`,
      [chain.no],
    );
    const asked = new Set(waiting.map((row) => row.patient_id));
    const found: { patientId: Id; registrations: Id[]; keptUntil: string }[] = [];
    let next = last;
    for (const patientId of patientIds) {
      if (found.length === limit) {
        next = found.at(-1)?.patientId ?? null;
        break;
      }
      if (asked.has(patientId)) continue;
      const matter = await loadMatter(await this.reads(chain), patientId, '', streams);
      const keptUntil = retentionOf(matter);
      const isErased = matter.registrations[0].erasureId !== null;
      if (isErased || keptUntil === null || standsAgainst(matter).length > 0) continue;
      found.push({ patientId, registrations: matter.registrations.map((each) => each.patientId), keptUntil });
    }
    const person = await people.patients(
      chain,
      found.map(({ patientId }) => patientId),
    );
    return {
      items: found.map(({ patientId, ...each }) => ({ patient: person(patientId), ...each })),
      next: next === null ? null : encodeCursor([next]),
    };
  }

  /** Who was seen after it is kept at every site. */
  private async noLater(chain: Chain, now: Instant): Promise<Instant> {
    const sites = await this.deps.people.sites(chain);
    const reads = await this.reads(chain);
    const years = await Promise.all([...sites.keys()].map((id) => yearsOf(reads, id)));
    const day = addMonths(todayFor(now), -12 * Math.min(...years, 1_000));
    return `${day}T23:59:59.999Z`;
  }

  /** Reads for a question: nothing is written by it, so nothing needs to be guarded. */
  private async reads(chain: Chain): Promise<Reads> {
    const { runner, chains } = this.deps;
    const now = await chains.now(chain);
    return {
      ...{ chain, now },
      events: (stream) => runner.events(chain, stream),
      load: (stream, fold) => runner.read(chain, stream, fold),
    };
  }
}

async function yearsOf(reads: Reads, siteId: Id): Promise<number> {
  const { state } = await reads.load(siteStream(siteId), siteFold);
  return state.status === 'none' ? Infinity : state.retentionRules.years;
}

const iso = (at: Date | null | undefined): Instant | null => at?.toISOString() ?? null;
