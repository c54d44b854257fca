import type { MessageKind } from '../message/message.events.js';
import type { Block } from './template-blocks.js';

/** What one kind of message says in one language, in Liquid. Texts of the protocol come in as values. */
export interface MessageTemplate {
  /** Seen on lock screens and by whoever shares a mailbox: never the name of a treatment. */
  readonly subject: string;
  /** What the plain text and the HTML are both made of, so that they can never say two things. */
  readonly email: readonly Block[];
  /** Short, and without the name of a treatment. */
  readonly sms: string;
}

/** `precaution-notice` serves for all notices ahead of a session. */
export const TEMPLATE_NAMES = [
  'aftercare',
  'all-clear',
  'check-in',
  'session-reminder',
  'session-moved',
  'session-called-off',
  'precaution-notice',
  'maintenance-due-soon',
  'maintenance-due',
  'maintenance-overdue',
  'maintenance-proposal',
] as const;
export type TemplateName = (typeof TEMPLATE_NAMES)[number];

/** What a template is written for: an SMS says less, and is read by others. */
export const TEMPLATE_CHANNELS = ['email', 'sms'] as const;
export type ChannelKind = (typeof TEMPLATE_CHANNELS)[number];

/** The template that a kind of message is written from. */
export const templateOf = (kind: MessageKind): TemplateName => (kind === 'aspirin-notice' ? 'precaution-notice' : kind);

/** Texts in ICU MessageFormat by their names: what counts something, and what stands in a calendar. */
export type Phrases = Readonly<Record<string, string>>;

/** Phrases that every language has, since messages are made of them whatever their template says. */
export const STANDING_PHRASES = ['your-clinic', 'appointment', 'appointment-at'] as const;
export type StandingPhrase = (typeof STANDING_PHRASES)[number];

/** The words of one language. */
export interface TemplateSet {
  /** What stands between a label and what it is of; the French put a space before it. */
  readonly colon: string;
  readonly phrases: Phrases & Readonly<Record<StandingPhrase, string>>;
  readonly templates: Readonly<Record<TemplateName, MessageTemplate>>;
}
