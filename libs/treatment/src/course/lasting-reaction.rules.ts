import { daysBetween } from '#libs/kernel/src/local-date.js';
import { dateOfWall, type LocalDate } from '#libs/kernel/src/zoned-time.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import { performedSessions, type PlannedCourse } from './course.state.js';

/** A reaction that was still there when it should have passed: a possible adverse event, for a human to judge. */
export interface LastingReaction {
  readonly followUpId: string;
  readonly sessionId: string;
  readonly reaction: string;
  /** Local date of the follow-up that found it. */
  readonly foundOn: LocalDate;
  /** Whole days since the session. */
  readonly days: number;
  /** Within how many days the protocol expects it to pass; null: it does not expect it at all. */
  readonly withinDays: number | null;
}

/**
 * The reactions of a course that lasted longer than the protocol's few days (S4-R1, S2-R1) and that nobody has judged:
 * found by a follow-up, counted in whole calendar days from the last performed session before it.
 */
export function lastingReactions(
  course: PlannedCourse,
  { expectedReactions }: Pick<Protocol, 'expectedReactions'>,
): LastingReaction[] {
  const sessions = [...performedSessions(course, 'course'), ...performedSessions(course, 'maintenance')];
  return course.followUps.flatMap((followUp) => {
    const session = sessions
      .filter(({ at }) => at.instant <= followUp.at.instant)
      .reduce<(typeof sessions)[number] | undefined>(
        (latest, each) => (latest && latest.at.instant >= each.at.instant ? latest : each),
        undefined,
      );
    if (!session) return [];
    const foundOn = dateOfWall(followUp.at.wall);
    const days = daysBetween(dateOfWall(session.at.wall), foundOn);
    return (
      followUp.reactions
        .filter((reaction) => !followUp.judged?.includes(reaction))
        .map((reaction) => {
          const withinDays = expectedReactions.find(({ code }) => code === reaction)?.withinDays ?? null;
          return { followUpId: followUp.followUpId, sessionId: session.sessionId, reaction, foundOn, days, withinDays };
        })
        // What the protocol does not name (pain, itching) is given the longest time of those it names.
        .filter(({ days: lasted, withinDays }) => lasted > (withinDays ?? longest(expectedReactions)))
    );
  });
}

const longest = (expected: Protocol['expectedReactions']): number =>
  Math.max(0, ...expected.map(({ withinDays }) => withinDays));
