import { Invalid, Refused, Unavailable } from '#libs/kernel/src/errors.js';
import type { KurrentDbConnection, ServerTraits } from './kurrentdb.connection.js';

/** From 22.6 on, reading a stream tells where its events stand in the log. */
const OLDEST = { major: 22, minor: 6 };

/**
 * Checks that the server answers, is new enough, and lets this user read everything.
 * @throws Unavailable, Refused `event-store.server-too-old`, Invalid `configuration.kurrentdb`
 */
export async function demandSupported(connection: KurrentDbConnection): Promise<ServerTraits> {
  const traits = await connection.traits().catch(explain);
  demandVersion(traits.version);
  await connection.readAll({ direction: 'backwards', fromPosition: 'end', maxCount: 1 }, () => false).catch(explain);
  return traits;
}

/** @throws Refused */
export function demandVersion(version: string): void {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version)?.map(Number) ?? [];
  // A version that cannot be read but is told at all is newer than those that tell none.
  if (version !== 'unknown' && (major === undefined || minor === undefined)) return;
  const old =
    major === undefined ||
    minor === undefined ||
    major < OLDEST.major ||
    (major === OLDEST.major && minor < OLDEST.minor);
  if (!old) return;
  throw new Refused(
    'event-store.server-too-old',
    `The event store at KURRENTDB_URL has version ${version}. Use EventStoreDB 22.6 or newer, or KurrentDB.`,
    { data: { version } },
  );
}

/** At the start nothing else can be at fault than what KURRENTDB_URL says, or the server itself. */
function explain(problem: unknown): never {
  if (problem instanceof Unavailable && problem.code === 'event-store.access-denied') {
    throw new Invalid('configuration.kurrentdb', `Mend KURRENTDB_URL: ${problem.message}`, {
      fields: [{ field: 'KURRENTDB_URL', message: 'Name a user that may read $all.' }],
      cause: problem,
    });
  }
  if (problem instanceof Unavailable) {
    throw new Unavailable(
      problem.code,
      `No event store answers at KURRENTDB_URL. Start it, or mend host, port and tls there. ${problem.message}`,
      { cause: problem },
    );
  }
  throw problem;
}
