import fc from 'fast-check';
import { PistorError } from '#libs/kernel/src/errors.js';
import { newId } from '#libs/kernel/src/ids.js';
import { addDays, daysBetween } from '#libs/kernel/src/local-date.js';
import { dateOfWall, type LocalDate } from '#libs/kernel/src/zoned-time.js';
import { facial } from '#libs/protocols/src/built-in/facial.protocol.js';
import {
  allNo,
  at,
  cleared,
  given,
  lotWith,
  nurse,
  perform,
  personWith,
  physician,
  physicianId,
  planned,
  practitionerId,
  siteId,
} from '#test/support/course-given.js';
import { type CourseCommand, decideCourse } from './course.decider.js';
import type { CourseStreamEvent, SessionPerformed } from './course.events.js';
import type { PlannedCourse } from './course.state.js';
import type { SessionWorld } from './session.rules.js';

/**
 * Random lives of a course: days go by, the world around it changes (a consent is withdrawn, a lot recalled, the patient
 * becomes pregnant), and every command is tried, with and without reasons. Whatever is accepted is checked against the
 * plain sentences of the domain, by the flags of this model and not by the rules under test.
 */
interface World {
  consent: boolean;
  credential: boolean;
  lot: 'good' | 'expired' | 'elsewhere' | 'recalled';
  health: 'well' | 'pregnant' | 'allergic' | 'heart' | 'unlisted';
  adverseEvent: boolean;
  diedOn: LocalDate | null;
}

interface Attempt {
  readonly days: number;
  readonly change: Partial<World> | undefined;
  readonly command: 'book' | 'perform' | 'hold' | 'decide' | 'miss' | 'cancel' | 'complete' | 'stop' | 'maintenance';
  readonly byNurse: boolean;
  readonly ordered: boolean;
  readonly identifiers: number;
  readonly positive: 'none' | 'aspirin-or-nsaid' | 'pregnancy';
  readonly depthMm: number;
  readonly reasons: readonly ('interval-short' | 'interval-long' | 'depth' | 'contraindication')[];
}

const change: fc.Arbitrary<Partial<World>> = fc.oneof(
  fc.record({ consent: fc.constantFrom(true, true, false) }),
  fc.record({ credential: fc.constantFrom(true, true, false) }),
  fc.record({ lot: fc.constantFrom('good', 'good', 'expired', 'elsewhere', 'recalled') }),
  fc.record({ health: fc.constantFrom('well', 'well', 'pregnant', 'allergic', 'heart', 'unlisted') }),
  fc.record({ adverseEvent: fc.constantFrom(false, false, true) }),
);

const REASONS = ['interval-short', 'interval-long', 'depth', 'contraindication'] as const;

const attempt: fc.Arbitrary<Attempt> = fc.record({
  days: fc.constantFrom(0, 0, 1, 7, 14, 14, 30),
  // Mostly nothing changes, or nothing would ever be accepted.
  change: fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: change }),
  command: fc.constantFrom(
    'book',
    'book',
    'perform',
    'perform',
    'perform',
    'hold',
    'decide',
    'miss',
    'cancel',
    'complete',
    'stop',
    'maintenance',
  ),
  byNurse: fc.boolean(),
  ordered: fc.constantFrom(true, true, false),
  identifiers: fc.constantFrom(2, 2, 2, 1),
  positive: fc.constantFrom('none', 'none', 'none', 'aspirin-or-nsaid', 'pregnancy'),
  depthMm: fc.constantFrom(2, 2, 2, 6),
  reasons: fc.oneof(fc.constant(REASONS), fc.subarray([...REASONS])),
});

const HEALTH: Record<World['health'], Record<string, string[]>> = {
  well: {},
  pregnant: { conditions: ['pregnancy'] },
  allergic: { allergies: ['hyaluronic acid'] },
  heart: { conditions: ['cardiovascular-disease'] },
  unlisted: { medications: ['something new'] },
};

function worldOf(world: World, today: LocalDate, { byNurse, ordered }: Attempt): SessionWorld {
  const lot = {
    good: lotWith({ expiresOn: '2030-01-01' }),
    expired: lotWith({ expiresOn: addDays(today, -1) }),
    elsewhere: { lot: { status: 'none' as const }, recall: { status: 'none' as const } },
    recalled: {
      ...lotWith({ expiresOn: '2030-01-01' }),
      recall: { status: 'recalled', recalledOn: today, notices: [{ recalledOn: today, lift: null }] } as never,
    },
  }[world.lot];
  const credentials = world.credential ? [{ procedures: ['facial'], validFrom: '2020-01-01', validTo: null }] : [];
  const { patients } = personWith(HEALTH[world.health]);
  const events = world.adverseEvent ? [{ adverseEventId: 'open', status: 'open', source: 'report' }] : [];
  return {
    protocol: facial,
    person: { patients: patients.map((each) => ({ ...each, adverseEvents: events as never })) },
    practitioner: { ...(byNurse ? nurse : physician), credentials } as never,
    orderedBy: ordered ? physician : undefined,
    consultation: { ...cleared, consents: world.consent ? cleared.consents : [] },
    lots: [lot],
    otherCourses: [],
  };
}

type Performed = ReturnType<typeof SessionPerformed>['data'];

/** The sentences of the domain about a session that was recorded, by the model's own flags. */
function assertAllowed(event: Performed, world: World, of: Attempt, before: readonly Performed[]): void {
  expect(world.consent).toBe(true);
  expect(world.credential).toBe(true);
  expect(world.lot).toBe('good');
  expect(world.adverseEvent).toBe(false);
  expect(of.identifiers).toBeGreaterThanOrEqual(2);
  // Pregnancy and an allergy to a planned substance have no override.
  expect(['pregnant', 'allergic']).not.toContain(world.health);
  expect(of.positive).not.toBe('pregnancy');
  const byPhysician = !of.byNurse || of.ordered;
  expect(byPhysician).toBe(true);
  if (world.health !== 'well') expect(event.overridden).toContain('contraindication');
  if (of.depthMm > 4) expect(event.overridden).toContain('depth');
  const last = before.filter(({ kind }) => kind === 'course').at(-1);
  if (event.kind === 'course' && last) {
    const days = daysBetween(dateOfWall(last.at.wall), dateOfWall(event.at.wall));
    if (days < 14) expect(event.overridden).toContain('interval-short');
    if (days > 14) expect(event.overridden).toContain('interval-long');
  }
  // What was overridden was given a reason, by name.
  for (const kind of event.overridden) expect(of.reasons).toContain(kind);
}

it('never records a session that the domain forbids, whatever happens in whatever order', () => {
  let accepted = 0;
  fc.assert(
    fc.property(fc.array(attempt, { minLength: 5, maxLength: 40 }), (attempts) => {
      const world: World = {
        consent: true,
        credential: true,
        lot: 'good',
        health: 'well',
        adverseEvent: false,
        diedOn: null,
      };
      const history: CourseStreamEvent[] = [planned];
      const performed: Performed[] = [];
      let today = '2026-01-05';
      let held: 'no' | 'waiting' | 'proceed' | 'do-not-treat' = 'no';
      for (const each of attempts) {
        today = addDays(today, each.days);
        Object.assign(world, each.change);
        const state = given(...history) as PlannedCourse;
        const command = commandOf(each, state, worldOf(world, today, each), today);
        if (!command) continue;
        let events: CourseStreamEvent[];
        try {
          events = decideCourse(command, state, at(`${today}T18:00`).instant);
        } catch (error) {
          expect(error).toBeInstanceOf(PistorError);
          // A refusal names the rule that it is made by.
          expect((error as PistorError).fields.every(({ message }) => message !== '')).toBe(true);
          continue;
        }
        for (const event of events) {
          if (event.type === 'SessionPerformed') {
            assertAllowed(event.data, world, each, performed);
            expect(held === 'no' || held === 'proceed').toBe(true);
            if (each.positive === 'aspirin-or-nsaid') expect(held).toBe('proceed');
            expect(event.data.kind === 'course' ? state.status : 'completed').toBe(
              event.data.kind === 'course' ? 'active' : state.status,
            );
            performed.push(event.data);
            accepted += 1;
          }
          if (event.type === 'SessionHeld') held = 'waiting';
          if (event.type === 'SessionHoldDecided') held = event.data.decision;
          if (['SessionPerformed', 'SessionMissed', 'SessionCancelled'].includes(event.type)) held = 'no';
        }
        history.push(...events);
        const after = given(...history) as PlannedCourse;
        expect(new Set(after.sessions.map(({ kind, number }) => `${kind} ${number}`)).size).toBe(after.sessions.length);
        if (after.status === 'completed') {
          expect(after.sessions.filter(({ status, kind }) => kind === 'course' && status === 'booked')).toEqual([]);
        }
      }
    }),
    { numRuns: 1_000 },
  );
  // The model is no use where everything is refused.
  expect(accepted).toBeGreaterThan(100);
});

/** The command of an attempt; undefined where there is no session that it could be about. */
function commandOf(
  of: Attempt,
  state: PlannedCourse,
  world: SessionWorld,
  today: LocalDate,
): CourseCommand | undefined {
  const booked = state.sessions.find(({ status }) => status === 'booked');
  const sessionId = booked?.sessionId ?? '';
  switch (of.command) {
    case 'book':
    case 'maintenance': {
      // One at a time, as a desk does.
      if (booked) return undefined;
      return {
        type: 'BookSession',
        sessionId: newId(),
        kind: of.command === 'book' ? 'course' : 'maintenance',
        siteId,
        practitionerId,
        at: at(`${today}T20:00`),
        products: undefined,
        world: { ...world, openAdverseEvents: [] },
      };
    }
    case 'perform': {
      const check = of.positive === 'none' ? allNo() : { ...allNo(), [of.positive]: 'yes' as const };
      const data = {
        depthMm: of.depthMm,
        check,
        identifiers: (['name', 'birth-date'] as const).slice(0, of.identifiers),
        overrides: of.reasons.map((deviation) => ({ deviation, reason: 'seen' })),
      };
      return booked && { ...perform(world, data, `${today}T17:00`), sessionId };
    }
    case 'hold':
      return (
        booked && {
          type: 'HoldSession',
          sessionId,
          practitionerId,
          protocol: facial,
          data: { practitioner: 'N1', positive: ['aspirin-or-nsaid'] },
        }
      );
    case 'decide':
      return (
        booked && {
          type: 'DecideSessionHold',
          sessionId,
          physicianId,
          physician: of.byNurse ? nurse : physician,
          protocol: facial,
          decision: of.ordered ? 'proceed' : 'do-not-treat',
          reason: 'looked at',
        }
      );
    case 'miss':
      return booked && { type: 'MissSession', sessionId };
    case 'cancel':
      return booked && { type: 'CancelSession', sessionId, reason: 'ill' };
    case 'complete':
      return { type: 'CompleteCourse' };
    case 'stop':
      // Rarely, or no life is long.
      return of.days === 30 && of.identifiers === 1 ? { type: 'StopCourse', reason: 'moved' } : undefined;
  }
}
