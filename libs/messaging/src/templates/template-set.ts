/** What one kind of message says in one language, in Liquid. Texts of the protocol come in as values. */
export interface MessageTemplate {
  /** Seen on lock screens and by whoever shares a mailbox: never the name of a treatment. */
  readonly subject: string;
  readonly email: string;
  /** Short, and without the name of a treatment. */
  readonly sms: string;
}

/** `precaution-notice` serves for all notices ahead of a session. */
export const TEMPLATE_NAMES = [
  'aftercare',
  'all-clear',
  'check-in',
  'session-reminder',
  'precaution-notice',
  'maintenance-due-soon',
  'maintenance-due',
  'maintenance-overdue',
] as const;
export type TemplateName = (typeof TEMPLATE_NAMES)[number];

export type TemplateSet = Readonly<Record<TemplateName, MessageTemplate>>;
