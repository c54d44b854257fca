import type { Database, Queryable } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { MasterKey } from '#libs/event-store/src/master-key.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { OutgoingMessage } from '../channel.contract.js';

/** Messages of one number that an answer is looked for among. */
const KEPT = 20;

/** A message that was to go to a number. */
export interface AnsweredMessage {
  readonly messageId: Id;
  readonly patientId: Id;
}

/** Finds the messages that an SMS answers. Numbers stand nowhere: only their blind index does. */
export class ReplyAddresses {
  constructor(
    private readonly db: Database,
    private readonly master: Pick<MasterKey, 'blindIndex'>,
  ) {}

  /** Before the provider is called: an answer may be faster than what we write down after it. */
  async note(chain: Chain, { channel, to, messageId, patientId, sentAt }: OutgoingMessage): Promise<void> {
    if (channel !== 'sms') return;
    await this.db.query(
      `with noted as (
         insert into message_reply_address as a (chain, address, message_id, patient_id, sent_at)
         values ($1, $2, $3, $4, $5)
         on conflict (chain, address, message_id) do update set sent_at = excluded.sent_at
       )
       delete from message_reply_address where chain = $1 and address = $2 and message_id in (
         select message_id from message_reply_address where chain = $1 and address = $2
         order by sent_at desc, message_id desc offset ${KEPT})`,
      [chain.no, this.indexOf(chain, to), messageId, patientId, sentAt],
    );
  }

  /** Of persons who were erased: what comes from their numbers is nobody's any more. */
  static async forget(tx: Queryable, chain: Chain, patientIds: readonly Id[]): Promise<void> {
    await tx.query('delete from message_reply_address where chain = $1 and patient_id = any($2::uuid[])', [
      chain.no,
      patientIds,
    ]);
  }

  /** What was to go to a number lately, newest first; whether it went, its own stream says. */
  async answered(chain: Chain, from: string): Promise<AnsweredMessage[]> {
    const { rows } = await this.db.query<{ message_id: Id; patient_id: Id }>(
      `select message_id, patient_id from message_reply_address
       where chain = $1 and address = $2 order by sent_at desc, message_id desc limit ${KEPT}`,
      [chain.no, this.indexOf(chain, from)],
    );
    return rows.map((row) => ({ messageId: row.message_id, patientId: row.patient_id }));
  }

  private indexOf(chain: Chain, number: string): string {
    return this.master.blindIndex(`${chain.id} phone`, digitsOf(number));
  }
}

/** The same number is written in many ways; `00` and `+` begin the same one. */
const digitsOf = (number: string): string => number.replace(/\D/g, '').replace(/^00/, '');

export const sameNumber = (a: string, b: string): boolean => digitsOf(a) !== '' && digitsOf(a) === digitsOf(b);
