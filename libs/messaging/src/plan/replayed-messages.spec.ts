import fc from 'fast-check';
import type { NewEvent } from '#libs/event-store/src/event-type.js';
import { addDays } from '#libs/kernel/src/local-date.js';
import { newId } from '#libs/kernel/src/ids.js';
import { BUILT_IN_PROTOCOLS, builtInProtocol } from '#libs/protocols/src/built-in-protocols.js';
import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import { MaintenanceProposed } from '#libs/treatment/src/course/course.events.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import {
  courseOf,
  COURSE,
  PATIENT,
  planContext,
  type Recording,
  timelineOf,
} from '#test/support/messaging-timeline.js';
import { desiredMessages } from './desired-messages.js';
import { nextProposal } from './maintenance-proposal.js';
import { compareMessages, type ReplayedMessage, replayedMessages, replayedRules } from './replayed-messages.js';

const place = { zone: 'Europe/Istanbul', endsOn: null };
const facial = builtInProtocol('facial') as Protocol;

type Recorded = readonly [events: readonly NewEvent[], recording: Recording];

const told = (messages: readonly Pick<ReplayedMessage, 'kind' | 'due'>[]) =>
  messages.map(({ kind, due }) => `${due} ${kind}`).sort();

describe('messages of a replay', () => {
  it('[what-if.messages] are those that the planner plans for a course that is recorded as it happens', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 10, max: 60 }), { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        (gaps, ends) => {
          const ids = gaps.map(newId);
          let day = '2026-01-01';
          const days = gaps.map((gap) => (day = addDays(day, gap)));
          const planned = new Map<string, string>();
          const course = courseOf({ plannedSessions: gaps.length, ...(ends && { end: 'completed' as const }) });
          const plan = (now: readonly Recorded[]) => {
            const timeline = timelineOf(...now);
            for (const { kind, due, cause } of desiredMessages(timeline, planContext())) {
              planned.set(`${kind} ${JSON.stringify(cause)}`, `${due.instant} ${kind}`);
            }
          };
          // Everything is booked when the course is planned, each session recorded the moment it begins, and so is its end.
          days.forEach((date, n) => course.booked(`${date}T10:00`, { id: ids[n] as string, number: n + 1 }));
          const booked = course.events.splice(0);
          const recording: Recorded[] = [[booked, { at: '2025-12-01T08:00:00.000Z' }]];
          plan(recording);
          days.forEach((date, n) => {
            course.performed(`${date}T10:00`, { id: ids[n] as string, number: n + 1 });
            recording.push([course.events.splice(0), { at: `${date}T07:00:00.000Z` }]);
            plan(recording);
          });
          const end = course.streams().at(-1)?.events ?? [];
          const at = `${days.at(-1)}T07:00:00.000Z`;
          if (ends) {
            recording.push([end, { at }]);
            const window = nextProposal(timelineOf(...recording).course, facial, false);
            if (window) {
              const proposed = MaintenanceProposed(occurredNow(at), {
                courseId: COURSE,
                patientId: PATIENT,
                ...window,
              });
              recording.push([[proposed], { at }]);
            }
            plan(recording);
          }
          const replayed = replayedMessages(timelineOf(...recording).course, replayedRules(facial), place);
          expect(told(replayed)).toEqual([...planned.values()].sort());
        },
      ),
      { numRuns: 100 },
    );
  });

  it('[what-if.messages] differ alike whether or not what two protocols say alike is left out', () => {
    const protocols = BUILT_IN_PROTOCOLS.filter(({ maintenance }) => maintenance.kind === 'physician');
    const course = timelineOf([
      courseOf().performed('2026-01-05T10:00').performed('2026-01-19T10:00').booked('2026-02-02T10:00').events,
      { at: '2026-01-19T09:00:00.000Z' },
    ]).course;
    for (const before of [facial, ...protocols]) {
      for (const after of [facial, ...protocols]) {
        const compared = compareMessages(before, after);
        const whole = [before, after].map((protocol) => told(replayedMessages(course, replayedRules(protocol), place)));
        const some = [compared.before, compared.after].map((rules) => told(replayedMessages(course, rules, place)));
        const without = (all: readonly string[], others: readonly string[] = []) =>
          all.filter((one) => !others.includes(one));
        expect(without(some[0] ?? [], some[1])).toEqual(without(whole[0] ?? [], whole[1]));
        expect(without(some[1] ?? [], some[0])).toEqual(without(whole[1] ?? [], whole[0]));
        expect(compared.reworded.size > 0).toBe(before !== after);
      }
    }
  });
});
