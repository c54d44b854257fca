import { addDays } from '#libs/kernel/src/local-date.js';
import { facial } from '#libs/protocols/src/built-in/facial.protocol.js';
import { builtInProtocol } from '#libs/protocols/src/built-in-protocols.js';
import { allNo } from './course-given.js';

/** What the steps of the story have made so far, by the names they gave it, and the day at the site. */
export interface Told {
  readonly today: string;
  /** @throws Error where no step has made it yet */
  id(name: string): string;
}

/** A command of the story, as a client sends it. */
export interface Step {
  /** The class of the command on the bus. */
  readonly command: string;
  readonly method?: 'POST' | 'PUT' | 'DELETE';
  /** Without `/v1/`. */
  readonly path: (told: Told) => string;
  readonly body?: (told: Told) => object;
  /** Under which name the id that it answers is told. */
  readonly as?: string;
  /** The days by which the clock of the chain is advanced before it. */
  readonly afterDays?: number;
  /** The type of the entry that it makes, which is taken back and then entered anew. */
  readonly anew?: string;
  /** Where the id that is told stands: in the data of an event, where the answer names what it belongs to. */
  readonly madeIn?: { readonly type: string; readonly field: string };
}

export const PRODUCT = 'GlowMeso HA';
const reason = 'as it was';
const by = (told: Told) => ({ practitioner: told.id('physician') });
const procedures = ['facial', 'clinic-faq'];

const step = (
  command: string,
  path: Step['path'],
  body?: Step['body'],
  more: Omit<Step, 'command' | 'path' | 'body'> = {},
): Step => ({ command, path, ...(body && { body }), ...more });

const of =
  (collection: string, name: string, rest = '') =>
  (told: Told) =>
    `${collection}/${told.id(name)}${rest}`;

const WEEK = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];

const CLINIC: readonly Step[] = [
  step(
    'RegisterSite',
    () => 'sites',
    () => ({ name: 'Nişantaşı', timeZone: 'Europe/Istanbul', language: 'tr' }),
    { as: 'site' },
  ),
  step('SetQuietHours', of('sites', 'site', '/quiet-hours'), () => ({ from: '20:00', to: '09:00' }), { method: 'PUT' }),
  step(
    'SetLegalRules',
    of('sites', 'site', '/legal-rules'),
    () => ({ reportingDays: { severe: 1, moderate: 10, mild: 30 }, ageOfMajorityYears: 18 }),
    { method: 'PUT' },
  ),
  step('SetRetentionRules', of('sites', 'site', '/retention-rules'), () => ({ years: 10, yearsFromMajority: 5 }), {
    method: 'PUT',
  }),
  step(
    'SetOpeningHours',
    of('sites', 'site', '/opening-hours'),
    () => ({ weekly: Object.fromEntries(WEEK.map((day) => [day, [{ from: '09:00', to: '18:00' }]])) }),
    { method: 'PUT' },
  ),
  step(
    'SetRecallRules',
    of('sites', 'site', '/recall-rules'),
    () => ({ cap: { count: 3, days: 7 }, proposals: null }),
    { method: 'PUT' },
  ),
  step('ReleaseImportedMaintenance', of('sites', 'site', '/release-imported-maintenance'), () => ({})),
  ...(['physician', 'nurse'] as const).map((role) =>
    step(
      'RegisterPractitioner',
      () => 'practitioners',
      () => ({ name: 'Deniz', role, credentials: [{ procedures, validFrom: '2020-01-01', validTo: null }] }),
      { as: role },
    ),
  ),
  step(
    'GrantCredential',
    of('practitioners', 'nurse', '/credentials'),
    () => ({ procedures: ['hair'], validFrom: '2024-01-01', validTo: null }),
    { anew: 'CredentialGranted' },
  ),
  step(
    'CorrectCredentialEntry',
    (told) => `practitioners/${told.id('nurse')}/entries/${told.id('CredentialGranted')}/correct`,
    () => ({
      data: { type: 'CredentialGranted', procedures: ['hair'], validFrom: '2024-02-01', validTo: null },
      reason,
    }),
  ),
  step(
    'RevokeCredential',
    of('practitioners', 'nurse', '/credentials/revoke'),
    () => ({ procedures: ['hair'], from: '2025-01-01', reason }),
    { anew: 'CredentialRevoked' },
  ),
];

const patient = (birthDate: string) => () => ({
  identity: { familyName: `Kaya ${birthDate}`, givenName: 'Ada', birthDate, sex: 'female' },
  preference: { language: 'tr', channel: 'none', contactConsent: false },
});
const PATIENTS: readonly Step[] = [
  step('RegisterPatient', () => 'patients', patient('1980-05-05'), { as: 'patient' }),
  step('RegisterPatient', () => 'patients', patient('1981-06-06'), { as: 'other' }),
  step(
    'RegisterPatient',
    () => 'patients',
    (told) => patient(addDays(told.today, -3_650))(),
    { as: 'child' },
  ),
  step(
    'ChangeContactPreference',
    of('patients', 'patient', '/contact-preference'),
    () => ({ language: 'en', channel: 'none', contactConsent: false }),
    { method: 'PUT' },
  ),
  step(
    'SetContactChoices',
    of('patients', 'patient', '/contact-choices'),
    () => ({ channels: { recall: 'none' }, timeZone: 'Europe/London' }),
    { method: 'PUT' },
  ),
  step('OptPatientOut', of('patients', 'patient', '/opt-out'), () => ({ categories: ['recall'] })),
  step('OptPatientIn', of('patients', 'patient', '/opt-in'), () => ({ categories: ['recall'] })),
  step(
    'RecordHealth',
    of('patients', 'patient', '/health'),
    () => ({ allergies: ['nickel'], conditions: [], medications: [] }),
    { method: 'PUT', anew: 'PatientHealthRecorded' },
  ),
  step(
    'RecordHealthFact',
    of('patients', 'patient', '/health-facts'),
    () => ({ kind: 'allergy', statement: 'latex', since: '2024-01-01' }),
    { as: 'fact', anew: 'HealthFactRecorded' },
  ),
  step(
    'CorrectPatientEntry',
    (told) => `patients/${told.id('patient')}/entries/${told.id('HealthFactRecorded')}/correct`,
    () => ({ data: { type: 'HealthFactRecorded', kind: 'allergy', statement: 'latex', since: '2024-02-01' }, reason }),
  ),
  step(
    'EndHealthFact',
    (told) => `patients/${told.id('patient')}/health-facts/${told.id('fact')}/end`,
    () => ({ until: '2025-01-01' }),
    { anew: 'HealthFactEnded' },
  ),
  step('LinkPatient', of('patients', 'patient', '/links'), (told) => ({ patient: told.id('other'), reason }), {
    as: 'link',
  }),
  step(
    'UndoPatientLink',
    (told) => `patients/${told.id('patient')}/links/${told.id('link')}/undo`,
    () => ({ reason }),
  ),
  step('NameGuardian', of('patients', 'child', '/guardian'), () => ({ name: 'Ece Kaya', relation: 'mother' }), {
    anew: 'GuardianNamed',
  }),
  step('RecordMoveAway', of('patients', 'other', '/moved-away'), (told) => ({ on: told.today }), {
    anew: 'PatientMovedAway',
  }),
  step('RecordReturn', of('patients', 'other', '/returned'), (told) => ({ on: told.today }), {
    anew: 'PatientReturned',
  }),
  step('RecordDeath', of('patients', 'other', '/died'), (told) => ({ on: told.today }), { anew: 'PatientDied' }),
];

const lot = (lotNumber: string) => (told: Told) => ({
  site: told.id('site'),
  product: PRODUCT,
  lotNumber,
  expiresOn: addDays(told.today, 700),
  receivedOn: addDays(told.today, -10),
  ingredients: ['hyaluronic acid'],
  volumeMl: 100,
});
const LOTS: readonly Step[] = [
  step('ReceiveLot', () => 'lots', lot('L1'), { as: 'lot', anew: 'LotReceived' }),
  step('OpenVial', of('lots', 'lot', '/vials'), (told) => ({ usableUntil: `${addDays(told.today, 1)}T10:00` }), {
    as: 'vial',
    anew: 'VialOpened',
  }),
  step('WasteLot', of('lots', 'lot', '/waste'), (told) => ({ volumeMl: 1, cause: 'residue', on: told.today }), {
    as: 'waste',
    anew: 'LotWasted',
  }),
  step(
    'CorrectLotEntry',
    (told) => `lots/${told.id('lot')}/entries/${told.id('LotWasted')}/correct`,
    (told) => ({ data: { volumeMl: 2, cause: 'residue', on: told.today }, reason: { code: 'miscounted' } }),
  ),
  step('ReceiveLot', () => 'lots', lot('L2'), { as: 'recalled lot' }),
  step(
    'RecallLot',
    () => 'recalls',
    (told) => ({ product: PRODUCT, lotNumber: 'L2', recalledOn: told.today, reference: 'N1', cause: 'sterility' }),
    { as: 'recall', anew: 'LotRecalled' },
  ),
  step(
    'TellPatients',
    of('recalls', 'recall', '/told'),
    (told) => ({ patients: [told.id('patient')], on: told.today, how: 'phone' }),
    { anew: 'RecallPatientTold' },
  ),
  step(
    'CorrectRecallEntry',
    (told) => `recalls/${told.id('recall')}/entries/${told.id('RecallPatientTold')}/correct`,
    (told) => ({ data: { on: told.today, how: 'letter' }, reason: { code: 'typing-error' } }),
  ),
  step('LiftRecall', of('recalls', 'recall', '/lift'), (told) => ({ liftedOn: told.today, reference: 'N2' }), {
    anew: 'LotRecallLifted',
  }),
];

const PROTOCOLS: readonly Step[] = [
  step(
    'DraftProtocol',
    () => 'protocols/drafts',
    () => ({ code: 'own-facial', copyOf: { code: 'facial' } }),
    { as: 'draft' },
  ),
  step(
    'ChangeProtocolDraft',
    of('protocols/drafts', 'draft'),
    () => ({
      draft: { ...structuredClone(facial), code: 'own-facial', version: 1, sessions: { ...facial.sessions, max: 6 } },
    }),
    { method: 'PUT' },
  ),
  step('PublishProtocolDraft', of('protocols/drafts', 'draft', '/publish'), () => ({})),
  step(
    'RetireProtocol',
    () => 'protocols/own-facial/versions/1/retire',
    () => ({}),
  ),
  step(
    'DraftProtocol',
    () => 'protocols/drafts',
    () => ({ code: 'other', copyOf: { code: 'hair' } }),
    { as: 'draft' },
  ),
  step('DiscardProtocolDraft', of('protocols/drafts', 'draft'), undefined, { method: 'DELETE' }),
];

const considered = () => ({ products: [{ product: PRODUCT, lotNumber: 'L1' }] });
const accepted = (told: Told) => ({ ...by(told), code: 'cardiovascular-disease', reason: 'stable for years' });

/** Everything that a consultation needs to be cleared; nothing of it is taken back. */
function consulted(procedure: string, as: string): Step[] {
  const protocol = builtInProtocol(procedure);
  if (!protocol) throw new Error(`${procedure} is no built-in protocol`);
  const notes = Object.fromEntries(protocol.consultation.map(({ code }) => [code, 'noted']));
  const answers = protocol.screening.contraindications.map(({ code }) => ({ code, answer: 'no' }));
  const cleared = (told: Told) => ({ ...by(told), conclusion: { outcome: 'cleared' } });
  const signed = (told: Told) => ({ procedure, signedOn: told.today, formHash: 'ab'.repeat(32) });
  const who = (told: Told) => ({ patient: told.id('patient'), site: told.id('site'), ...by(told), procedure, notes });
  return [
    step('HoldConsultation', () => 'consultations', who, { as }),
    step('AnswerQuestionnaire', of('consultations', as, '/questionnaire'), () => ({ answers })),
    // As everything that is on record of the patient by now asks for.
    step('ConsiderProducts', of('consultations', as, '/products'), considered),
    step('OverrideContraindication', of('consultations', as, '/overrides'), accepted),
    ...protocol.testsFirst.map(({ code: test }) =>
      step('RecordTestResult', of('consultations', as, '/tests/results'), (told) => ({
        test,
        on: told.today,
        acceptable: true,
      })),
    ),
    step('ConcludeConsultation', of('consultations', as, '/conclusion'), cleared),
    step('SignConsent', of('consultations', as, '/consents'), signed),
  ];
}

const at = (rest: string) => of('consultations', 'consultation', rest);
const CONSULTATIONS: readonly Step[] = [
  step(
    'HoldConsultation',
    () => 'consultations',
    (told) => ({ patient: told.id('patient'), site: told.id('site'), ...by(told), procedure: 'facial' }),
    { as: 'consultation', anew: 'ConsultationHeld' },
  ),
  step(
    'NoteConsultation',
    at('/notes'),
    (told) => ({ ...by(told), notes: Object.fromEntries(facial.consultation.map(({ code }) => [code, 'noted'])) }),
    { anew: 'ConsultationNoted' },
  ),
  step(
    'CorrectConsultationEntry',
    (told) => `consultations/${told.id('consultation')}/entries/${told.id('ConsultationNoted')}/correct`,
    (told) => ({
      data: {
        type: 'ConsultationNoted',
        ...by(told),
        notes: Object.fromEntries(facial.consultation.map(({ code }) => [code, 'noted anew'])),
      },
      reason,
    }),
  ),
  step(
    'AnswerQuestionnaire',
    at('/questionnaire'),
    () => ({
      answers: facial.screening.contraindications.map(({ code }) =>
        code === 'cardiovascular-disease' ? { code, answer: 'yes' } : { code, answer: 'no' },
      ),
    }),
    { anew: 'QuestionnaireAnswered' },
  ),
  step('ConsiderProducts', at('/products'), considered, {
    anew: 'ProductsConsidered',
  }),
  step('RequestTest', at('/tests'), () => ({ test: 'blood-count' }), { anew: 'TestRequested' }),
  step(
    'RecordTestResult',
    at('/tests/results'),
    (told) => ({ test: 'blood-count', on: told.today, acceptable: true, values: [{ name: 'all', value: 'normal' }] }),
    { anew: 'TestResultRecorded' },
  ),
  step('OverrideContraindication', at('/overrides'), accepted, { anew: 'ContraindicationOverridden' }),
  step('ConcludeConsultation', at('/conclusion'), (told) => ({ ...by(told), conclusion: { outcome: 'cleared' } }), {
    anew: 'ConsultationConcluded',
  }),
  step(
    'SignConsent',
    at('/consents'),
    (told) => ({ procedure: 'facial', signedOn: told.today, formHash: 'ab'.repeat(32) }),
    { anew: 'ConsentSigned' },
  ),
  step('WithdrawConsent', at('/consents/withdraw'), () => ({ procedure: 'facial' }), { anew: 'ConsentWithdrawn' }),
  step('SignConsent', at('/consents'), (told) => ({
    procedure: 'facial',
    signedOn: told.today,
    formHash: 'cd'.repeat(32),
  })),
  ...consulted('clinic-faq', 'consultation elsewhere'),
];

const plan = (protocol: string, consultation: string) => (told: Told) => ({
  consultation: told.id(consultation),
  site: told.id('site'),
  ...by(told),
  protocol,
  plannedSessions: 1,
  countReason: reason,
});
const booking =
  (kind: 'course' | 'maintenance', inDays = 20) =>
  (told: Told) => ({
    kind,
    site: told.id('site'),
    practitioner: told.id('nurse'),
    at: `${addDays(told.today, inDays)}T10:00`,
  });
const treatment =
  (protocol: Parameters<typeof allNo>[0], check: Record<string, 'yes' | 'no'> = {}) =>
  (told: Told) => ({
    orderedBy: told.id('physician'),
    areas: ['face'],
    device: 'needle',
    products: [{ product: PRODUCT, lotNumber: 'L1', volumeMl: 1 }],
    identifiers: ['name', 'birth-date'],
    check: { ...allNo(protocol), ...check },
    overrides: ['interval-short', 'interval-long', 'contraindication'].map((deviation) => ({ deviation, reason })),
  });
const session = (rest: string) => (told: Told) => `courses/${told.id('course')}/sessions/${told.id('session')}/${rest}`;
const course = (rest = '') => of('courses', 'course', rest);
const nothing = () => ({});
const faq = builtInProtocol('clinic-faq');

const COURSES: readonly Step[] = [
  step('PlanCourse', () => 'courses', plan('facial', 'consultation'), { as: 'course' }),
  step(
    'ChangeCoursePlan',
    course('/plan'),
    (told) => ({ plannedSessions: 4, physician: told.id('physician'), reason }),
    { anew: 'CoursePlanChanged' },
  ),
  ...consulted('facial', 'newer consultation'),
  step('RenewConsultation', course('/consultation'), (told) => ({ consultation: told.id('newer consultation') }), {
    anew: 'CourseConsultationRenewed',
  }),
  step('BookSession', course('/sessions'), booking('course'), { as: 'session', anew: 'SessionBooked' }),
  step('RescheduleSession', session('reschedule'), (told) => ({ at: `${addDays(told.today, 2)}T11:00` }), {
    anew: 'SessionRescheduled',
  }),
  step('PlanSessionProducts', session('products'), () => ({ products: [{ product: PRODUCT, lotNumber: 'L1' }] }), {
    anew: 'SessionProductsPlanned',
  }),
  step('HoldSession', session('hold'), (told) => ({ practitioner: told.id('nurse'), positive: ['aspirin-or-nsaid'] }), {
    anew: 'SessionHeld',
  }),
  step(
    'DecideSessionHold',
    session('decide'),
    (told) => ({ physician: told.id('physician'), decision: 'proceed', reason }),
    { anew: 'SessionHoldDecided' },
  ),
  // As it was found when the session was held.
  step('PerformSession', session('perform'), treatment(facial, { 'aspirin-or-nsaid': 'yes' }), {
    anew: 'SessionPerformed',
  }),
  step(
    'ReviewSession',
    session('review'),
    (told) => ({ physician: told.id('physician'), outcome: 'no-harm', note: reason }),
    { anew: 'SessionReviewed' },
  ),
  step(
    'CorrectCourseEntry',
    (told) => `courses/${told.id('course')}/entries/${told.id('SessionPerformed')}/correct`,
    () => ({ data: { type: 'SessionPerformed', painScore: 3 }, reason }),
  ),
  step(
    'HoldFollowUp',
    course('/follow-ups'),
    (told) => ({ site: told.id('site'), kind: 'remote', at: `${told.today}T00:00`, reactions: ['redness'] }),
    { as: 'follow-up', anew: 'FollowUpHeld', afterDays: 20 },
  ),
  step(
    'JudgeReaction',
    (told) => `courses/${told.id('course')}/follow-ups/${told.id('follow-up')}/reactions`,
    (told) => ({ practitioner: told.id('nurse'), reaction: 'redness', judgement: 'expected', note: reason }),
    { anew: 'LastingReactionJudged' },
  ),
  step('BookSession', course('/sessions'), booking('course'), { as: 'session' }),
  step('CancelSession', session('cancel'), () => ({ reason }), { anew: 'SessionCancelled' }),
  step('BookSession', course('/sessions'), booking('course', 1), { as: 'session' }),
  step('MissSession', session('miss'), nothing, { anew: 'SessionMissed', afterDays: 2 }),
  step('StopCourse', course('/stop'), () => ({ reason }), { anew: 'CourseStopped' }),
];

const ADVERSE_EVENTS: readonly Step[] = [
  step(
    'ReportAdverseEvent',
    of('patients', 'patient', '/adverse-events'),
    (told) => ({
      site: told.id('site'),
      course: told.id('course'),
      kind: 'infection',
      severity: 'mild',
      owner: told.id('physician'),
      onsetOn: told.today,
      description: 'red and hot',
    }),
    { as: 'adverse event', anew: 'AdverseEventReported' },
  ),
  ...(
    [
      [
        'AssessAdverseEvent',
        'assess',
        (told: Told) => ({ ...by(told), causality: 'possible', severity: 'mild' }),
        'AdverseEventAssessed',
      ],
      [
        'ReportAdverseEventToAuthority',
        'report-to-authority',
        (told: Told) => ({ on: told.today, reference: 'A1' }),
        'AdverseEventReportedToAuthority',
      ],
      [
        'CloseAdverseEvent',
        'close',
        (told: Told) => ({ physician: told.id('physician'), outcome: 'recovered' }),
        'AdverseEventClosed',
      ],
      ['ReopenAdverseEvent', 'reopen', (told: Told) => ({ ...by(told), reason }), 'AdverseEventReopened'],
      [
        'CloseAdverseEvent',
        'close',
        (told: Told) => ({ physician: told.id('physician'), outcome: 'recovered' }),
        undefined,
      ],
    ] as const
  ).map(([command, way, body, anew]) =>
    step(
      command,
      (told) => `patients/${told.id('patient')}/adverse-events/${told.id('adverse event')}/${way}`,
      body,
      anew === undefined ? {} : { anew },
    ),
  ),
];

const ENDS: readonly Step[] = [
  // A course that nobody comes back to, as it stands on paper: entered late, its session without a booking.
  step(
    'PlanCourse',
    () => 'courses',
    (told) => ({ ...plan('facial', 'consultation')(told), at: `${told.today}T00:00` }),
    { as: 'course' },
  ),
  step('RecordSession', course('/sessions/recorded'), (told) => ({
    ...treatment(facial)(told),
    kind: 'course',
    site: told.id('site'),
    practitioner: told.id('nurse'),
    at: `${told.today}T00:00`,
  })),
  step('LapseCourse', course('/lapse'), (told) => ({ practitioner: told.id('nurse'), reason }), {
    anew: 'CourseLapsed',
    afterDays: 95,
  }),
  // One under a protocol that leaves maintenance to the physician (S4-N1).
  step('PlanCourse', () => 'courses', plan('clinic-faq', 'consultation elsewhere'), { as: 'course' }),
  step('BookSession', course('/sessions'), booking('course'), { as: 'session' }),
  step('PerformSession', session('perform'), treatment(faq)),
  step('CompleteCourse', course('/complete'), nothing, { anew: 'CourseCompleted' }),
  step(
    'ScheduleMaintenance',
    course('/maintenance/schedule'),
    (told) => ({ physician: told.id('physician'), opens: addDays(told.today, 30), closes: addDays(told.today, 60) }),
    { anew: 'MaintenanceScheduled' },
  ),
  step('DeclineMaintenance', course('/decline-maintenance'), nothing, { anew: 'MaintenanceDeclined' }),
  step('ResumeMaintenance', course('/maintenance/resume'), nothing, { anew: 'MaintenanceResumed' }),
];

/** Of somebody who was registered and never seen. */
const ERASURES: readonly Step[] = [
  step(
    'RegisterPatient',
    () => 'patients',
    () => ({
      identity: { familyName: 'Doe', givenName: 'Never Seen', birthDate: '1980-05-05', sex: 'female' },
      preference: { language: 'en', channel: 'none', contactConsent: false },
    }),
    { as: 'never seen' },
  ),
  step('SetLegalHold', of('patients', 'never seen', '/legal-holds'), () => ({ reason }), { as: 'hold' }),
  step(
    'LiftLegalHold',
    (told) => `patients/${told.id('never seen')}/legal-holds/${told.id('hold')}/lift`,
    () => ({ reason }),
  ),
  step(
    'RequestErasure',
    of('patients', 'never seen', '/erasure-requests'),
    () => ({ ground: 'registered-by-mistake', reason }),
    { as: 'erasure' },
  ),
  step('DeclineErasure', of('patients', 'never seen', '/erasure-requests/decline'), (told) => ({
    ...{ erasure: told.id('erasure'), reason },
  })),
  step(
    'RequestErasure',
    of('patients', 'never seen', '/erasure-requests'),
    () => ({ ground: 'patient-asked', reason }),
    { as: 'erasure' },
  ),
  step('ConfirmErasure', of('patients', 'never seen', '/erasure-requests/confirm'), (told) => ({
    ...{ erasure: told.id('erasure'), asSecondPerson: true },
  })),
];

/** Words of the chain's own. */
const TEMPLATES: readonly Step[] = [
  step(
    'PublishMessageTemplate',
    () => 'message-templates/session-reminder/de/email',
    () => ({ subject: 'Am {{ at }}', text: 'Hallo {{ name }}, bis {{ at }}.' }),
    { method: 'PUT' },
  ),
  step(
    'SetMessageFallbackLanguage',
    () => 'message-templates/fallback-language',
    () => ({ language: 'de' }),
    {
      method: 'PUT',
    },
  ),
  step('WithdrawMessageTemplate', () => 'message-templates/session-reminder/de/email', undefined, { method: 'DELETE' }),
];

/** Who may what, by whoever set the chain up. */
const USERS: readonly Step[] = [
  step(
    'InviteUser',
    () => 'users',
    () => ({ name: 'Ece', grants: [{ role: 'auditor' }] }),
    { as: 'user' },
  ),
  step('GrantRole', of('users', 'user', '/grants'), (told) => ({ role: 'receptionist', site: told.id('site') }), {
    as: 'grant',
    madeIn: { type: 'RoleGranted', field: 'grantId' },
  }),
  step(
    'RevokeRole',
    (told) => `users/${told.id('user')}/grants/${told.id('grant')}/revoke`,
    () => ({}),
  ),
  step('DisableUser', of('users', 'user', '/disable'), () => ({ reason })),
  step('EnableUser', of('users', 'user', '/enable'), () => ({ reason })),
];

/** A story in which every command of the clinic is sent, in an order in which each is accepted. */
export const COMMAND_STORY: readonly Step[] = [
  ...CLINIC,
  ...PATIENTS,
  ...LOTS,
  ...PROTOCOLS,
  ...CONSULTATIONS,
  ...COURSES,
  ...ADVERSE_EVENTS,
  ...ENDS,
  ...ERASURES,
  ...TEMPLATES,
  ...USERS,
];

/** Which command takes entries of a category of streams back, where, and with what. */
export const RETRACTIONS: Readonly<
  Record<string, { readonly command: string; readonly of: string; readonly body: (told: Told) => object }>
> = {
  course: {
    command: 'RetractCourseEntry',
    of: 'courses',
    body: (told) => ({ physician: told.id('physician'), reason }),
  },
  consultation: { command: 'RetractConsultationEntry', of: 'consultations', body: () => ({ reason }) },
  patient: {
    command: 'RetractPatientEntry',
    of: 'patients',
    body: (told) => ({ reason, physician: told.id('physician') }),
  },
  practitioner: { command: 'RetractCredentialEntry', of: 'practitioners', body: () => ({ reason }) },
  lot: { command: 'RetractLotEntry', of: 'lots', body: () => ({ reason: { code: 'not-happened' } }) },
  recall: { command: 'RetractRecallEntry', of: 'recalls', body: () => ({ reason: { code: 'not-happened' } }) },
};
