import { Injectable } from '@nestjs/common';
import { CommandRunner } from '#libs/cqrs/src/command-runner.js';
import { References } from '#libs/cqrs/src/references.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import { ExternalCodes } from '#libs/event-store/src/external-codes.js';
import { problemFieldSchema } from '#libs/http/src/problem-details.js';
import { wallTimeSchema } from '#libs/kernel/src/zoned-time.js';
import { z } from 'zod';
import { CourseUnknown } from './course.errors.js';
import { courseStream, sessionKindSchema } from './course.events.js';
import { bookedSessions, courseFold } from './course.state.js';
import { fieldOf } from './session.decider.js';
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
    private readonly codes: ExternalCodes,
  ) {}

  /**
   * @param course id or code
   * @throws NotFound `course.unknown`
   */
  async of(chain: Chain, course: string): Promise<CourseStanding> {
    const id = await this.references.resolve(chain, 'course', course);
    const { state } = await this.runner.read(chain, courseStream(id), courseFold);
    if (state.status === 'none') throw new CourseUnknown(course);
    const reads: Parameters<typeof loadStanding>[0] = {
      load: (stream, fold) => this.runner.read(chain, stream, fold),
    };
    const sessions = await Promise.all(
      bookedSessions(state)
        .sort((a, b) => ((a.bookedFor?.instant ?? '~') < (b.bookedFor?.instant ?? '~') ? -1 : 1))
        .map(async (session) => {
          const findings = await loadStanding(reads, chain, state, session, this.codes);
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
}
