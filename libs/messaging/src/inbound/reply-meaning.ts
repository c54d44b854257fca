import { foldCase } from '#libs/kernel/src/case-fold.js';

/** Longer than any of the words, with blanks between its letters. */
const CHARS_MAX = 80;

/**
 * Twilio's own words, after which it lets nothing through to the number by itself, so they must mean the same here:
 * `CANCEL` is one of them. Beside them what people write in the languages of our templates.
 */
const STOP_WORDS = wordsOf(
  'STOP STOPALL UNSUBSCRIBE CANCEL END QUIT REVOKE OPTOUT',
  'DUR DURDUR İPTAL ÇIK RET RED',
  'ARRÊT ARRÊTER ARRÊTEZ DÉSABONNER DÉSINSCRIRE',
);

const START_WORDS = wordsOf('START YES UNSTOP', 'BAŞLA BAŞLAT', 'DÉMARRER REPRENDRE');

/** What the digits mean in the message that is answered. */
export interface DigitMeanings<Meaning extends string> {
  readonly 1?: Meaning;
  readonly 2?: Meaning;
}

/**
 * What a reply to an SMS means, where it is one word or digit and nothing else; any other text is `other`, and for
 * people to read. Letter case, accents, dotted and dotless i, blanks, punctuation, full-width forms and digits in boxes
 * make no difference.
 */
export function meaningOfReply<Meaning extends string = never>(
  text: string,
  digits: DigitMeanings<Meaning> = {},
): 'stop' | 'start' | 'other' | Meaning {
  const word = bare(text);
  if (STOP_WORDS.has(word)) return 'stop';
  if (START_WORDS.has(word)) return 'start';
  return (word === '1' ? digits[1] : word === '2' ? digits[2] : undefined) ?? 'other';
}

/** Letters and digits, without case and accents. */
function bare(text: string): string {
  if (text.length > CHARS_MAX) return '';
  return foldCase(text)
    .normalize('NFKD')
    .replace(/[^\p{L}\p{N}]/gu, '');
}

function wordsOf(...lists: string[]): ReadonlySet<string> {
  return new Set(lists.flatMap((list) => list.split(' ')).map(bare));
}
