import { assertNever } from '#libs/kernel/src/assert-never.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import type { ContactCategory } from '#libs/protocols/src/contact-category.js';
import { sameData } from '../same-data.js';
import {
  type ContactChoices,
  type ContactEvent,
  PatientContactChoicesSet,
  PatientOptedIn,
  PatientOptedOut,
  PatientSmsResumed,
  PatientSmsStopped,
  type WishedBy,
} from './contact.events.js';
import type { ContactState } from './contact.state.js';

interface Wish {
  readonly categories: readonly ContactCategory[];
  readonly by: WishedBy;
  /** The message that was answered; null: none. */
  readonly messageId: string | null;
}

export type ContactCommand =
  | (Wish & { readonly type: 'OptOut' })
  | (Wish & { readonly type: 'OptIn' })
  | { readonly type: 'StopSms' | 'ResumeSms'; readonly messageId: string }
  | { readonly type: 'SetContactChoices'; readonly choices: ContactChoices };

/** What the patient wants from now on; what they want already adds nothing. */
export function decideContact(
  command: ContactCommand,
  { patientId, contact }: { readonly patientId: string; readonly contact: ContactState },
  now: Instant,
): ContactEvent[] {
  const at = occurredNow(now);
  switch (command.type) {
    case 'OptOut': {
      const categories = command.categories.filter((category) => !contact.optedOut.includes(category));
      return categories.length === 0 ? [] : [PatientOptedOut(at, wish(patientId, command, categories))];
    }
    case 'OptIn': {
      const categories = contact.optedOut.filter((category) => command.categories.includes(category));
      return categories.length === 0 ? [] : [PatientOptedIn(at, wish(patientId, command, categories))];
    }
    case 'StopSms':
      return contact.smsStopped ? [] : [PatientSmsStopped(at, { patientId, messageId: command.messageId })];
    case 'ResumeSms':
      return contact.smsStopped ? [PatientSmsResumed(at, { patientId, messageId: command.messageId })] : [];
    case 'SetContactChoices': {
      const { choices } = command;
      return sameData(contact.choices, choices) ? [] : [PatientContactChoicesSet(at, { patientId, choices })];
    }
    default:
      return assertNever(command, 'contact command');
  }
}

const wish = (patientId: string, { by, messageId }: Wish, categories: readonly ContactCategory[]) => ({
  ...{ patientId, by, messageId },
  categories: [...categories],
});
