import type { Database } from '#libs/database/src/database.js';
import type { Boxes } from '#libs/event-store/src/boxes.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { Channel, OutgoingMessage, SendResult } from '../channel.contract.js';

/**
 * The embedded channel: messages go into a table that the console shows. The message's id is the key that makes sending
 * twice sending once; address and text lie in a box under the patient's contact key.
 */
export class OutboxChannel implements Channel {
  readonly transport = 'outbox';
  /** `claim` tells better. */
  readonly deduplicatesForMs = 0;

  constructor(
    private readonly db: Database,
    private readonly boxes: Boxes,
  ) {}

  async send(chain: Chain, message: OutgoingMessage): Promise<SendResult> {
    const { messageId, patientId, to, subject, body } = message;
    const [sealed] = await this.boxes.close(chain, [
      { subject: patientId, class: 'contact', of: messageId, value: { to, subject, body } },
    ]);
    if (!sealed) return { kind: 'rejected', problem: 'the patient was erased' };
    // The row of the claim is the lock that a later attempt waits for; with a lower attempt nothing is written.
    const { rows } = await this.db.query<{ claimed: boolean }>({
      name: 'outbox_send',
      text: `with claim as (
               insert into outbox_claim as c (chain, message_id, attempt) values ($1, $2, $3)
               on conflict (chain, message_id) do update set attempt = excluded.attempt where c.attempt <= excluded.attempt
               returning 1
             ), sent as (
               insert into outbox (chain, message_id, patient_id, course_id, site_id, kind, channel, language,
                                   template_hash, box, sent_at, attempt)
               select $1, $2, $4, $5, $6, $7, $8, $9, $10, $11, $12, $3 from claim
               on conflict (chain, message_id) do nothing
             )
             select exists (select 1 from claim) as claimed`,
      values: [
        ...[chain.no, messageId, message.attempt, patientId, message.courseId, message.siteId, message.kind],
        ...[message.channel, message.language, message.templateHash, JSON.stringify(sealed), message.sentAt],
      ],
    });
    return rows[0]?.claimed ? { kind: 'accepted', reference: referenceOf(messageId) } : { kind: 'shut-out' };
  }

  async claim(chain: Chain, { messageId, attempt }: { messageId: Id; attempt: number }): Promise<string | null> {
    return this.db.transaction(async (tx) => {
      await tx.query(
        `insert into outbox_claim as c (chain, message_id, attempt) values ($1, $2, $3)
         on conflict (chain, message_id) do update set attempt = greatest(c.attempt, excluded.attempt)`,
        [chain.no, messageId, attempt],
      );
      const { rows } = await tx.query('select 1 from outbox where chain = $1 and message_id = $2', [
        chain.no,
        messageId,
      ]);
      return rows.length > 0 ? referenceOf(messageId) : null;
    });
  }
}

const referenceOf = (messageId: Id): string => `outbox/${messageId}`;
