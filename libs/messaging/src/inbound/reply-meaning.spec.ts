import fc from 'fast-check';
import { meaningOfReply } from './reply-meaning.js';

const DIGITS = { 1: 'confirm', 2: 'cancel' } as const;

it.each([
  ...[
    'STOP',
    'stop',
    'Stop.',
    ' STOP! ',
    'ＳＴＯＰ',
    'sTOP\n',
    '«stop»',
    'Stop all',
    'STOPALL',
    'unsubscribe',
    'Cancel',
  ],
  ...[
    'END',
    'quit',
    'Opt-out',
    'REVOKE',
    'Dur',
    'DUR!',
    'durdur',
    'İPTAL',
    'iptal',
    'IPTAL',
    'ıptal',
    'İptal.',
    'çık',
    'ÇIK',
  ],
  ...['ret', 'ARRÊT', 'arret', 'Arre\u0302t', 'arrêtez', 'DÉSABONNER', 'desabonner', 'stop 🛑'],
])('takes %j for stop', (text) => expect(meaningOfReply(text, DIGITS)).toBe('stop'));

it.each(['START', 'start', 'Yes', 'unstop', 'Başla', 'BASLA', 'BAŞLAT', 'ｙｅｓ', 'Démarrer', 'reprendre'])(
  'takes %j for start',
  (text) => expect(meaningOfReply(text, DIGITS)).toBe('start'),
);

it.each([
  ['1', 'confirm'],
  [' 1. ', 'confirm'],
  ['１', 'confirm'],
  ['1️⃣', 'confirm'],
  ['(2)', 'cancel'],
  ['２', 'cancel'],
])('takes %j for the digit’s meaning in the message that is answered', (text, meaning) => {
  expect(meaningOfReply(text, DIGITS)).toBe(meaning);
});

it('gives a digit no meaning that the message did not give it', () => {
  expect(meaningOfReply('1')).toBe('other');
  expect(meaningOfReply('2', { 1: 'well' })).toBe('other');
});

it.each([
  '',
  '   ',
  '3',
  '11',
  '12',
  '1 2',
  'Stop by tomorrow?',
  'please do not stop',
  'Durum nedir?',
  'yes please',
  '-1a',
  '½',
])('leaves %j to people', (text) => expect(meaningOfReply(text, DIGITS)).toBe('other'));

it('does not mind case, blanks and punctuation around and between the letters', () => {
  const word = fc.constantFrom('stop', 'unsubscribe', 'iptal', 'arrêt', 'çık');
  const noise = fc.array(fc.constantFrom(' ', '.', '!', '-', '\n', '\t', '…', '\u00a0', '\u200b', '🙏'), {
    maxLength: 3,
  });
  fc.assert(
    fc.property(word, fc.array(fc.tuple(fc.boolean(), noise), { minLength: 12, maxLength: 12 }), (letters, ways) => {
      const written = [...letters].map((letter, at) => {
        const [upper, after] = ways[at] ?? [false, []];
        return `${upper ? letter.toLocaleUpperCase('tr') : letter}${after.join('')}`;
      });
      expect(meaningOfReply(written.join(''), DIGITS)).toBe('stop');
    }),
  );
});

it('takes any text, however long, and no other word for a meaning', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
      expect(['stop', 'start', 'confirm', 'cancel', 'other']).toContain(meaningOfReply(text, DIGITS));
      expect(meaningOfReply(`randevu ${text} istiyorum`, DIGITS)).toBe('other');
    }),
  );
});
