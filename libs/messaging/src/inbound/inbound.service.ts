import type { CommandMeta, CommandRunner, Reads, StreamEvents } from '#libs/cqrs/src/command-runner.js';
import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import { NotFound } from '#libs/kernel/src/errors.js';
import { derivedId, type Id } from '#libs/kernel/src/ids.js';
import { type ContactCategory, contactCategorySchema } from '#libs/protocols/src/contact-category.js';
import { decideContact, patientFold, type PatientState, patientStream } from '#libs/treatment/src/streams.contract.js';
import type { Receipt } from '../channel.contract.js';
import type { AnswerLinks, LinkAction } from '../dispatch/answer-links.js';
import { decide, type MessageCommand } from '../message/message.decider.js';
import { categoryOf, type MessageKind, messageStream, type ReplyMeaning } from '../message/message.events.js';
import { type KnownMessage, messageFold } from '../message/message.state.js';
import type { ReplyAddresses } from './reply-address.js';
import { type DigitMeanings, meaningOfReply } from './reply-meaning.js';

const ACTOR_PROVIDER = 'system:provider';
const ACTOR_PATIENT = 'patient';

/** An SMS that somebody sent to a number of ours. */
export interface TextReply {
  /** Number of whoever wrote. */
  readonly from: string;
  readonly text: string;
  /** The provider's id of it: the same where it is told again. */
  readonly reference: string;
  /** The provider has shut or opened the number by itself. */
  readonly optOut?: 'stop' | 'start';
}

/** What digits mean in an answer to a message. */
const DIGITS: Partial<Record<MessageKind, DigitMeanings<ReplyMeaning>>> = {
  'check-in': { 1: 'well', 2: 'worried' },
  'maintenance-proposal': { 1: 'confirm', 2: 'cancel' },
  'session-reminder': { 1: 'confirm', 2: 'cancel' },
  'session-moved': { 1: 'confirm', 2: 'cancel' },
};

const MEANINGS: Readonly<Record<LinkAction, ReplyMeaning>> = {
  ...{ confirm: 'confirm', other: 'cancel', stop: 'stop', well: 'well', worried: 'worried' },
};

export interface InboundDependencies {
  readonly runner: CommandRunner;
  readonly chains: Pick<Chains, 'now'>;
  readonly links: AnswerLinks;
  readonly addresses: ReplyAddresses;
}

/** What comes back: receipts of providers, and what patients answer. Everything may come twice, late and in any order. */
export class InboundService {
  constructor(private readonly deps: InboundDependencies) {}

  /** What a provider says of a message. One that was never here, or is settled otherwise, is passed over. */
  async receipt(chain: Chain, { messageId, reference, status, problem }: Receipt): Promise<void> {
    const meta: CommandMeta = {
      ...{ chain, actor: ACTOR_PROVIDER },
      commandId: derivedId(messageId, `receipt ${reference} ${status}`),
    };
    const stream = messageStream(messageId);
    await this.deps.runner.run(meta, async (reads) => {
      const { state } = await reads.load(stream, messageFold);
      if (state.status === 'none') return [];
      // Whatever it says of delivery, the provider has taken it.
      const taken: MessageCommand = { kind: 'record-sent', attempt: state.attempts, providerReference: reference };
      const sent = state.status === 'unknown' ? decide(taken, state, reads.now) : [];
      if (status === 'accepted' || state.status === 'unknown') return [{ stream, events: sent }];
      const events = decide({ kind: 'report-delivery', reference, status, problem }, state, reads.now);
      return [{ stream, events }];
    });
    if (status !== 'accepted') await this.reportDelivery(chain, { messageId, reference, status, problem });
  }

  /** What was unknown a moment ago is sent now, and can be reported of. */
  private async reportDelivery(
    chain: Chain,
    { messageId, reference, status, problem }: Receipt & { readonly status: 'delivered' | 'undelivered' },
  ): Promise<void> {
    const commandId = derivedId(messageId, `delivery ${reference} ${status}`);
    await this.deps.runner.run({ chain, actor: ACTOR_PROVIDER, commandId }, async (reads) => {
      const stream = messageStream(messageId);
      const { state } = await reads.load(stream, messageFold);
      const events = decide({ kind: 'report-delivery', reference, status, problem }, state, reads.now);
      return [{ stream, events }];
    });
  }

  /**
   * An SMS from a number. It answers the last message that went there, of each patient who is reached by it; a parent's
   * number may stand for several. From a number that was never written to nothing is taken.
   */
  async reply(chain: Chain, { from, text, reference, optOut }: TextReply): Promise<void> {
    const answered = await this.deps.addresses.answered(chain, from);
    const [newest] = answered;
    for (const { messageId, patientId } of answered) {
      const commandId = derivedId(messageId, `reply ${reference}`);
      await this.deps.runner.run({ chain, actor: ACTOR_PATIENT, commandId }, async (reads) => {
        const { state } = await reads.load(messageStream(messageId), messageFold);
        if (state.status === 'none') return [];
        const meaning = optOut ?? meaningOfReply(text, DIGITS[state.planned.kind]);
        const isWish = meaning === 'stop' || meaning === 'start';
        // Anything but a wish that concerns the number is meant for the message that came last.
        if (!isWish && messageId !== newest?.messageId) return [];
        const { state: patient } = await reads.load(patientStream(patientId), patientFold);
        const wish = isWish ? wishes(meaning, bySms(patient), { patient, by: 'reply', messageId }, reads) : [];
        return [replied(state, { meaning, via: 'sms', text }, reads), ...wish];
      });
    }
  }

  /**
   * A link in a message was followed and confirmed.
   * @throws NotFound `message.unknown` for an address that we did not make
   */
  async follow(chain: Chain, token: string, action: LinkAction): Promise<void> {
    const messageId = this.read(chain, token);
    const now = await this.deps.chains.now(chain);
    const meaning = MEANINGS[action];
    const meta = { chain, actor: ACTOR_PATIENT, commandId: derivedId(messageId, `${action} at ${now}`) };
    await this.deps.runner.run(meta, async (reads) => {
      const state = await this.known(reads, messageId);
      const said = replied(state, { meaning, via: 'link', text: null }, reads);
      if (meaning !== 'stop') return [said];
      return [said, ...(await this.end(reads, state))];
    });
  }

  /**
   * Ends the kind of message that this one is.
   * @throws NotFound `message.unknown` for an address that we did not make
   */
  async unsubscribe(chain: Chain, token: string): Promise<{ readonly category: ContactCategory }> {
    const messageId = this.read(chain, token);
    const now = await this.deps.chains.now(chain);
    const meta = { chain, actor: ACTOR_PATIENT, commandId: derivedId(messageId, `unsubscribe at ${now}`) };
    let category: ContactCategory = 'recall';
    await this.deps.runner.run(meta, async (reads) => {
      const state = await this.known(reads, messageId);
      category = categoryOf(state.planned.kind);
      return this.end(reads, state);
    });
    return { category };
  }

  /** What a link leads to and in which language the message was, for the page that asks to confirm it. @throws NotFound `message.unknown` */
  async linked(
    chain: Chain,
    token: string,
  ): Promise<{ readonly kind: MessageKind; readonly language: string | undefined }> {
    const { state } = await this.deps.runner.read(chain, messageStream(this.read(chain, token)), messageFold);
    if (state.status === 'none') throw unknownMessage();
    return { kind: state.planned.kind, language: state.language };
  }

  private read(chain: Chain, token: string): Id {
    const messageId = this.deps.links.read(chain, token);
    if (messageId === null) throw unknownMessage();
    return messageId;
  }

  private async known(reads: Reads, messageId: Id): Promise<KnownMessage> {
    const { state } = await reads.load(messageStream(messageId), messageFold);
    if (state.status === 'none') throw unknownMessage();
    return state;
  }

  private async end(reads: Reads, { planned }: KnownMessage): Promise<StreamEvents[]> {
    const { messageId, patientId, kind } = planned;
    const { state: patient } = await reads.load(patientStream(patientId), patientFold);
    return wishes('stop', [categoryOf(kind)], { patient, by: 'link', messageId }, reads);
  }
}

const unknownMessage = () => new NotFound('message.unknown', 'This address leads to nothing.');

function replied(
  state: KnownMessage,
  reply: { readonly meaning: ReplyMeaning; readonly via: 'sms' | 'link'; readonly text: string | null },
  { now }: Reads,
): StreamEvents {
  const events = decide({ kind: 'reply', ...reply }, state, now);
  return { stream: messageStream(state.planned.messageId), events };
}

/** A patient who was erased, or never was here, has no wishes any more. */
function wishes(
  meaning: 'stop' | 'start',
  categories: readonly ContactCategory[],
  wish: { readonly patient: PatientState; readonly by: 'link' | 'reply'; readonly messageId: Id },
  { now }: Reads,
): StreamEvents[] {
  const { patient, by, messageId } = wish;
  if (patient.status === 'none' || categories.length === 0) return [];
  const type = meaning === 'stop' ? 'OptOut' : 'OptIn';
  const events = decideContact({ type, categories, by, messageId }, patient, now);
  return [{ stream: patientStream(patient.patientId), events }];
}

/** What goes to the patient by SMS: a word to a number concerns what comes from there. */
function bySms(patient: PatientState): ContactCategory[] {
  if (patient.status === 'none') return [];
  const { preference, contact } = patient;
  return contactCategorySchema.options.filter(
    (category) => (contact.choices.channels[category] ?? preference.channel) === 'sms',
  );
}
