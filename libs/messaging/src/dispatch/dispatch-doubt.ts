import type { CommandRunner } from '#libs/cqrs/src/command-runner.js';
import type { Database } from '#libs/database/src/database.js';
import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import { derivedId, type Id } from '#libs/kernel/src/ids.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import { decide } from '../message/message.decider.js';
import { type MessageEvent, messageStream } from '../message/message.events.js';
import { messageFold } from '../message/message.state.js';
import { MESSAGES_SCHEMA } from '../messages/messages.projection.js';

const ACTOR = 'worker:dispatch-doubt';
/** Messages of one look. */
const BATCH = 500;

export interface DispatchDoubtDependencies {
  readonly db: Database;
  readonly chains: Chains;
  readonly runner: CommandRunner;
  /**
   * Waits until the message planner and the read model of messages have come to the head of the log. A message that they
   * do not know yet would be taken for one that nobody can have sent.
   */
  readonly atHead: (chain: Chain) => Promise<void>;
}

/**
 * After a backup was restored: records of every message that is due by now, and pending, that it may have been sent by
 * the system that went on after the backup. It is `unknown` from then on, until a person lets it go again or a receipt
 * says what became of it. To be called while dispatch is closed, just before it opens.
 *
 * Also of what was due before the backup and still pending at its instant, be it held, late or just being sent: that may
 * have left after it. Repeating it is harmless, and never takes back that a person let a message go; interrupted, it goes
 * on.
 *
 * @param since the instant of the backup, by the chain's clock
 * @returns how many messages became unknown
 * @throws Unavailable when the database, or what has to follow the log, does not answer
 */
export async function doubtDueSince(deps: DispatchDoubtDependencies, chain: Chain, since: Instant): Promise<number> {
  const { db, chains, atHead } = deps;
  // What falls due while this runs falls due in a system that knows what it has sent.
  const until = await chains.now(chain);
  const problem = `It was due by ${until}, and a backup of ${since} was restored: it may have been sent in between.`;
  let doubted = 0;
  await atHead(chain);
  for (let after: { due: Date; id: Id } | undefined; ; ) {
    const { rows } = await db.query<{ message_id: Id; next_due: Date }>(
      `select message_id, next_due from ${MESSAGES_SCHEMA}.message
       where chain = $1 and status in ('pending', 'held', 'attempted') and next_due <= $2
         and ($3::timestamptz is null or (next_due, message_id) > ($3, $4::uuid))
       order by next_due, message_id limit $5`,
      [chain.no, until, after?.due ?? null, after?.id ?? null, BATCH],
    );
    for (const { message_id: messageId } of rows) {
      if (await doubt(deps.runner, chain, messageId, since, problem)) doubted += 1;
    }
    const last = rows.at(-1);
    if (!last || rows.length < BATCH) break;
    after = { due: last.next_due, id: last.message_id };
  }
  // Whoever opens dispatch next looks at the rows: they must not show as pending what is not.
  await atHead(chain);
  return doubted;
}

async function doubt(
  runner: CommandRunner,
  chain: Chain,
  messageId: Id,
  since: Instant,
  problem: string,
): Promise<boolean> {
  let decided: readonly MessageEvent[] = [];
  const meta = { chain, commandId: derivedId(messageId, `doubt since ${since}`), actor: ACTOR };
  const { repeated } = await runner.run(meta, async (reads) => {
    const stream = messageStream(messageId);
    const { state } = await reads.load(stream, messageFold);
    decided = decide({ kind: 'doubt', problem }, state, reads.now);
    return [{ stream, events: [...decided] }];
  });
  return decided.length > 0 && !repeated;
}
