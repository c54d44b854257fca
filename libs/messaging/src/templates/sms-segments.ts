/** The signs of the GSM 7-bit alphabet (3GPP TS 23.038), and those that take two places in it. */
const BASIC = new Set(
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà',
);
const EXTENDED = new Set('^{}\\[~]|€');

/** Places in one message, and in each where there are several: the header that joins them takes the rest. */
const GSM = { alone: 160, joined: 153 };
const UCS2 = { alone: 70, joined: 67 };

/** How many messages a provider makes, and charges, of a text. One sign outside the GSM alphabet halves what fits. */
export function smsSegments(text: string): number {
  const signs = [...text];
  const isGsm = signs.every((sign) => BASIC.has(sign) || EXTENDED.has(sign));
  const places = isGsm ? signs.length + signs.filter((sign) => EXTENDED.has(sign)).length : text.length;
  const { alone, joined } = isGsm ? GSM : UCS2;
  return places <= alone ? 1 : Math.ceil(places / joined);
}
