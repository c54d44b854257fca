/** What is wrong with MJML, and in which line. */
export class MjmlProblem extends Error {
  constructor(
    message: string,
    readonly line: number | null,
  ) {
    super(message);
  }
}

type Mjml2Html = (
  mjml: string,
  options: {
    readonly validationLevel: 'strict';
    readonly fonts: Readonly<Record<string, string>>;
    readonly keepComments: boolean;
    readonly ignoreIncludes: boolean;
    readonly minify: boolean;
  },
) => Promise<{ readonly html: string }>;

/** Loading it takes most of a second, which a process that writes no e-mails need not spend. */
let loading: Promise<Mjml2Html> | undefined;

async function load(): Promise<Mjml2Html> {
  const module = (await import('mjml')) as unknown as { default: Mjml2Html | { default: Mjml2Html } };
  return typeof module.default === 'function' ? module.default : module.default.default;
}

/** Liquid in MJML. */
const LIQUID = /\{\{.*?\}\}|\{%.*?%\}/gs;

/**
 * Turns MJML into HTML with the Liquid still in it. Values are filled in afterwards: what a value holds is never read
 * as MJML.
 * @throws MjmlProblem for what is no MJML, and for Liquid that MJML would drop
 */
export async function compileMjml(mjml: string): Promise<string> {
  loading ??= load();
  const mjml2html = await loading;
  const html = await mjml2html(mjml, {
    validationLevel: 'strict',
    // Its fonts would be fetched from elsewhere.
    fonts: {},
    keepComments: true,
    // A template reads no files.
    ignoreIncludes: true,
    minify: false,
  }).then(
    (result) => result.html,
    (error: Error & { errors?: readonly { readonly line: number; readonly message: string }[] }) => {
      const [first] = error.errors ?? [];
      throw new MjmlProblem(first?.message ?? error.message, first?.line ?? null);
    },
  );
  refuseDropped(mjml, html);
  return html;
}

/** MJML drops text between its elements without a word, and with it a condition: what it held back would always be said. */
function refuseDropped(mjml: string, html: string): void {
  const left = new Map<string, number>();
  for (const [tag] of html.matchAll(LIQUID)) left.set(tag, (left.get(tag) ?? 0) + 1);
  for (const match of mjml.matchAll(LIQUID)) {
    const [tag] = match;
    const count = left.get(tag) ?? 0;
    if (count === 0) {
      const line = mjml.slice(0, match.index).split('\n').length;
      throw new MjmlProblem(`${tag} stands where MJML drops it; put it into mj-raw`, line);
    }
    left.set(tag, count - 1);
  }
}

/** What would be fetched from elsewhere, or run, when an e-mail is opened; empty where nothing is. */
export function fetchedBy(html: string): string[] {
  const all = [
    ...html.matchAll(/<(script|img|link|iframe|object|embed|video|audio|source|form|base|input)\b/gi),
    ...html.matchAll(/(@import|\burl\s*\()/gi),
    ...html.matchAll(/\s((?:background|src|srcset|on[a-z]+)\s*=)/gi),
    ...html.matchAll(/(javascript:|data:text)/gi),
    ...html.matchAll(/(http-equiv\s*=\s*["']?refresh)/gi),
  ];
  return [...new Set(all.map(([, what]) => (what as string).toLowerCase()))];
}
