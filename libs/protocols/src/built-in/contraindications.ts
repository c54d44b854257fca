import type { FactId } from '../facts.js';
import type { Contraindication } from '../screening.schema.js';
import type { From } from './grounds.js';

/** Medicines that thin the blood and block a treatment (S0-C7), by their international names. */
export const ANTICOAGULANTS = [
  'warfarin',
  'heparin',
  'enoxaparin',
  'apixaban',
  'rivaroxaban',
  'dabigatran',
  'edoxaban',
  'dalteparin',
  'fondaparinux',
  'acenocoumarol',
  'phenprocoumon',
];

type Stated = Omit<Contraindication, 'facts' | 'basis'> & { readonly rests: FactId };

/**
 * Pregnancy and an allergy to a planned substance have no override. That the others may be overridden by a physician
 * with a written reason is ours.
 */
const STATED: readonly Stated[] = [
  {
    code: 'pregnancy',
    rests: 'S0-C1',
    trigger: { kind: 'condition', condition: 'pregnancy' },
    asks: {
      en: 'Are you pregnant, or could you be?',
      tr: 'Hamile misiniz ya da hamile olma ihtimaliniz var mı?',
      fr: 'Êtes-vous enceinte, ou pourriez-vous l’être ?',
    },
    blocking: true,
    overridable: false,
  },
  {
    code: 'breastfeeding',
    rests: 'S0-C2',
    trigger: { kind: 'condition', condition: 'breastfeeding' },
    asks: { en: 'Are you breastfeeding?', tr: 'Emziriyor musunuz?', fr: 'Allaitez-vous ?' },
    blocking: true,
    overridable: true,
  },
  {
    code: 'cardiovascular-disease',
    rests: 'S0-C3',
    trigger: { kind: 'condition', condition: 'cardiovascular-disease' },
    asks: {
      en: 'Do you have a disease of the heart or the blood vessels?',
      tr: 'Kalp veya damar hastalığınız var mı?',
      fr: 'Avez-vous une maladie du cœur ou des vaisseaux ?',
    },
    blocking: true,
    overridable: true,
  },
  {
    code: 'immune-disorder',
    rests: 'S0-C4',
    trigger: { kind: 'condition', condition: 'immune-disorder' },
    asks: {
      en: 'Do you have a disorder of the immune system?',
      tr: 'Bağışıklık sisteminizle ilgili bir hastalığınız var mı?',
      fr: 'Avez-vous un trouble du système immunitaire ?',
    },
    blocking: true,
    overridable: true,
  },
  {
    code: 'allergy',
    rests: 'S0-C5',
    trigger: { kind: 'allergy-to-ingredient' },
    asks: {
      en: 'Have you ever reacted to a medicine or a substance? Which?',
      tr: 'Herhangi bir ilaca veya maddeye karşı alerjiniz ya da hassasiyetiniz oldu mu? Hangisine?',
      fr: 'Avez-vous déjà réagi à un médicament ou à une substance ? Lesquels ?',
    },
    blocking: true,
    overridable: false,
  },
  {
    code: 'uncontrolled-diabetes',
    rests: 'S0-C6',
    trigger: { kind: 'condition', condition: 'uncontrolled-diabetes' },
    asks: {
      en: 'Do you have diabetes that is not under control?',
      tr: 'Kontrol altında olmayan şeker hastalığınız var mı?',
      fr: 'Avez-vous un diabète mal équilibré ?',
    },
    blocking: true,
    overridable: true,
  },
  {
    code: 'anticoagulant',
    rests: 'S0-C7',
    trigger: { kind: 'medication', names: ANTICOAGULANTS },
    asks: {
      en: 'Do you take a medicine that thins the blood? Which?',
      tr: 'Kan sulandırıcı bir ilaç kullanıyor musunuz? Hangisini?',
      fr: 'Prenez-vous un médicament qui fluidifie le sang ? Lequel ?',
    },
    blocking: true,
    overridable: true,
  },
  {
    code: 'severe-psoriasis',
    rests: 'S0-C8',
    trigger: { kind: 'condition', condition: 'severe-psoriasis' },
    asks: {
      en: 'Do you have severe, advanced psoriasis?',
      tr: 'İleri derecede, şiddetli sedef hastalığınız var mı?',
      fr: 'Avez-vous un psoriasis sévère et avancé ?',
    },
    blocking: true,
    overridable: true,
  },
  {
    code: 'history-review',
    rests: 'S4-C1',
    trigger: { kind: 'unlisted', harmless: [] },
    asks: {
      en: 'Do you have any other illness, or take any other medicine? Which?',
      tr: 'Başka bir hastalığınız var mı ya da başka bir ilaç kullanıyor musunuz? Hangisini?',
      fr: 'Avez-vous une autre maladie, ou prenez-vous un autre médicament ? Lesquels ?',
    },
    blocking: false,
    overridable: true,
    note: 'What no list knows holds the next session until a physician has reviewed it.',
  },
];

/** S0-C1 to S0-C8 and S4-C1, the same in every built-in protocol. */
export const contraindications = (from: From): Contraindication[] =>
  STATED.map(({ rests, note, ...stated }) => ({ ...stated, ...from(rests, note) }));
