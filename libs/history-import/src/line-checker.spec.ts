import type { FileFormat } from './file-format.js';
import { FILE_FORMATS } from './file-formats.js';
import type { HistoryFile } from './history-file.js';
import { checkLine, type Lookup } from './line-checker.js';

const ID = '01939b5e-5b5f-7000-8000-000000000001';

/** Everything is known but codes that begin with X; those that begin with R were refused. */
const lookup: Lookup = (file, code) => {
  if (code === '' || code.startsWith('X')) return undefined;
  if (code.startsWith('R')) return { refusedOnLine: 17 };
  if (file === 'sites') return { id: ID, info: { zone: code.startsWith('IST') ? 'Europe/Istanbul' : 'Europe/London' } };
  return { id: ID, info: file === 'courses' ? { patientId: ID } : {} };
};

const GOOD: Record<HistoryFile, Record<string, string>> = {
  sites: { site_code: 'LON1', name: 'Marylebone, London', time_zone: 'Europe/London', language: '' },
  practitioners: {
    practitioner_code: 'P1',
    name: 'Zoë',
    role: 'nurse',
    procedures: 'facial;hair',
    valid_from: '2024-01-01',
    valid_to: '',
  },
  patients: {
    patient_code: 'PT1',
    family_name: 'Kaya',
    given_name: 'Linh',
    birth_date: '1980-02-29',
    sex: 'female',
    phone: '',
    email: '',
    language: '',
    channel: 'none',
    contact_consent: 'no',
    allergies: '',
    conditions: 'something else altogether',
    medications: '',
  },
  lots: {
    site_code: 'LON1',
    product: 'Glow',
    lot_number: 'L1',
    gtin: '',
    expires_on: '2026-01-01',
    received_on: '2025-01-01',
    ingredients: '',
  },
  courses: {
    course_code: 'C1',
    patient_code: 'PT1',
    site_code: 'LON1',
    practitioner_code: 'P1',
    protocol: 'facial',
    consulted_at: '2025-01-01T10:00',
    consent_signed_on: '',
    planned_sessions: '4',
    status: 'stopped',
    stop_reason: '',
  },
  sessions: {
    course_code: 'C1',
    number: '1',
    kind: 'course',
    site_code: 'LON1',
    practitioner_code: 'P1',
    planned_at: '',
    status: 'performed',
    performed_at: '2025-01-15T10:00',
    duration_min: '',
    areas: '',
    device: 'needle',
    depth_mm: '',
    product: 'Glow',
    lot_number: 'nowhere received',
    volume_ml: '',
    pain_score: '',
    reactions: '',
  },
  followups: {
    course_code: 'C1',
    at: '2025-02-01T09:30',
    site_code: 'LON1',
    kind: 'remote',
    reactions: '',
    adverse_event: '',
    severity: '',
    outcome_score: '',
  },
};

const formatOf = (file: HistoryFile) => FILE_FORMATS.find((format) => format.file === file) as FileFormat;

function check(file: HistoryFile, change: Record<string, string> = {}) {
  const raw = { ...GOOD[file], ...change };
  const values = Object.fromEntries(Object.entries(raw).map(([name, value]) => [name, value.trim()]));
  return checkLine(formatOf(file), { line: 2, raw, values }, lookup);
}

function faultOf(file: HistoryFile, change: Record<string, string>) {
  const result = check(file, change);
  return 'fault' in result ? result.fault : undefined;
}

/** The required columns of the format, file by file. */
const REQUIRED: [HistoryFile, string[]][] = [
  ['sites', ['site_code', 'name', 'time_zone']],
  ['practitioners', ['practitioner_code', 'name', 'role', 'procedures', 'valid_from']],
  ['patients', ['patient_code', 'family_name', 'given_name', 'birth_date', 'channel', 'contact_consent']],
  ['lots', ['site_code', 'product', 'lot_number', 'expires_on', 'received_on']],
  [
    'courses',
    [
      'course_code',
      'patient_code',
      'site_code',
      'practitioner_code',
      'protocol',
      'consulted_at',
      'planned_sessions',
      'status',
    ],
  ],
  [
    'sessions',
    [
      'course_code',
      'number',
      'kind',
      'site_code',
      'practitioner_code',
      'status',
      'performed_at',
      'device',
      'product',
      'lot_number',
    ],
  ],
  ['followups', ['course_code', 'at', 'site_code', 'kind']],
];

describe.each(REQUIRED)('a line of %s', (file, required) => {
  it('is understood with its required columns alone', () => {
    const all = formatOf(file).columns.map(({ name }) => name);
    const empty = Object.fromEntries(all.filter((name) => !required.includes(name)).map((name) => [name, '']));
    expect(faultOf(file, empty)).toBeUndefined();
    expect(all).toEqual(Object.keys(GOOD[file]));
  });

  it.each(required)('is refused without its %s', (column) => {
    expect(faultOf(file, { [column]: ' ' })).toMatchObject({
      column,
      value: ' ',
      reason: expect.stringMatching(/^Fill it in/),
    });
  });
});

describe('a line is refused for', () => {
  it.each<[HistoryFile, string, string, RegExp]>([
    ['sites', 'time_zone', 'Europe/Atlantis', /IANA/],
    ['practitioners', 'role', 'surgeon', /physician, nurse/],
    ['practitioners', 'procedures', 'facial;botox', /botox is not known/],
    ['practitioners', 'valid_to', '2025-02-29', /date that exists/],
    ['patients', 'channel', 'fax', /email, sms, none/],
    ['patients', 'contact_consent', 'maybe', /yes, no/],
    ['lots', 'expires_on', '2026-02-30', /date that exists/],
    ['lots', 'site_code', 'XXX1', /There is no site XXX1/],
    ['courses', 'protocol', 'UNKNOWN', /clinic-faq/],
    ['courses', 'patient_code', 'X1', /There is no patient X1/],
    ['courses', 'practitioner_code', 'X1', /There is no practitioner X1/],
    ['courses', 'patient_code', 'R1', /The patient R1 was refused: mend line 17 of patients.csv first/],
    ['courses', 'consulted_at', '2025-02-29T10:00', /time that exists/],
    ['courses', 'consulted_at', '2026-03-29T01:30', /set forward/],
    ['courses', 'consent_signed_on', '2025-06-31', /date that exists/],
    ['courses', 'planned_sessions', '0', /at least 1/],
    ['courses', 'status', 'done', /active, completed, stopped/],
    ['sessions', 'course_code', 'R1', /The course R1 was refused/],
    ['sessions', 'number', '1.5', /whole number/],
    ['sessions', 'kind', 'other', /course, maintenance/],
    ['sessions', 'status', 'held', /planned, performed, missed, cancelled/],
    ['sessions', 'planned_at', '2026-03-29T01:30', /set forward/],
    ['sessions', 'performed_at', '2026-03-29T01:30', /did not exist/],
    ['sessions', 'device', 'laser', /needle-free/],
    ['sessions', 'depth_mm', 'deep', /millimetres/],
    ['sessions', 'pain_score', '11', /0 to 10/],
    ['sessions', 'reactions', 'redness;sadness', /sadness/],
    ['followups', 'at', '2026-03-29T01:30', /set forward/],
    ['followups', 'kind', 'phone', /remote, in-person/],
    ['followups', 'adverse_event', 'hiccups', /haematoma/],
    ['followups', 'severity', 'fatal', /mild, moderate, severe/],
    ['followups', 'outcome_score', '6', /1 to 5/],
  ])('its %s: %s = %s', (file, column, value, reason) => {
    expect(faultOf(file, { [column]: value })).toEqual({ column, value, reason: expect.stringMatching(reason) });
  });

  it('the first column at fault, where there are several', () => {
    expect(faultOf('sessions', { device: 'laser', practitioner_code: 'X9', pain_score: '99' })?.column).toBe(
      'practitioner_code',
    );
    // Without its site nobody can tell whether the time existed; the time's form can be judged.
    expect(faultOf('followups', { at: '2026-03-29T01:30', site_code: 'XXX1' })?.column).toBe('site_code');
    expect(faultOf('followups', { at: '2026-13-29T01:30', site_code: 'XXX1' })?.column).toBe('at');
  });

  it('a planned session without its time, and not for the rest', () => {
    const nothing = { performed_at: '', device: '', product: '', lot_number: '' };
    expect(faultOf('sessions', { ...nothing, status: 'planned' })).toMatchObject({ column: 'planned_at' });
    expect(faultOf('sessions', { ...nothing, status: 'planned', planned_at: '2025-01-15T10:00' })).toBeUndefined();
    expect(faultOf('sessions', { ...nothing, status: 'missed' })).toBeUndefined();
    expect(faultOf('sessions', { ...nothing, status: 'cancelled' })).toBeUndefined();
  });
});

describe('what already happened is not refused for breaking a rule:', () => {
  it.each<[string, HistoryFile, Record<string, string>]>([
    ['too deep and too long', 'sessions', { depth_mm: '25', duration_min: '600' }],
    ['a lot that was never received', 'sessions', { lot_number: 'ZZ9999X' }],
    ['more sessions than the protocol has', 'courses', { protocol: 'facial', planned_sessions: '40' }],
    ['consent signed after the fact', 'courses', { consent_signed_on: '2030-01-01' }],
    ['a credential that ends before it begins', 'practitioners', { valid_to: '2020-01-01' }],
    ['a lot that expired before it came', 'lots', { expires_on: '2020-01-01' }],
    ['a condition that no list knows', 'patients', { conditions: 'migraine;Übelkeit' }],
    ['a sex that is put in other words', 'patients', { sex: 'nonbinary' }],
    ['a follow-up before its course', 'followups', { at: '2001-01-01T10:00' }],
  ])('%s', (_, file, change) => {
    expect(faultOf(file, change)).toBeUndefined();
  });
});

describe('a wall time', () => {
  it('that occurred twice takes the earlier instant, and is noted', () => {
    const result = check('sessions', { performed_at: '2025-10-26T01:30', planned_at: '2025-10-26T01:30' });
    if ('fault' in result) throw new Error(result.fault.reason);
    expect(result.understood.times.performed_at?.instant).toBe('2025-10-26T00:30:00.000Z');
    expect(result.notes.map(({ column }) => column)).toEqual(['planned_at', 'performed_at']);
  });

  it('is that of the site the line names', () => {
    const at = (site_code: string) => {
      const result = check('sessions', { site_code, performed_at: '2026-03-29T01:30' });
      return 'fault' in result ? result.fault.column : result.understood.times.performed_at?.instant;
    };
    expect(at('LON1')).toBe('performed_at');
    expect(at('IST1')).toBe('2026-03-28T22:30:00.000Z');
  });
});
