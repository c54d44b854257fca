import type { AftercareItem } from '../aftercare.schema.js';
import type { FactId } from '../facts.js';
import type { Texts } from '../rule.schema.js';
import type { From } from './grounds.js';

type Content =
  | Omit<Extract<AftercareItem, { act: 'avoid' }>, 'facts' | 'basis'>
  | Omit<Extract<AftercareItem, { act: 'do' }>, 'facts' | 'basis'>;

const texts = (en: string, tr: string, fr: string): Texts => ({ en, tr, fr });

/** S1-A4 and S1-A5 state no duration; they are said right after items of 24 hours. */
const NEIGHBOURS = 'The source states no duration: the 24 hours of its neighbours are ours.';

/**
 * What each published statement asks of the patient. Aspirin is a medicine that thins the blood, so that it stands
 * under the same subject as all of them: none may be announced as free while the others are not.
 */
const STATED = {
  'S0-A1': [
    {
      id: 'no-face-washing-or-shower',
      act: 'avoid',
      subject: 'washing',
      lasts: 'PT24H',
      text: texts(
        'Do not wash your face and do not take a shower.',
        'Yüzünüzü yıkamayın ve duş almayın.',
        'Ne vous lavez pas le visage et ne prenez pas de douche.',
      ),
      free: texts(
        'You may wash your face and take a shower again.',
        'Yüzünüzü yeniden yıkayabilir ve duş alabilirsiniz.',
        'Vous pouvez de nouveau vous laver le visage et prendre une douche.',
      ),
    },
  ],
  'S0-A2': [
    {
      id: 'sunscreen-and-no-direct-sun',
      act: 'avoid',
      subject: 'sun',
      lasts: null,
      text: texts(
        'Use sunscreen and avoid direct sunlight.',
        'Güneş kremi kullanın ve doğrudan güneş ışığından kaçının.',
        'Utilisez une crème solaire et évitez le soleil direct.',
      ),
      free: null,
    },
  ],
  'S0-A3': [
    {
      id: 'drink-fluids',
      act: 'do',
      subject: 'fluids',
      lasts: 'PT24H',
      text: texts(
        'Drink plenty of fluids, water above all.',
        'Başta su olmak üzere bol sıvı tüketin.',
        'Buvez beaucoup, de l’eau surtout.',
      ),
    },
  ],
  'S0-A4': [
    {
      id: 'no-aspirin',
      act: 'avoid',
      subject: 'blood-thinning-medicine',
      lasts: 'PT24H',
      text: texts(
        'Do not take aspirin unless a doctor has prescribed it; if so, ask that doctor before you change anything.',
        'Doktorunuz yazmadıysa aspirin almayın; yazdıysa herhangi bir değişiklik yapmadan önce doktorunuza danışın.',
        'Ne prenez pas d’aspirine, sauf si un médecin vous l’a prescrite ; dans ce cas, demandez-lui avant de changer quoi que ce soit.',
      ),
      free: texts(
        'If you need aspirin, you may take it again.',
        'İhtiyaç duyarsanız yeniden aspirin alabilirsiniz.',
        'Si vous en avez besoin, vous pouvez de nouveau prendre de l’aspirine.',
      ),
    },
    {
      id: 'no-vitamin-e',
      act: 'avoid',
      subject: 'vitamin-e',
      lasts: 'PT24H',
      text: texts(
        'Do not take vitamin E unless a doctor has prescribed it; if so, ask that doctor before you change anything.',
        'Doktorunuz yazmadıysa E vitamini almayın; yazdıysa herhangi bir değişiklik yapmadan önce doktorunuza danışın.',
        'Ne prenez pas de vitamine E, sauf si un médecin vous l’a prescrite ; dans ce cas, demandez-lui avant de changer quoi que ce soit.',
      ),
      free: texts(
        'You may take vitamin E again.',
        'Yeniden E vitamini alabilirsiniz.',
        'Vous pouvez de nouveau prendre de la vitamine E.',
      ),
    },
  ],
  'S1-A1': [
    {
      id: 'no-washing-of-treated-area',
      act: 'avoid',
      subject: 'washing',
      lasts: 'PT24H',
      text: texts(
        'Do not wash the treated area.',
        'Uygulama yapılan bölgeyi yıkamayın.',
        'Ne lavez pas la zone traitée.',
      ),
      free: texts(
        'You may wash the treated area again.',
        'Uygulama yapılan bölgeyi yeniden yıkayabilirsiniz.',
        'Vous pouvez de nouveau laver la zone traitée.',
      ),
    },
  ],
  'S1-A2': [
    {
      id: 'no-direct-sunlight',
      act: 'avoid',
      subject: 'sun',
      lasts: 'PT24H',
      text: texts(
        'Stay out of direct sunlight.',
        'Doğrudan güneş ışığına çıkmayın.',
        'Ne vous exposez pas au soleil direct.',
      ),
      free: texts(
        'You may go out into the sun again.',
        'Yeniden güneşe çıkabilirsiniz.',
        'Vous pouvez de nouveau vous exposer au soleil.',
      ),
    },
  ],
  'S1-A3': [
    {
      id: 'no-heat',
      act: 'avoid',
      subject: 'heat',
      lasts: 'PT24H',
      text: texts(
        'No solarium, Turkish bath or sauna.',
        'Solaryum, hamam ve saunaya girmeyin.',
        'Pas de solarium, de hammam ni de sauna.',
      ),
      // A solarium is ultraviolet light as well: what the sun line says without an end must not be contradicted.
      free: texts(
        'Turkish bath and sauna are fine again; for a solarium, our advice about the sun still holds.',
        'Hamam ve saunaya yeniden girebilirsiniz; solaryum için güneşle ilgili önerilerimiz geçerlidir.',
        'Hammam et sauna sont de nouveau possibles ; pour le solarium, nos conseils sur le soleil restent valables.',
      ),
    },
  ],
  'S1-A4': [
    {
      id: 'drink-water',
      act: 'do',
      subject: 'fluids',
      lasts: 'PT24H',
      text: texts('Drink plenty of water.', 'Bol su için.', 'Buvez beaucoup d’eau.'),
      note: NEIGHBOURS,
    },
  ],
  'S1-A5': [
    {
      id: 'no-exercise',
      act: 'avoid',
      subject: 'exercise',
      lasts: 'PT24H',
      text: texts('Do not exercise.', 'Egzersiz ve spor yapmayın.', 'Ne faites pas de sport.'),
      free: texts(
        'You may exercise again.',
        'Yeniden egzersiz ve spor yapabilirsiniz.',
        'Vous pouvez refaire du sport.',
      ),
      note: NEIGHBOURS,
    },
  ],
  'S3-A1': [
    {
      id: 'no-blood-thinners',
      act: 'avoid',
      subject: 'blood-thinning-medicine',
      lasts: null,
      text: texts(
        'Do not take anything that thins the blood unless a doctor has prescribed it; if so, ask that doctor before you change anything.',
        'Doktorunuz yazmadıysa kan sulandırıcı hiçbir şey almayın; yazdıysa herhangi bir değişiklik yapmadan önce doktorunuza danışın.',
        'Ne prenez rien qui fluidifie le sang, sauf si un médecin vous l’a prescrit ; dans ce cas, demandez-lui avant de changer quoi que ce soit.',
      ),
      free: null,
    },
  ],
  'S3-A2': [
    {
      id: 'no-water-on-treated-area',
      act: 'avoid',
      subject: 'washing',
      lasts: { min: 'PT10H', max: 'PT15H' },
      text: texts(
        'Keep water off the treated area.',
        'Uygulama yapılan bölgeye su değdirmeyin.',
        'Ne mouillez pas la zone traitée.',
      ),
      free: texts(
        'Water may touch the treated area again.',
        'Uygulama yapılan bölgeye yeniden su değebilir.',
        'Vous pouvez de nouveau mouiller la zone traitée.',
      ),
    },
  ],
  'S3-A3': [
    {
      id: 'no-tight-clothing',
      act: 'avoid',
      subject: 'tight-clothing',
      lasts: null,
      text: texts(
        'Do not wear tight clothing such as jeans.',
        'Kot pantolon gibi dar giysiler giymeyin.',
        'Ne portez pas de vêtements serrés, comme un jean.',
      ),
      free: null,
    },
  ],
  'S3-A4': [
    {
      id: 'no-strenuous-movement',
      act: 'avoid',
      subject: 'exercise',
      lasts: { min: 'PT2H', max: 'PT3H' },
      text: texts('Avoid strenuous movement.', 'Zorlayıcı hareketlerden kaçının.', 'Évitez les mouvements intenses.'),
      free: texts(
        'You may move without restraint again.',
        'Yeniden rahatça hareket edebilirsiniz.',
        'Vous pouvez de nouveau bouger sans restriction.',
      ),
    },
  ],
  'S3-A5': [
    {
      id: 'no-bath',
      act: 'avoid',
      subject: 'bath',
      lasts: 'PT12H',
      text: texts('Do not take a bath.', 'Banyo yapmayın.', 'Ne prenez pas de bain.'),
      free: texts(
        'You may take a bath again.',
        'Yeniden banyo yapabilirsiniz.',
        'Vous pouvez de nouveau prendre un bain.',
      ),
      note: 'Its own thing beside water on the treated area: a bath can leave the area dry.',
    },
  ],
} as const satisfies Partial<Record<FactId, readonly Content[]>>;

export type AftercareFact = keyof typeof STATED;

/** The items that published statements ask for, in the order given; one statement may be about two things (S0-A4). */
export const aftercareOf = (from: From, ...facts: readonly AftercareFact[]): AftercareItem[] =>
  facts.flatMap((fact) =>
    (STATED[fact] as readonly Content[]).map(({ note, ...content }) => ({ ...content, ...from(fact, note) })),
  );
