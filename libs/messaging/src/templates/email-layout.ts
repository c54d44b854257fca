/** Primary languages that are written from right to left. */
const RIGHT_TO_LEFT: readonly string[] = ['ar', 'ckb', 'dv', 'fa', 'he', 'ps', 'sd', 'ug', 'ur', 'yi'];

/** In which direction a language is written. */
export const directionOf = (language: string): 'ltr' | 'rtl' =>
  RIGHT_TO_LEFT.includes(language.toLowerCase().split('-')[0] as string) ? 'rtl' : 'ltr';

/** Languages are tags such as `pt-BR`; whatever else may be in one never gets into markup. */
const tagOf = (language: string): string => language.replace(/[^A-Za-z0-9-]/g, '');

/**
 * Follows the subject in what mail programs show beside it in their lists and on lock screens: without it they would go
 * on with the first sentence, which may name the treatment.
 */
const PREVIEW_FILLER = '&#847;&zwnj;&nbsp;'.repeat(80);

/**
 * An e-mail in MJML around the children of its only column. It fetches nothing: no images, no fonts from elsewhere,
 * nothing that would tell anybody that it was opened.
 */
export function emailLayout(language: string, column: string): string {
  const direction = directionOf(language);
  const align = direction === 'rtl' ? 'right' : 'left';
  return `<mjml lang="${tagOf(language)}" dir="${direction}">
<mj-head>
<mj-title>{{ subject }}</mj-title>
<mj-preview>{{ subject }} ${PREVIEW_FILLER}</mj-preview>
<mj-attributes>
<mj-all font-family="Arial, Helvetica, sans-serif" />
<mj-text font-size="16px" line-height="1.5" color="#1c2733" align="${align}" />
<mj-button font-size="16px" background-color="#1d5c87" color="#ffffff" align="${align}" border-radius="4px" />
</mj-attributes>
</mj-head>
<mj-body background-color="#ffffff">
<mj-section direction="${direction}" text-align="${align}">
<mj-column>
${column}</mj-column>
</mj-section>
</mj-body>
</mjml>
`;
}
