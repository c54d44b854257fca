import { BUILT_IN_PROTOCOLS } from '#libs/protocols/src/built-in-protocols.js';
import { isDiscreet } from '#libs/protocols/src/discreet.rule.js';
import type { Template } from 'liquidjs';
import { compiledTemplate, type RenderedTemplate } from '../compiled-template.js';
import { compileMjml, fetchedBy, MjmlProblem } from '../compile-mjml.js';
import { PhraseProblem, readPhrase } from '../icu-phrase.js';
import { escapeHtml, fill, MARKUP, PLAIN } from '../liquid-engines.js';
import type { MessageContent } from '../message-content.js';
import { smsSegments } from '../sms-segments.js';
import type { TemplateName } from '../template-set.js';
import type { TemplateSource } from '../template-source.js';
import { type SampleContent, sampleContents, valuesOf } from './sample-contents.js';
import type { TemplateFinding } from './template.errors.js';
import type { TemplateFindingCode } from './template.rule-book.js';

/** More is not read by anybody, and costs the chain as many messages. */
export const SMS_SEGMENTS_MAX = 6;

/** What a template makes of a sample. */
export interface RenderedSample extends RenderedTemplate {
  readonly sample: SampleContent['sample'];
}

export interface CheckedTemplate {
  /** In the order of the fields and of their lines; empty where it may be published. */
  readonly findings: readonly TemplateFinding[];
  /** Empty where it could not be rendered at all. */
  readonly samples: readonly RenderedSample[];
}

/**
 * Tries a template on everything that messages of its kind may hold, so that none fails later for want of a value and
 * none says too little or too much. Nothing is stored.
 */
export async function checkTemplate(source: TemplateSource): Promise<CheckedTemplate> {
  const unreadable = [...missingParts(source), ...phraseFindings(source), ...(await readFindings(source))];
  if (unreadable.length > 0) return { findings: unreadable, samples: [] };
  const contents = sampleContents(source.name, source.language, source.phrases);
  const unfit = distinct(contents.flatMap(({ content }) => fitFindings(source, content)));
  if (unfit.length > 0) return { findings: unfit, samples: [] };
  const template = await compiledTemplate(source);
  const rendered = contents.map(({ sample, content }) => ({ sample, content, ...template.render(content) }));
  const findings = rendered.flatMap(({ content, ...each }) => [
    ...namedFindings(source, each),
    ...saidFindings(source, content, each),
    ...lengthFindings(source, each),
    ...fetchFindings(each),
  ]);
  return { findings: distinct(findings), samples: rendered.map(({ content: _, ...sample }) => sample) };
}

const finding = (
  code: TemplateFindingCode,
  field: string,
  message: string,
  line: number | null = null,
): TemplateFinding => ({ code, field, line, message });

function distinct(findings: readonly TemplateFinding[]): TemplateFinding[] {
  return [...new Map(findings.map((each) => [JSON.stringify(each), each])).values()];
}

function missingParts({ channel, subject, mjml }: TemplateSource): TemplateFinding[] {
  if (channel === 'email') {
    return subject === null ? [finding('template.parts', 'subject', 'An e-mail needs a subject.')] : [];
  }
  return [
    ...(subject === null ? [] : [finding('template.parts', 'subject', 'An SMS has no subject; leave it out.')]),
    ...(mjml === null ? [] : [finding('template.parts', 'mjml', 'An SMS has no HTML; leave the MJML out.')]),
  ];
}

function phraseFindings({ phrases, language }: TemplateSource): TemplateFinding[] {
  return Object.entries(phrases).flatMap(([name, pattern]) => {
    try {
      readPhrase(pattern, language);
      return [];
    } catch (error) {
      if (!(error instanceof PhraseProblem)) throw error;
      return [
        finding('template.phrase', `phrases.${name}`, `The phrase cannot be read: ${error.message}.`, error.line),
      ];
    }
  });
}

/** The parts of a template that are Liquid, with the engine that fills them in. */
const liquidParts = ({ subject, text, mjml }: TemplateSource) =>
  [
    { field: 'subject', engine: PLAIN, liquid: subject },
    { field: 'text', engine: PLAIN, liquid: text },
    // As it was written and not as MJML makes HTML of it, so that a line means what the author sees.
    { field: 'mjml', engine: MARKUP, liquid: mjml },
  ].flatMap(({ liquid, ...part }) => (liquid === null ? [] : [{ ...part, liquid }]));

async function readFindings(source: TemplateSource): Promise<TemplateFinding[]> {
  const findings = liquidParts(source).flatMap(({ field, engine, liquid }) => {
    try {
      engine.parse(liquid);
      return [];
    } catch (error) {
      return [finding('template.liquid', field, `The Liquid cannot be read: ${saidBy(error)}.`, lineOf(error))];
    }
  });
  if (source.mjml === null) return findings;
  try {
    await compileMjml(source.mjml);
    return findings;
  } catch (error) {
    if (!(error instanceof MjmlProblem)) throw error;
    return [...findings, finding('template.mjml', 'mjml', `The MJML is not valid: ${error.message}.`, error.line)];
  }
}

/** Fills a sample in, part by part. */
function fitFindings(source: TemplateSource, content: SampleContent['content']): TemplateFinding[] {
  // The HTML may name the subject and the plain text that were made before it.
  const values = { ...content, subject: 'x', text: 'x' };
  return liquidParts(source).flatMap(({ field, engine, liquid }) => {
    const template: Template[] = engine.parse(liquid);
    try {
      fill(engine, template, field === 'mjml' ? values : content, source);
      return [];
    } catch (error) {
      const known = `A message of this kind has ${valuesOf(source.name).join(', ')}`;
      return [finding('template.known-values', field, `${saidBy(error)}. ${known}.`, lineOf(error))];
    }
  });
}

/** What Liquid says without the place that it adds, which the finding has by itself. */
function saidBy(error: unknown): string {
  const { message, originalError } = error as Error & { originalError?: Error };
  const said = (originalError?.message ?? message).split('\n')[0] as string;
  return said.replace(/, (?:file|line|col):.*$/, '').replace(/\.$/, '');
}

function lineOf(error: unknown): number | null {
  const { token } = error as { token?: { getPosition?(): [number, number] } };
  return token?.getPosition?.()[0] ?? null;
}

const TITLES: { readonly title: Record<string, string> } = {
  title: Object.fromEntries(
    BUILT_IN_PROTOCOLS.flatMap(({ code, title }) =>
      Object.entries(title).map(([language, text]) => [`${code} ${language}`, text]),
    ),
  ),
};

/** What others read: the subject of an e-mail, the whole of an SMS. */
function namedFindings(source: TemplateSource, { subject, text }: RenderedTemplate): TemplateFinding[] {
  const [field, seen, liquid] =
    source.channel === 'email'
      ? (['subject', subject ?? '', source.subject ?? ''] as const)
      : (['text', text, source.text] as const);
  if (isDiscreet(seen, TITLES)) return [];
  const lines = liquid.split('\n');
  const words = lines.findIndex((line) => !isDiscreet(line, TITLES));
  const value = lines.findIndex((line) => /\{[{%][^}]*\b(?:treatment|clinic|place)\b/.test(line));
  const line = words >= 0 ? words : value;
  return [
    finding(
      'template.treatment-unnamed',
      field,
      'Others read it, and it names a treatment, or a clinic or place that tells it; leave it out, and take sender in place of clinic.',
      line >= 0 ? line + 1 : null,
    ),
  ];
}

type Fact = readonly [name: string, value: string | null | undefined];

const eachOf = (name: string, values: readonly string[] | undefined): Fact[] =>
  (values ?? []).map((value) => [name, value]);

/** What a kind of message is there to say. */
const FACTS: Readonly<Record<TemplateName, (content: Partial<MessageContent>) => readonly Fact[]>> = {
  aftercare: ({ lines = [] }) => [
    ...eachOf(
      'line.text of each of lines',
      lines.map(({ text }) => text),
    ),
    ...lines.map(({ until }): Fact => ['line.until of each of lines', until]),
  ],
  'all-clear': ({ free, goes_on }) => [...eachOf('each of free', free), ...eachOf('each of goes_on', goes_on)],
  'check-in': () => [],
  'session-reminder': ({ at }) => [['at', at]],
  'session-moved': ({ at }) => [['at', at]],
  'session-called-off': ({ at }) => [['at', at]],
  'precaution-notice': ({ at, precaution }) => [
    ['at', at],
    ['precaution', precaution],
  ],
  'maintenance-due-soon': ({ opens, closes }) => [
    ['opens', opens],
    ['closes', closes],
  ],
  'maintenance-due': ({ closes }) => [['closes', closes]],
  'maintenance-overdue': () => [],
  'maintenance-proposal': ({ at, held_until }) => [
    ['at', at],
    ['held_until', held_until],
  ],
};

/** How a patient answers a kind of message that asks something. */
const ANSWERS: Readonly<Partial<Record<TemplateName, readonly (keyof MessageContent['links'])[]>>> = {
  'check-in': ['well', 'worried'],
  'maintenance-proposal': ['confirm', 'other', 'stop'],
};
const DIGITS: Readonly<Partial<Record<TemplateName, readonly string[]>>> = {
  'check-in': ['1', '2'],
  'maintenance-proposal': ['1', '2', 'STOP'],
};

function saidFindings(
  { name, channel }: TemplateSource,
  content: SampleContent['content'],
  { subject, text, html }: RenderedTemplate,
): TemplateFinding[] {
  const links = (channel === 'email' && ANSWERS[name]) || [];
  const facts: Fact[] = [
    ...FACTS[name](content),
    ...links.map((action): Fact => [`links.${action}, where there is one`, content.links?.[action]]),
  ];
  const leftOut = (field: string, said: string, form: (value: string) => string) =>
    facts.flatMap(([of, value]) =>
      value == null || value === '' || said.includes(form(value))
        ? []
        : [finding('template.says-it', field, `It does not say ${of}.`)],
    );
  const digits = (channel === 'sms' && content.replies && DIGITS[name]) || [];
  return [
    ...(subject === '' ? [finding('template.says-it', 'subject', 'The subject is empty for some messages.')] : []),
    ...(text === '' ? [finding('template.says-it', 'text', 'The text is empty for some messages.')] : []),
    ...leftOut('text', text, (value) => value),
    ...(html === null ? [] : leftOut('mjml', shownBy(html), escapeHtml)),
    ...digits
      .filter((digit) => !new RegExp(`\\b${digit}\\b`).test(text))
      .map((digit) =>
        finding('template.says-it', 'text', `It does not say what ${digit} answers, where replies are read.`),
      ),
  ];
}

/** Without the subject, which every layout repeats in its head, its label and its hidden preview. */
const shownBy = (html: string): string =>
  html
    .slice(Math.max(0, html.search(/<body\b/i)))
    .replace(/<div[^>]*display:none[^>]*>[^]*?<\/div>/g, '')
    .replace(/aria-label="[^"]*"/g, '');

function lengthFindings({ channel }: TemplateSource, { text }: RenderedTemplate): TemplateFinding[] {
  const segments = channel === 'sms' ? smsSegments(text) : 0;
  if (segments <= SMS_SEGMENTS_MAX) return [];
  const message = `A usual message comes to ${segments} segments; at most ${SMS_SEGMENTS_MAX}. Say less.`;
  return [finding('template.sms-length', 'text', message)];
}

function fetchFindings({ html }: RenderedTemplate): TemplateFinding[] {
  const fetched = html === null ? [] : fetchedBy(html);
  if (fetched.length === 0) return [];
  const message = `It would fetch or run something when it is opened: ${fetched.join(', ')}. Leave that out.`;
  return [finding('template.fetches-nothing', 'mjml', message)];
}
