import * as client from '@kurrent/kurrentdb-client';
import { Conflict, Overloaded, Unavailable } from '#libs/kernel/src/errors.js';
import { AppendTooLarge } from './event-store.errors.js';
import { actualRevisions, isLost, problemOf, TimedOut } from './kurrentdb.errors.js';
import { demandVersion } from './kurrentdb.server.js';

/** As gRPC reports a failed call. */
const grpc = (code: number, details: string) => Object.assign(new Error(`${code} ${details}`), { code, details });
const service = (code: number, details: string) => grpc(code, details) as never;

describe('an error of the client', () => {
  it.each<[string, unknown]>([
    ['that no server is there', grpc(14, 'UNAVAILABLE: No connection established')],
    ['that no node of a cluster is found', new Error('Failed to discover after 10 attempts.')],
    ['that a call took too long', new TimedOut(300)],
    ['of the server’s deadline', new client.DeadlineExceededError(service(4, 'Deadline exceeded'))],
    ['that the server is not ready', new client.UnavailableError(service(14, 'Server Is Not Ready'))],
    ['that the call was given up', new client.CancelledError(service(1, 'Cancelled'))],
    ['that another node leads', Object.assign(new Error('not leader'), { type: client.ErrorType.NOT_LEADER })],
    ['of the second protocol that another node leads', new client.UnknownError(service(9, 'is not the leader node'))],
  ])('%s leaves open what became of the call, and ends the connection', (_what, error) => {
    const problem = problemOf(error);
    expect(problem).toBeInstanceOf(Unavailable);
    expect(problem).toMatchObject({ code: 'event-store.unavailable', cause: error });
    expect(isLost(problem)).toBe(true);
  });

  it.each<[string, unknown]>([
    ['that the client does not understand', new client.UnknownError(service(2, 'Unexpected ReadAllResult: Error'))],
    ['of a commit that took too long', new client.TimeoutError(service(10, 'Operation timed out'))],
    ['of an append of many that took too long', new client.DeadlineExceededError()],
  ])('%s leaves it open, too, but is no reason for another connection', (_what, error) => {
    const problem = problemOf(error);
    expect(problem).toBeInstanceOf(Unavailable);
    expect(isLost(problem)).toBe(false);
  });

  it('about rights says so', () => {
    for (const error of [new client.AccessDeniedError(), grpc(7, 'Access Denied'), grpc(16, 'no credentials')])
      expect(problemOf(error)).toMatchObject({ kind: 'unavailable', code: 'event-store.access-denied' });
  });

  it('about a deleted stream is a conflict', () => {
    expect(problemOf(client.StreamDeletedError.fromStreamName('x'))).toBeInstanceOf(Conflict);
    expect(problemOf(new client.StreamTombstonedError(service(9, 'gone'), { stream: 'x' }))).toBeInstanceOf(Conflict);
  });

  it('about size tells the bound', () => {
    const errors = [
      client.MaxAppendSizeExceededError.fromMaxAppendSize(1_048_576),
      new client.TransactionMaxSizeExceededError(service(10, 'too large'), { size: 2_000_000, maxSize: 1_048_576 }),
    ];
    for (const error of errors) {
      expect(problemOf(error)).toBeInstanceOf(AppendTooLarge);
      expect(problemOf(error)).toMatchObject({ kind: 'invalid', data: { bytesMax: 1_048_576 } });
    }
    expect(problemOf(grpc(8, 'Received message larger than max'))).toBeInstanceOf(AppendTooLarge);
    expect(problemOf(grpc(8, 'too many requests'))).toBeInstanceOf(Overloaded);
  });

  it('that the append or the read has to explain comes back as it is', () => {
    const errors = [
      new client.WrongExpectedVersionError(null as never, { streamName: 'x', current: 4n, expected: 'no_stream' }),
      new client.AppendConsistencyViolationError(service(9, 'violated'), {
        violationsList: [{ checkIndex: 0, streamState: { stream: 'x', expectedState: '-1', actualState: '4' } }],
      }),
      new client.AppendRecordSizeExceededError(service(3, 'large'), {
        stream: 'x',
        recordId: 'y',
        size: 2,
        maxSize: 1,
      }),
      new client.StreamNotFoundError(null as never, 'x'),
    ];
    for (const error of errors) expect(problemOf(error)).toBe(error);
  });

  it('of a programmer comes back as it is', () => {
    for (const error of [new TypeError('x is not a function'), grpc(3, 'Invalid request'), grpc(12, 'unknown method')])
      expect(problemOf(error)).toBe(error);
  });
});

describe('the actual revisions of an append that was refused', () => {
  const wrong = (current: bigint | 'no_stream') =>
    new client.WrongExpectedVersionError(null as never, { streamName: 'as sent', current, expected: 3n });

  it('are told for one stream', () => {
    expect(actualRevisions(wrong(5n), 'a')).toEqual(new Map([['a', 5]]));
    expect(actualRevisions(wrong('no_stream'), 'a')).toEqual(new Map([['a', -1]]));
  });

  it('are told for several, where a deleted stream is none', () => {
    const states = { a: '4', b: '-1', c: '-6' };
    const violationsList = Object.entries(states).map(([stream, actualState], checkIndex) => ({
      checkIndex,
      streamState: { stream, expectedState: '0', actualState },
    }));
    const error = new client.AppendConsistencyViolationError(service(9, 'violated'), { violationsList });
    expect(actualRevisions(error, 'a')).toEqual(new Map(Object.entries({ a: 4, b: -1, c: -1 })));
  });

  it('may be unknown', () => {
    expect(actualRevisions({ type: 'wrong-expected-version' }, 'a')).toEqual(new Map());
  });

  it('are not told by any other error', () => {
    for (const error of [new Error('x'), new client.UnavailableError(), new Unavailable('x', 'y')])
      expect(actualRevisions(error, 'a')).toBeUndefined();
  });
});

describe('the version of the server', () => {
  it.each(['22.6.0', '22.10.5', '23.10.0', '24.10.13.0', '25.1.0', '26.1.1.3600', '27.0.0-alpha', 'oss-v25'])(
    '%s is taken',
    (version) => expect(() => demandVersion(version)).not.toThrow(),
  );

  it.each(['unknown', '5.0.11', '20.10.5', '21.10.9', '22.2.0'])('%s is refused with what to mend', (version) => {
    expect(() => demandVersion(version)).toThrow(/22\.6 or newer/);
  });
});
