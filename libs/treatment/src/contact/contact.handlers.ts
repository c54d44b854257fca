import { CommandOf, handle } from '#libs/cqrs/src/commands.js';
import type { ContactCategory } from '#libs/protocols/src/contact-category.js';
import type { ContactChoices } from './contact.events.js';
import { ContactService } from './contact.service.js';

interface OfPatient {
  readonly patient: string;
}
interface Categories {
  readonly categories: readonly ContactCategory[];
}

export class SetContactChoices extends CommandOf<ContactChoices, OfPatient> {}
export class OptPatientOut extends CommandOf<Categories, OfPatient> {}
export class OptPatientIn extends CommandOf<Categories, OfPatient> {}

export const CONTACT_HANDLERS = [
  handle(SetContactChoices, ContactService, (contact, { meta, target, data }) =>
    contact.setChoices(meta, target.patient, data),
  ),
  handle(OptPatientOut, ContactService, (contact, { meta, target, data }) =>
    contact.optOut(meta, target.patient, data.categories),
  ),
  handle(OptPatientIn, ContactService, (contact, { meta, target, data }) =>
    contact.optIn(meta, target.patient, data.categories),
  ),
];
