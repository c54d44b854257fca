import { occurredNow } from '#libs/kernel/src/occurred.js';
import {
  CredentialGranted,
  PractitionerRegistered,
  practitionerRoleSchema,
  practitionerStream,
} from '#libs/treatment/src/history.contract.js';
import { columnOf, type FileFormat } from '../file-format.js';
import { allOf, date, listOf, oneOf } from '../line-checks.js';
import { PROTOCOL_CODES } from '../protocol-codes.js';

export const practitionersFile: FileFormat = {
  file: 'practitioners',
  columns: [
    { name: 'practitioner_code', required: true },
    { name: 'name', required: true },
    { name: 'role', required: true, check: oneOf(practitionerRoleSchema.options) },
    { name: 'procedures', required: true, check: allOf(PROTOCOL_CODES) },
    { name: 'valid_from', required: true, check: date },
    { name: 'valid_to', check: date },
  ],
  identity: ['practitioner_code'],
  identify: (line) => ({ kind: 'practitioner', code: columnOf(line, 'practitioner_code') }),
  record: (line, practitionerId, now) => {
    const unknown = occurredNow(now, 'unknown');
    const registered = PractitionerRegistered(unknown, {
      practitionerId,
      role: practitionerRoleSchema.parse(columnOf(line, 'role')),
      name: columnOf(line, 'name'),
    });
    const granted = CredentialGranted(unknown, {
      practitionerId,
      procedures: listOf(columnOf(line, 'procedures')),
      validFrom: columnOf(line, 'valid_from'),
      validTo: columnOf(line, 'valid_to') || null,
    });
    return {
      person: { id: practitionerId, classes: ['contact'] },
      streams: [
        { stream: practitionerStream(practitionerId), expectedRevision: 'no-stream', events: [registered, granted] },
      ],
    };
  },
};
