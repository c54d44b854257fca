import type { ResolvedEvent } from '@kurrent/kurrentdb-client';
import fc from 'fast-check';
import { newId } from '#libs/kernel/src/ids.js';
import type { EncodedEvent } from './codec.js';
import { GuardFailed, UnreadableEvent, WrongExpectedRevision } from './event-store.errors.js';
import type { AppendRequest, ExpectedRevision, Guard, StreamAppend } from './event-store.js';
import { ALL_CHAINS_PREFIX, nameOf, parseName, prefixOf } from './kurrentdb.names.js';
import { planOf } from './kurrentdb.plan.js';
import { type AppendMarks, logPositionOf, positionOf, readRecord, recordOf } from './kurrentdb.records.js';
import { eventType } from './event-type.js';
import { z } from 'zod';
import { occurredNow } from '#libs/kernel/src/occurred.js';

const CHAIN = '0199d2b4-0000-7000-8000-00000000000a';
const Counted = eventType('Counted', { schema: z.strictObject({ n: z.int() }) });
const counted = (n: number) => Counted(occurredNow('2026-01-31T09:00:00.000Z'), { n });

const streamNames = fc
  .tuple(fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/), fc.stringMatching(/^[\p{L}\p{M}\p{N}._:~-]{1,40}$/u))
  .map(([category, id]) => `${category}-${id}`);

describe('the name that a stream has on the server', () => {
  it('leads back to the stream and its chain', () => {
    fc.assert(
      fc.property(streamNames, fc.uuid(), (stream, chain) => {
        expect(parseName(nameOf(chain, stream))).toEqual({ chain, stream });
      }),
    );
  });

  it('differs from that of every other stream even where letter case is ignored', () => {
    expect(nameOf(CHAIN, 'x-a').toLowerCase()).not.toBe(nameOf(CHAIN, 'x-A').toLowerCase());
    expect(nameOf(CHAIN, 'x-é').toLowerCase()).not.toBe(nameOf(CHAIN, 'x-e\u0301').toLowerCase());
    fc.assert(
      fc.property(streamNames, streamNames, (a, b) => {
        expect(nameOf(CHAIN, a).toLowerCase() === nameOf(CHAIN, b).toLowerCase()).toBe(a === b);
      }),
    );
  });

  it('has only characters that every version of the server takes, and none that a system stream begins with', () => {
    fc.assert(fc.property(streamNames, (stream) => expect(nameOf(CHAIN, stream)).toMatch(/^p[a-z0-9_.-]+$/)));
  });

  it('reads as it is written where it has nothing else, and keeps the category of the server', () => {
    const name = nameOf(CHAIN, 'course-0199d2b4-1111-7000-8000-000000000001');
    expect(name).toBe(`pistor.${CHAIN.replaceAll('-', '')}.course-0199d2b4-1111-7000-8000-000000000001`);
  });

  it('begins with its chain, whose prefix is that of no other chain', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.uuid(), streamNames, (one, other, stream) => {
        expect(nameOf(one, stream).startsWith(prefixOf(one))).toBe(true);
        expect(prefixOf(one).startsWith(ALL_CHAINS_PREFIX)).toBe(true);
        expect(nameOf(one, stream).startsWith(prefixOf(other))).toBe(one === other);
      }),
    );
  });

  it.each(['$ce-pistor', `$$${nameOf(CHAIN, 'x-1')}`, 'pistor.x-1', 'other-1', ''])(
    'is not %p, which is none of ours',
    (name) => expect(parseName(name)).toBeUndefined(),
  );
});

describe('a position', () => {
  it('is where the record begins, and leads back there', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (position) => {
        expect(positionOf(logPositionOf(position))).toBe(position);
      }),
    );
    expect(positionOf({ commit: 900n, prepare: 700n })).toBe(700);
  });

  it('that a number cannot hold exactly is refused', () => {
    const high = BigInt(Number.MAX_SAFE_INTEGER) + 1n;
    expect(() => positionOf({ commit: high, prepare: high })).toThrow(/exact up to 9007199254740991/);
  });

  it('that the server does not tell is refused with what to mend', () => {
    const none = 2n ** 64n - 1n;
    expect(() => positionOf({ commit: none, prepare: none })).toThrow(/22\.6 or newer/);
    expect(() => positionOf(undefined)).toThrow(/22\.6 or newer/);
  });
});

describe('an event', () => {
  const marks: AppendMarks = { attempt: newId(), streams: ['x-1'], clockOffsetMs: 0 };
  const created = new Date('2026-02-01T10:00:00.123Z');

  /** As the client gives back what it was given; the metadata goes over the wire as JSON, with the server's own keys. */
  function asRead(name: string, encoded: EncodedEvent, given = marks): ResolvedEvent {
    const { data, metadata, type } = recordOf(newId(), encoded, given);
    const event = {
      streamId: name,
      id: newId(),
      revision: 7n,
      type,
      isJson: false,
      data: Buffer.from(data),
      metadata: JSON.parse(JSON.stringify({ ...(metadata as object), '$schema.format': 'Bytes' })) as object,
      created,
      position: { commit: 512n, prepare: 512n },
    };
    return { event } as unknown as ResolvedEvent;
  }

  const headerOf = (extra: object) =>
    JSON.stringify({ id: newId(), type: 'Counted', version: 1, actor: 'user:Ayşe', commandId: newId(), ...extra });

  it('comes back with the exact text of its data and its header', () => {
    const texts = fc.string({ unit: 'binary', maxLength: 100 }).map((text) => text.replaceAll('\0', ''));
    fc.assert(
      fc.property(texts, texts, (text, actor) => {
        const data = JSON.stringify({ 10: 1, 2: 2, open: { text } });
        const header = headerOf({ actor });
        const read = readRecord(asRead(nameOf(CHAIN, 'x-Å'), { header, data }));
        expect(read?.event).toEqual({
          chain: CHAIN,
          stream: 'x-Å',
          revision: 7,
          position: 512,
          recordedAt: '2026-02-01T10:00:00.123Z',
          header: JSON.parse(header) as object,
          headerText: header,
          data,
        });
      }),
    );
  });

  it('was recorded by the clock of its chain', () => {
    const given = { ...marks, clockOffsetMs: 3_600_000 };
    const read = readRecord(asRead(nameOf(CHAIN, 'x-1'), { header: headerOf({}), data: '{}' }, given));
    expect(read?.event.recordedAt).toBe('2026-02-01T11:00:00.123Z');
  });

  it('tells which append wrote it, and to which streams', () => {
    const given = { ...marks, streams: ['x-1', 'y-Z'] };
    const read = readRecord(asRead(nameOf(CHAIN, 'x-1'), { header: headerOf({}), data: '{}' }, given));
    expect(read).toMatchObject({ attempt: marks.attempt, streams: ['x-1', 'y-Z'] });
  });

  it('has strings only in its metadata, which is all that the server takes for several streams', () => {
    const { metadata } = recordOf(newId(), { header: headerOf({}), data: '{}' }, { ...marks, clockOffsetMs: 5 });
    expect(Object.values(metadata as object).every((value) => typeof value === 'string')).toBe(true);
  });

  it('has a type that the server takes, whatever ours is', () => {
    const { type } = recordOf(newId(), { header: headerOf({ type: 'Course Ended/1' }), data: '{}' }, marks);
    expect(type).toBe('Course_Ended_1');
  });

  it('that something else wrote is not guessed at', () => {
    const foreign = asRead(nameOf(CHAIN, 'x-1'), { header: headerOf({}), data: '{}' });
    Object.assign(foreign.event as object, { metadata: undefined });
    expect(() => readRecord(foreign)).toThrow(UnreadableEvent);
    expect(() => readRecord(asRead('other-1', { header: headerOf({}), data: '{}' }))).toThrow(UnreadableEvent);
  });

  it('that a link leads to no more is left out', () => {
    expect(readRecord({} as ResolvedEvent)).toBeUndefined();
  });
});

describe('the plan of an append', () => {
  const encoded = Array.from({ length: 9 }, (_, n) => ({ header: '{}', data: `${n}` }));

  function plan(streams: readonly StreamAppend[], guards: readonly Guard[] = [], commandId = newId()) {
    const request: AppendRequest = {
      chain: CHAIN,
      commandId,
      streams,
      guards,
      context: { actor: 'user:test', origin: 'live' },
    };
    return planOf(request, encoded);
  }
  const to = (stream: string, expectedRevision: ExpectedRevision, count = 1): StreamAppend => ({
    stream,
    expectedRevision,
    events: Array.from({ length: count }, (_, n) => counted(n)),
  });
  const name = nameOf(CHAIN, 'x-1');

  it.each<[ExpectedRevision, unknown]>([
    ['no-stream', 'no_stream'],
    [-1, 'no_stream'],
    [0, 0n],
    [5, 5n],
    ['exists', 'stream_exists'],
  ])('asks the server for %p as %p', (expected, state) => {
    expect(plan([to('x-1', expected)]).conditions).toEqual(new Map([[name, state]]));
  });

  it('asks for nothing where any revision will do', () => {
    expect(plan([to('x-1', 'any')]).conditions).toEqual(new Map());
  });

  it.each<[ExpectedRevision, number, unknown]>([
    ['any', 3, 3n],
    ['exists', 3, 3n],
    [3, 3, 3n],
    ['no-stream', -1, 'no_stream'],
  ])('puts %p and a guard of %p on the same stream together as %p', (expected, revision, state) => {
    expect(plan([to('x-1', expected)], [{ stream: 'x-1', revision }]).conditions.get(name)).toBe(state);
  });

  it.each<[ExpectedRevision, number]>([
    [3, 4],
    ['exists', -1],
    [-2, -2],
    [0.5, 0.5],
    [Number.NaN, 0],
  ])('knows that no stream fulfils %p together with %p', (expected, revision) => {
    const { conditions, checks } = plan([to('x-1', expected)], [{ stream: 'x-1', revision }]);
    expect(conditions.has(name)).toBe(true);
    expect(conditions.get(name)).toBeUndefined();
    for (const actual of [-1, 0, 1, 3, 4]) expect(checks.every((check) => check.holds(actual))).toBe(false);
  });

  it('says what failed in the words of the request', () => {
    const { checks } = plan([to('x-1', 2)], [{ stream: 'y-1', revision: 0 }]);
    expect(checks.map((check) => check.failed(9))).toEqual([
      new WrongExpectedRevision('x-1', 2, 9),
      new GuardFailed('y-1', 0, 9),
    ]);
  });

  it('gives the events of a command the same ids each time, and those of another others', () => {
    const command = newId();
    const ids = (on: string, commandId: string) => plan([to(on, 'any', 3)], [], commandId).events.map(({ id }) => id);
    expect(ids('x-1', command)).toEqual(ids('x-1', command));
    const all = [...ids('x-1', command), ...ids('y-1', command), ...ids('x-1', newId())];
    expect(new Set(all).size).toBe(9);
  });

  it('puts the events of a stream that is named twice one after the other', () => {
    const { events, written, streams } = plan([
      to('x-1', 'any', 2),
      to('y-1', 'any', 1),
      to('x-1', 'any', 1),
      to('z-1', 'any', 0),
    ]);
    expect(events.map(({ event }) => event.data)).toEqual(['0', '1', '2', '3']);
    expect(new Set(events.map(({ id }) => id)).size).toBe(4);
    expect([written, streams]).toEqual([
      ['x-1', 'y-1'],
      ['x-1', 'y-1', 'z-1'],
    ]);
  });
});
