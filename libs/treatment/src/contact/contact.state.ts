import { assertNever } from '#libs/kernel/src/assert-never.js';
import { CONTACT_CATEGORIES, type ContactCategory } from '#libs/protocols/src/contact-category.js';
import type { ContactChoices, ContactEvent } from './contact.events.js';

/** What a patient wants to be told, and how, beyond the general preference. */
export interface ContactState {
  /** In the order of the categories. */
  readonly optedOut: readonly ContactCategory[];
  /** The patient sent STOP to a number of ours. */
  readonly smsStopped: boolean;
  readonly choices: ContactChoices;
}

export const CONTACT_INITIAL: ContactState = {
  optedOut: [],
  smsStopped: false,
  choices: { channels: {}, timeZone: null },
};

export function evolveContact(state: ContactState, event: ContactEvent): ContactState {
  switch (event.type) {
    case 'PatientOptedOut': {
      const out = new Set([...state.optedOut, ...event.data.categories]);
      return { ...state, optedOut: CONTACT_CATEGORIES.filter((category) => out.has(category)) };
    }
    case 'PatientOptedIn': {
      const { categories } = event.data;
      return { ...state, optedOut: state.optedOut.filter((category) => !categories.includes(category)) };
    }
    case 'PatientSmsStopped':
      return { ...state, smsStopped: true };
    case 'PatientSmsResumed':
      return { ...state, smsStopped: false };
    case 'PatientContactChoicesSet':
      return { ...state, choices: event.data.choices };
    default:
      return assertNever(event, 'contact event');
  }
}
