/** A part of an e-mail, in Liquid. Its plain text and its HTML are both made from it. */
export type Block =
  | { readonly kind: 'say'; readonly text: string }
  /** One line for each of a list; `item` names the present one `line`. */
  | { readonly kind: 'list'; readonly of: string; readonly item: string }
  | {
      readonly kind: 'when';
      readonly condition: string;
      readonly then: readonly Block[];
      readonly otherwise: readonly Block[];
    }
  /** A button; only inside a `when` that asks for its address. */
  | { readonly kind: 'button'; readonly label: string; readonly link: string }
  /** A link in small letters below everything else; only inside a `when`, too. */
  | { readonly kind: 'footer'; readonly label: string; readonly link: string };

/** A paragraph. */
export const say = (text: string): Block => ({ kind: 'say', text });
export const list = (of: string, item: string): Block => ({ kind: 'list', of, item });
export const when = (condition: string, then: readonly Block[], otherwise: readonly Block[] = []): Block => ({
  kind: 'when',
  condition,
  then,
  otherwise,
});
/** @param link name of a value, for example `links.confirm` */
export const button = (label: string, link: string): Block => ({ kind: 'button', label, link });
export const footer = (label: string, link: string): Block => ({ kind: 'footer', label, link });

/**
 * Liquid that gives the plain text. Blank lines that pile up between blocks are taken out when it is rendered.
 * @param colon what the language writes between a label and what it is of
 */
export function textOf(blocks: readonly Block[], colon: string): string {
  return blocks
    .map((block) => {
      switch (block.kind) {
        case 'say':
          return `${block.text}\n\n`;
        case 'list':
          return `{% for line in ${block.of} %}- ${block.item}\n{% endfor %}\n`;
        case 'when':
          return `{% if ${block.condition} %}${textOf(block.then, colon)}{% else %}${textOf(block.otherwise, colon)}{% endif %}`;
        case 'button':
        case 'footer':
          return `${block.label}${colon} {{ ${block.link} }}\n\n`;
      }
    })
    .join('');
}

/** Children of an `mj-column`, with Liquid in them that gives the HTML once MJML has made its tables. */
export function mjmlOf(blocks: readonly Block[]): string {
  return blocks
    .map((block) => {
      switch (block.kind) {
        case 'say':
          return `<mj-text>${markupOf(block.text)}</mj-text>\n`;
        case 'list':
          return `<mj-text><ul style="margin:0;padding:0 20px">{% for line in ${block.of} %}<li>${markupOf(block.item)}</li>{% endfor %}</ul></mj-text>\n`;
        case 'when':
          // MJML drops text that stands between its elements without a word; only `mj-raw` comes through.
          return (
            `<mj-raw>{% if ${block.condition} %}</mj-raw>\n${mjmlOf(block.then)}` +
            `<mj-raw>{% else %}</mj-raw>\n${mjmlOf(block.otherwise)}<mj-raw>{% endif %}</mj-raw>\n`
          );
        case 'button':
          return `<mj-button href="{{ ${block.link} }}">${markupOf(block.label)}</mj-button>\n`;
        case 'footer':
          return `<mj-text font-size="13px"><a href="{{ ${block.link} }}">${markupOf(block.label)}</a></mj-text>\n`;
      }
    })
    .join('');
}

const LIQUID = /(\{\{.*?\}\}|\{%.*?%\})/s;

/** The words around the values as HTML; the values are escaped when they are filled in. */
const markupOf = (text: string): string =>
  text
    .split(LIQUID)
    .map((part, n) =>
      n % 2 === 1 ? part : part.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
    )
    .join('');
