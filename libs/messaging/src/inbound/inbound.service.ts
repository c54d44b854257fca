import type { CommandRunner, Reads, StreamEvents } from '#libs/cqrs/src/command-runner.js';
import type { Chain, Chains } from '#libs/event-store/src/chains.js';
import { isErased } from '#libs/event-store/src/personal-data.js';
import { NotFound } from '#libs/kernel/src/errors.js';
import { derivedId, type Id } from '#libs/kernel/src/ids.js';
import type { ContactCategory } from '#libs/protocols/src/contact-category.js';
import { decideContact, patientFold, type PatientState, patientStream } from '#libs/treatment/src/streams.contract.js';
import type { Receipt } from '../channel.contract.js';
import { actionsOf, type AnswerLinks, type LinkAction } from '../dispatch/answer-links.js';
import { decide } from '../message/message.decider.js';
import { categoryOf, type MessageKind, messageStream, type ReplyMeaning } from '../message/message.events.js';
import { evolveWith, type KnownMessage, messageFold, type MessageState } from '../message/message.state.js';
import { type ReplyAddresses, sameNumber } from './reply-address.js';
import { type DigitMeanings, meaningOfReply } from './reply-meaning.js';
import type { SlotAnswer, SlotAnswers } from './slot-answers.js';

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
  /** Who holds times for patients; undefined where nobody does. */
  readonly slots?: SlotAnswers | undefined;
}

const SLOT_ANSWERS: Partial<Record<ReplyMeaning, SlotAnswer>> = { confirm: 'confirm', cancel: 'cancel', stop: 'stop' };

/** What comes back: receipts of providers, and what patients answer. Everything may come twice, late and in any order. */
export class InboundService {
  constructor(private readonly deps: InboundDependencies) {}

  /**
   * What a provider says of a message: whatever it says of its delivery, it has taken it. One that was never here, or that
   * another call has settled, is passed over.
   */
  async receipt(chain: Chain, { messageId, reference, status, problem, by }: Receipt): Promise<void> {
    const commandId = derivedId(messageId, `receipt ${reference} ${status}`);
    await this.deps.runner.run({ chain, actor: ACTOR_PROVIDER, commandId }, async (reads) => {
      const stream = messageStream(messageId);
      const { state } = await reads.load(stream, messageFold);
      if (state.status === 'none') return [];
      const { now } = reads;
      const taken = { kind: 'record-sent', attempt: state.attempts, providerReference: reference, by } as const;
      const sent = decide(taken, state, now);
      if (status === 'accepted') return [{ stream, events: sent }];
      const after = sent.reduce<MessageState>((so, event) => evolveWith(so, event, now), state);
      return [
        { stream, events: [...sent, ...decide({ kind: 'report-delivery', reference, status, problem }, after, now)] },
      ];
    });
  }

  /**
   * An SMS from a number. It answers the last message that went there; digits answer the last one that asked for them. STOP
   * and START concern the number, and so everybody who is reached by it: a parent's may stand for several. From a number
   * that was never written to, or that is not the patient's any more, nothing is taken.
   */
  async reply(chain: Chain, reply: TextReply): Promise<void> {
    const { from, reference } = reply;
    const answered = await this.deps.addresses.answered(chain, from);
    // What is answered is found among what went, newest first; each patient's wish is noted with their own last message.
    let isAnswered = false;
    const wished = new Set<Id>();
    for (const { messageId, patientId } of answered) {
      const commandId = derivedId(messageId, `reply ${reference}`);
      await this.deps.runner.run({ chain, actor: ACTOR_PATIENT, commandId }, async (reads) => {
        const { state } = await reads.load(messageStream(messageId), messageFold);
        const { state: patient } = await reads.load(patientStream(patientId), patientFold);
        if (!mayHaveCome(state) || !isReachedBy(patient, from)) return [];
        const meaning = meaningFor(reply, state, patient);
        const said = replied(state, { meaning, via: 'sms', text: reply.text }, reads);
        if (meaning === 'stop' || meaning === 'start') {
          if (wished.has(patientId)) return [];
          wished.add(patientId);
          const type = meaning === 'stop' ? 'StopSms' : 'ResumeSms';
          const events = decideContact({ type, messageId }, patient, reads.now);
          return [said, { stream: patientStream(patientId), events }];
        }
        const asksForIt = !isDigit(reply.text) || DIGITS[state.planned.kind] !== undefined;
        if (isAnswered || !asksForIt) return [];
        isAnswered = true;
        return [said];
      });
    }
  }

  /**
   * A link in a message was followed and confirmed. What was said to a time that is held is taken at once, so that the
   * patient is told what came of it.
   * @returns `gone` where the time is not the patient's to have any more
   * @throws NotFound `message.unknown` for an address that we did not make
   */
  async follow(chain: Chain, token: string, action: LinkAction): Promise<'taken' | 'gone'> {
    const messageId = this.read(chain, token);
    const now = await this.deps.chains.now(chain);
    const meaning = MEANINGS[action];
    const meta = { chain, actor: ACTOR_PATIENT, commandId: derivedId(messageId, `${action} at ${now}`) };
    await this.deps.runner.run(meta, async (reads) => {
      const state = await this.known(reads, messageId);
      // An address that a message did not hold was made up from one that it did.
      if (!actionsOf(state.planned.kind).includes(action)) throw unknownMessage();
      const said = replied(state, { meaning, via: 'link', text: null }, reads);
      if (meaning !== 'stop') return [said];
      return [said, ...(await this.end(reads, state))];
    });
    const { state } = await this.deps.runner.read(chain, messageStream(messageId), messageFold);
    const answer = SLOT_ANSWERS[meaning];
    const cause = state.status === 'none' ? undefined : state.planned.cause;
    if (!answer || cause?.kind !== 'maintenance-slot' || !this.deps.slots) return 'taken';
    return this.deps.slots.answer(chain, cause.slotId, answer);
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
    // A patient who was erased has no wishes any more.
    if (patient.status === 'none') return [];
    const wish = { type: 'OptOut', categories: [categoryOf(kind)], by: 'link', messageId } as const;
    return [{ stream: patientStream(patientId), events: decideContact(wish, patient, reads.now) }];
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

/** What did not go is not answered. */
const mayHaveCome = (state: MessageState): state is KnownMessage =>
  state.status === 'sent' || state.status === 'unknown' || state.status === 'attempted';

/** Numbers change hands: whoever holds this one now says nothing for a patient who has another. */
const isReachedBy = (patient: PatientState, from: string): patient is Exclude<PatientState, { status: 'none' }> =>
  patient.status !== 'none' && !isErased(patient.identity) && sameNumber(patient.identity.phone ?? '', from);

const isDigit = (text: string): boolean => /^\D{0,4}\p{N}\D{0,4}$/u.test(text.trim());

/**
 * What an answer means to one message. `Yes` is a word of the provider's for START, and most people's for what they were
 * asked: it is START only from somebody who has stopped.
 */
function meaningFor(
  { text, optOut }: TextReply,
  { planned }: KnownMessage,
  { contact }: Exclude<PatientState, { status: 'none' }>,
): ReplyMeaning {
  const digits = DIGITS[planned.kind] ?? {};
  const meaning = optOut ?? meaningOfReply(text, digits);
  if (meaning !== 'start' || optOut === 'start' || contact.smsStopped) return meaning;
  return digits[1] ?? 'other';
}
