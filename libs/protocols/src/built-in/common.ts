import type { MessageRule } from '../message-rule.schema.js';
import type { Protocol } from '../protocol.schema.js';
import { ours, type From } from './grounds.js';

/**
 * Pieces that several built-in protocols share. Each protocol's file names every piece it takes, so that what a
 * protocol says can be read there; `from` tells what a cited statement is to that protocol.
 */

/** What the consultation records (S2-V1, S3-V1). */
export const consultation = (from: From): Protocol['consultation'] => [
  { code: 'goals', ...from('S2-V1') },
  { code: 'expectations', ...from('S2-V1') },
  { code: 'concerns', ...from('S2-V1') },
  { code: 'examination', ...from('S3-V1') },
  { code: 'complaints', ...from('S3-V1') },
  { code: 'health-condition', ...from('S3-V1') },
];

/** How long a cleared consultation holds is stated nowhere. */
export const screeningValidForAYear: Protocol['screening']['validity'] = {
  lasts: 'P1Y',
  ...ours('A year covers the longest course and its first maintenance; new knowledge ends it at any time.'),
};

/** No aspirin or other NSAID for seven days before a session (S0-P1), and the short check just before it. */
export const preSession = (from: From): Protocol['preSession'] => ({
  precautions: [
    {
      code: 'aspirin-or-nsaid',
      subject: 'blood-thinning-medicine',
      names: ['aspirin', 'acetylsalicylic acid', 'ibuprofen', 'naproxen', 'diclofenac', 'ketoprofen', 'dexketoprofen'],
      before: 'P7D',
      text: {
        en: 'From now on until your appointment, do not take aspirin or similar painkillers such as ibuprofen on your own. If a doctor has prescribed one to you, ask that doctor before you change anything.',
        tr: 'Bugünden randevunuza kadar kendi kararınızla aspirin ya da ibuprofen gibi benzer ağrı kesiciler almayın. Bunlardan birini doktorunuz yazdıysa herhangi bir değişiklik yapmadan önce doktorunuza danışın.',
        fr: 'À partir de maintenant et jusqu’à votre rendez-vous, ne prenez pas de vous-même d’aspirine ni d’antidouleur semblable comme l’ibuprofène. Si un médecin vous en a prescrit, demandez-lui avant de changer quoi que ce soit.',
      },
      ...from('S0-P1', 'The list of names is ours: the source says aspirin and other NSAIDs.'),
    },
  ],
  checks: [
    {
      code: 'aspirin-or-nsaid',
      asks: {
        en: 'Have you taken aspirin or a similar painkiller in the last seven days?',
        tr: 'Son yedi gün içinde aspirin veya benzeri bir ağrı kesici aldınız mı?',
        fr: 'Avez-vous pris de l’aspirine ou un antidouleur semblable ces sept derniers jours ?',
      },
      overridable: true,
      ...from('S0-P1'),
    },
    {
      code: 'new-medication',
      asks: {
        en: 'Do you take a new medicine since your last visit?',
        tr: 'Son ziyaretinizden bu yana yeni bir ilaç kullanıyor musunuz?',
        fr: 'Prenez-vous un nouveau médicament depuis votre dernière visite ?',
      },
      overridable: true,
      ...from('S4-C1'),
    },
    {
      code: 'pregnancy',
      asks: {
        en: 'Are you pregnant, or could you be?',
        tr: 'Hamile misiniz ya da hamile olma ihtimaliniz var mı?',
        fr: 'Êtes-vous enceinte, ou pourriez-vous l’être ?',
      },
      overridable: false,
      ...from('S0-C1'),
    },
    {
      code: 'infection-at-site',
      asks: {
        en: 'Is there a sign of infection where the treatment is planned?',
        tr: 'Uygulamanın planlandığı bölgede enfeksiyon belirtisi var mı?',
        fr: 'Y a-t-il un signe d’infection à l’endroit prévu pour le traitement ?',
      },
      overridable: true,
      ...ours('No source names it: nothing is injected through infected skin without a physician’s decision.'),
    },
    {
      code: 'allergy-to-planned-substance',
      asks: {
        en: 'Are you allergic to one of the substances planned for today?',
        tr: 'Bugün kullanılması planlanan maddelerden birine alerjiniz var mı?',
        fr: 'Êtes-vous allergique à l’une des substances prévues aujourd’hui ?',
      },
      overridable: false,
      ...from('S0-C5'),
    },
  ],
});

const STEP_TITLES = {
  'choose-areas': { en: 'Choose the areas', tr: 'Bölgelerin seçilmesi', fr: 'Choix des zones' },
  plan: { en: 'Plan', tr: 'Planlama', fr: 'Planification' },
  cleanse: { en: 'Cleanse off make-up and dirt', tr: 'Makyaj ve kirin temizlenmesi', fr: 'Démaquillage et nettoyage' },
  disinfect: { en: 'Disinfect', tr: 'Dezenfeksiyon', fr: 'Désinfection' },
  numb: { en: 'Numb with an anaesthetic cream', tr: 'Uyuşturucu krem uygulaması', fr: 'Crème anesthésiante' },
  inject: { en: 'Inject', tr: 'Enjeksiyon', fr: 'Injection' },
} as const;

const step = (code: keyof typeof STEP_TITLES) => ({ code, title: STEP_TITLES[code] });

/** Cleanse, disinfect, numb, inject (S1-S1). */
export const fourSteps = (from: From): Protocol['steps'] => [
  { ...step('cleanse'), ...from('S1-S1') },
  { ...step('disinfect'), ...from('S1-S1') },
  { ...step('numb'), ...from('S1-S1') },
  { ...step('inject'), ...from('S1-S1') },
];

/** S3-S1 in its order, with the cleansing and disinfection of S1-S1 before the injection. */
export const plannedSteps = (from: From): Protocol['steps'] => [
  { ...step('choose-areas'), ...from('S3-S1') },
  { ...step('plan'), ...from('S3-S1') },
  { ...step('cleanse'), ...from('S1-S1') },
  { ...step('disinfect'), ...from('S1-S1') },
  { ...step('numb'), ...from('S3-S1') },
  { ...step('inject'), ...from('S3-S1') },
];

/** Where the own source names no device, all that any source names. */
export const everyDevice: Protocol['devices'] = {
  codes: ['needle', 'microneedle-device', 'mechanical-gun', 'needle-free'],
  ...ours('The own source names no device, and two others name different ones: all of theirs.', 'S1-S1', 'S3-S1'),
};

/** Four sessions or more, as the treating physician decides (S0-N1). */
export const fourOrMoreSessions = (from: From): Protocol['sessions'] => ({ min: 4, max: null, ...from('S0-N1') });

/** Seven to ten days between course sessions (S0-N1). */
export const sevenToTenDays = (from: From): Protocol['intervalDays'] => ({ min: 7, max: 10, ...from('S0-N1') });

/** One to four millimetres, not checked with the needle-free device (S3-D1). */
export const oneToFourMillimetres = (from: From): Protocol['depthMm'] => ({
  decidedBy: 'protocol',
  min: 1,
  max: 4,
  exceptDevices: ['needle-free'],
  ...from('S3-D1'),
});

/** Beneath the skin, as deep as the physician decides (S0-D2). */
export const physiciansDepth = (from: From): Protocol['depthMm'] => ({ decidedBy: 'physician', ...from('S0-D2') });

/** Half an hour to an hour (S4-U1). */
export const halfToOneHour = (from: From): Protocol['durationMinutes'] => ({ min: 30, max: 60, ...from('S4-U1') });

export const checkUpTwoWeeksAfterTheLast: Protocol['checkUps'] = [
  { kind: 'after-last-session', afterDays: 14, ...ours('The own source names no check-up.') },
];

/** A few days (S4-R1). */
export const A_FEW_DAYS = 5;
const FEW_DAYS_NOTE = '“Within a few days” is counted as five: ours.';

/** Swelling, redness and bruising (S4-R1). */
export const passingReactions = (from: From): Protocol['expectedReactions'] => [
  { code: 'swelling', withinDays: A_FEW_DAYS, ...from('S4-R1', FEW_DAYS_NOTE) },
  { code: 'redness', withinDays: A_FEW_DAYS, ...from('S4-R1', FEW_DAYS_NOTE) },
  { code: 'bruising', withinDays: A_FEW_DAYS, ...from('S4-R1', FEW_DAYS_NOTE) },
];

/** As `passingReactions`, with the redness and swelling that S2-R1 states as well. */
export const passingReactionsAtTheSite = (from: From): Protocol['expectedReactions'] => [
  { code: 'redness', withinDays: A_FEW_DAYS, ...from(['S2-R1', 'S4-R1'], FEW_DAYS_NOTE) },
  { code: 'swelling', withinDays: A_FEW_DAYS, ...from(['S2-R1', 'S4-R1'], FEW_DAYS_NOTE) },
  { code: 'bruising', withinDays: A_FEW_DAYS, ...from('S4-R1', FEW_DAYS_NOTE) },
];

/** Infection, scarring, allergic reaction (S4-R2). */
export const rareEvents = (from: From): Protocol['adverseEvents'] => [
  { code: 'infection', ...from('S4-R2') },
  { code: 'scarring', ...from('S4-R2') },
  { code: 'allergic-reaction', ...from('S4-R2') },
];

export const lapseAfterNinetyDays: Protocol['lapse'] = {
  afterDays: 90,
  ...ours('No source says when a course is given up; flagged after 90 days, decided by a person.'),
};

/** No source of the protocol says when: the physician does. */
export const physiciansMaintenance: Protocol['maintenance'] = {
  kind: 'physician',
  latest: null,
  ...ours('The own source names no rhythm.'),
};

/** Which messages a course brings. Their times are the chain's, but for the seven days of S0-P1. */
export const messages = (from: From): MessageRule[] => [
  { kind: 'aftercare', usefulFor: 'PT24H', ...ours('Instructions help while most of them hold.') },
  { kind: 'all-clear', usefulFor: 'P3D', ...ours('Later, nobody waits for it any more.') },
  { kind: 'check-in', after: 'P3D', usefulFor: 'P4D', ...ours('By then passing reactions should fade.', 'S4-R1') },
  { kind: 'session-reminder', before: 'PT24H', usefulFor: null, ...ours('Time enough to call off or to get ready.') },
  {
    kind: 'precaution-notice',
    precaution: 'aspirin-or-nsaid',
    before: 'P7D',
    usefulFor: null,
    ...from('S0-P1'),
  },
  { kind: 'maintenance-due-soon', before: 'P14D', usefulFor: null, ...ours('Two weeks to find an appointment.') },
  { kind: 'maintenance-due', usefulFor: null, ...ours('On the day the window opens.') },
  { kind: 'maintenance-overdue', after: 'P1D', usefulFor: 'P30D', ...ours('On the day after the window has closed.') },
];
