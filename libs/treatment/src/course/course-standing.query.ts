import { Injectable } from '@nestjs/common';
import { CommandRunner } from '#libs/cqrs/src/command-runner.js';
import { References } from '#libs/cqrs/src/references.js';
import { type Chain, Chains } from '#libs/event-store/src/chains.js';
import { ExternalCodes } from '#libs/event-store/src/external-codes.js';
import { problemFieldSchema } from '#libs/http/src/problem-details.js';
import { wallTimeSchema } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';
import { ProductLots } from '../consultation/product-lots.query.js';
import { CourseUnknown } from './course.errors.js';
import { courseStream, sessionKindSchema } from './course.events.js';
import { asksForHistory, askedHistory, type HistoryParams, unknownThen } from '../history/history.params.js';
import { RecordAt } from '../history/record-at.js';
import { siteStream } from '../site/site.events.js';
import { siteFold } from '../site/site.state.js';
import { bookedSessions, courseFold, type PlannedCourse } from './course.state.js';
import { fieldOf } from './session-refusals.js';
import { loadStanding } from './session-standing.js';

export const courseStandingSchema = z
  .strictObject({
    /** The booked sessions in the order of their times. */
    sessions: z.array(
      z.strictObject({
        id: z.uuid(),
        kind: sessionKindSchema,
        number: z.int().positive(),
        at: wallTimeSchema.nullable(),
        /**
         * A blocked session cannot be performed as things stand. Its messages are held, unless all that stands against it
         * is renewed when the patient comes: a screening that runs out by then, a consent that is not signed yet.
         */
        blocked: z.boolean(),
        /** What stands against it, as performing it would be refused. */
        fields: z.array(problemFieldSchema),
      }),
    ),
  })
  .meta({ id: 'CourseStanding' });
export type CourseStanding = z.infer<typeof courseStandingSchema>;

/** What stands against the sessions that are booked, read from the events themselves and so never behind them. */
@Injectable()
export class CourseStandingQuery {
  constructor(
    private readonly runner: CommandRunner,
    private readonly references: References,
    readonly codes: ExternalCodes,
    private readonly chains: Chains,
    private readonly records: RecordAt,
    readonly products: ProductLots,
  ) {}

  /**
   * @param course id or code
   * @param params as of when: `asOf` says which sessions were booked, `knownAt` what was on record of everything
   * @throws NotFound `course.unknown`, `course.unknown-then`; Invalid `history.known-in-future`
   */
  async of(chain: Chain, course: string, params: HistoryParams = {}): Promise<CourseStanding> {
    const id = await this.references.resolve(chain, 'course', course);
    const { state: known } = await this.runner.read(chain, courseStream(id), courseFold);
    if (known.status === 'none') throw new CourseUnknown(course);
    const { state, reads } = asksForHistory(params)
      ? await this.known(chain, known, params)
      : { state: known, reads: { load: ((stream, fold) => this.runner.read(chain, stream, fold)) as Loads['load'] } };
    const sessions = await Promise.all(
      bookedSessions(state)
        .sort((a, b) => ((a.bookedFor?.instant ?? '~') < (b.bookedFor?.instant ?? '~') ? -1 : 1))
        .map(async (session) => {
          const findings = await loadStanding(reads, chain, state, session, this);
          const { sessionId, kind, number, bookedFor } = session;
          const fields = findings.map((finding) => {
            const { facts, ...field } = fieldOf(finding);
            return { ...field, ...(facts && { facts: [...facts] }) };
          });
          return { id: sessionId, kind, number, at: bookedFor?.wall ?? null, blocked: fields.length > 0, fields };
        }),
    );
    return { sessions };
  }

  /**
   * A course as it was, and reads of whatever it is judged by as that was known. What is judged says itself from when to
   * when it holds, so of that only what was not known yet is left out.
   */
  private async known(chain: Chain, course: PlannedCourse, params: HistoryParams) {
    const records = this.records.forAnswer();
    const { state: site } = await this.runner.read(chain, siteStream(course.siteId), siteFold);
    const zone = site.status === 'none' ? 'UTC' : site.timeZone;
    const asked = askedHistory(params, zone, await this.chains.now(chain));
    const { state } = await records.fold(chain, courseStream(course.courseId), courseFold, asked);
    if (state.status === 'none') throw unknownThen('course.unknown-then', 'course', params);
    const load: Loads['load'] = (stream, fold) => records.fold(chain, stream, fold, { knownAt: asked.knownAt });
    return { state, reads: { load } };
  }
}

type Loads = Parameters<typeof loadStanding>[0];
