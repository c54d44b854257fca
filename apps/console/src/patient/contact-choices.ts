import { CONTACT_CATEGORIES, type ContactChoices } from '../api/patients.js';
import { formText } from '../ui/form-text.js';

/** The choices that a filled-in form makes; an empty field follows the general preference, or the site. */
export function choicesOf(form: FormData): ContactChoices {
  const channels: ContactChoices['channels'] = {};
  for (const category of CONTACT_CATEGORIES) {
    const channel = formText(form, category);
    if (channel === 'email' || channel === 'sms' || channel === 'none') channels[category] = channel;
  }
  return { channels, timeZone: formText(form, 'timeZone') || null };
}
