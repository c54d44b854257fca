import { occurredNow } from '#libs/kernel/src/occurred.js';
import { channelSchema, PatientRegistered, patientStream, sexSchema } from '#libs/treatment/src/history.contract.js';
import { columnOf, type FileFormat, type UnderstoodLine } from '../file-format.js';
import { date, language, languageOf, listOf, oneOf } from '../line-checks.js';

export const patientsFile: FileFormat = {
  file: 'patients',
  columns: [
    { name: 'patient_code', required: true },
    { name: 'family_name', required: true },
    { name: 'given_name', required: true },
    { name: 'birth_date', required: true, check: date },
    // The format gives no list for it, so that no value is wrong.
    {
      name: 'sex',
      note: (value) => (sexSchema.options.some((sex) => sex === value) ? undefined : `Recorded as "unknown".`),
    },
    { name: 'phone' },
    { name: 'email' },
    { name: 'language', check: language },
    { name: 'channel', required: true, check: oneOf(channelSchema.options) },
    { name: 'contact_consent', required: true, check: oneOf(['yes', 'no']) },
    { name: 'allergies' },
    { name: 'conditions' },
    { name: 'medications' },
  ],
  identity: ['patient_code'],
  identify: (line) => ({ kind: 'patient', code: columnOf(line, 'patient_code') }),
  record: (line, patientId, now) => ({
    person: { id: patientId, classes: ['contact', 'clinical'] },
    streams: [
      {
        stream: patientStream(patientId),
        expectedRevision: 'no-stream',
        events: [
          PatientRegistered(occurredNow(now, 'unknown'), {
            patientId,
            preference: {
              language: languageOf(columnOf(line, 'language')),
              channel: channelSchema.parse(columnOf(line, 'channel')),
              contactConsent: columnOf(line, 'contact_consent') === 'yes',
            },
            identity: identityOf(line),
            health: {
              allergies: listOf(columnOf(line, 'allergies')),
              conditions: listOf(columnOf(line, 'conditions')),
              medications: listOf(columnOf(line, 'medications')),
            },
          }),
        ],
      },
    ],
  }),
};

function identityOf(line: UnderstoodLine) {
  const phone = columnOf(line, 'phone');
  const email = columnOf(line, 'email');
  return {
    familyName: columnOf(line, 'family_name'),
    givenName: columnOf(line, 'given_name'),
    birthDate: columnOf(line, 'birth_date'),
    sex: sexSchema.catch('unknown').parse(columnOf(line, 'sex')),
    ...(phone === '' ? {} : { phone }),
    ...(email === '' ? {} : { email }),
  };
}
