import { timingSafeEqual } from 'node:crypto';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { MasterKey } from '#libs/event-store/src/master-key.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { categoryOf, type MessageKind } from '../message/message.events.js';
import type { MessageLinks } from '../templates/message-content.js';

/** What a patient may answer by following a link. */
export const LINK_ACTIONS = ['confirm', 'other', 'stop', 'well', 'worried'] as const;
export type LinkAction = (typeof LINK_ACTIONS)[number];

/** What a message asks its reader to answer by a link. */
export function actionsOf(kind: MessageKind): readonly LinkAction[] {
  if (kind === 'maintenance-proposal') return ['confirm', 'other', 'stop'];
  return kind === 'check-in' ? ['well', 'worried'] : [];
}

/** Of a path: the message's id, and the proof that it was we who wrote it. Nothing in it says who the patient is. */
const MAC_CHARACTERS = 22;
const TOKEN = /^([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})\.([\w-]{22})$/;

/**
 * Addresses that a patient answers by without signing in: whoever has one has the message. They are the same for ever and
 * can neither be guessed nor be made from another message's.
 */
export class AnswerLinks {
  /** @param publicUrl where patients reach this deployment; undefined where they cannot */
  constructor(
    private readonly master: Pick<MasterKey, 'blindIndex'>,
    private readonly publicUrl: string | undefined,
  ) {}

  /** The links of a message; undefined where nobody can be reached from outside. */
  of(
    chain: Chain,
    { messageId, kind }: { readonly messageId: Id; readonly kind: MessageKind },
  ): MessageLinks | undefined {
    if (this.publicUrl === undefined) return undefined;
    const base = `${this.publicUrl.replace(/\/+$/, '')}/m/${this.token(chain, messageId)}`;
    const links = Object.fromEntries(actionsOf(kind).map((action) => [action, `${base}/${action}`]));
    // Mail programs offer it as a button. Nobody should end what they are to do after a treatment by a slip of the thumb.
    return { ...links, ...(categoryOf(kind) === 'clinical' ? {} : { unsubscribe: `${base}/unsubscribe` }) };
  }

  /** The proof that goes with a message's id in an address. */
  token(chain: Chain, messageId: Id): string {
    return `${messageId}.${this.mac(chain, messageId)}`;
  }

  /** @returns the message that a token was made for; null where we never made it */
  read(chain: Chain, token: string): Id | null {
    const [, messageId, mac] = TOKEN.exec(token) ?? [];
    if (messageId === undefined || mac === undefined) return null;
    return timingSafeEqual(Buffer.from(mac), Buffer.from(this.mac(chain, messageId))) ? messageId : null;
  }

  private mac(chain: Chain, messageId: Id): string {
    return this.master.blindIndex(`${chain.id} message link`, messageId).slice(0, MAC_CHARACTERS);
  }
}
