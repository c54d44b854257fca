import { isDiscreet } from '../discreet.rule.js';
import type { Protocol } from '../protocol.schema.js';
import type { Texts } from '../rule.schema.js';
import { objectsIn } from './objects-in.js';
import { finding, type ProtocolFinding } from './protocol-finding.js';

/** The fields that hold one text for each language. */
const TEXT_FIELDS = ['title', 'text', 'asks', 'free'];

/**
 * Every text stands in every language of the protocol and in no other: a message is written in one language, and a
 * single text in another one would stand alone among texts that fall back.
 */
export function textFindings({ languages, ...protocol }: Protocol): ProtocolFinding[] {
  return [...objectsIn(protocol)].flatMap(([path, object]) =>
    TEXT_FIELDS.flatMap((field) => {
      const texts = object[field];
      if (typeof texts !== 'object' || texts === null) return [];
      const place = path === '' ? field : `${path}.${field}`;
      const missing = languages.filter((language) => (texts as Texts)[language] === undefined);
      const undeclared = Object.keys(texts).filter((language) => !languages.includes(language));
      return [
        ...missing.map((language) => finding('missing-language', place, `The text in ${language} is missing.`)),
        ...undeclared.map((language) =>
          finding('undeclared-language', `${place}.${language}`, `${language} is not among the protocol’s languages.`),
        ),
      ];
    }),
  );
}

/** Words of the aftercare and of what is left off ahead of a session go by SMS, too, which others read. */
export function indiscreetFindings(protocol: Protocol): ProtocolFinding[] {
  const { aftercare, preSession } = protocol;
  // One word may be that of the area, which advice has to name: `Face`.
  const title = Object.fromEntries(Object.entries(protocol.title).filter(([, words]) => /\S\s+\S/.test(words)));
  const told = [
    ...aftercare.flatMap((item, n) => [
      [`aftercare.${n}.text`, item.text] as const,
      ...('free' in item && item.free !== null ? [[`aftercare.${n}.free`, item.free] as const] : []),
    ]),
    ...preSession.precautions.map(({ text }, n) => [`preSession.precautions.${n}.text`, text] as const),
  ];
  return told.flatMap(([place, texts]) =>
    Object.entries(texts)
      .filter(([, text]) => !isDiscreet(text, { title }))
      .map(([language]) =>
        finding(
          'text-names-treatment',
          `${place}.${language}`,
          'It names the treatment, and goes by SMS, which others read.',
        ),
      ),
  );
}
