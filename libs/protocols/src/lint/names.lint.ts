import { foldCase } from '#libs/kernel/src/case-fold.js';
import type { Protocol } from '../protocol.schema.js';
import { valuesIn } from './objects-in.js';
import { finding, type ProtocolFinding } from './protocol-finding.js';

/** What names a thing names it once. Names of substances are compared as those of patients' answers are. */
export function duplicateFindings(protocol: Protocol): ProtocolFinding[] {
  return [...namedLists(protocol), ...listsOfNames(protocol)].flatMap(([path, names]) => {
    const seen = new Set<string>();
    return names
      .filter((name) => seen.size === seen.add(foldCase(name)).size)
      .map((name) => finding('duplicate-id', path, `${name} stands there more than once.`));
  });
}

/** No list of a protocol comes near it; checks that compare everything with everything stay short under it. */
const LIST_MAX = 500;

export function longListFindings(protocol: Protocol): ProtocolFinding[] {
  return [...valuesIn(protocol)].flatMap(([path, value]) =>
    Array.isArray(value) && value.length > LIST_MAX
      ? [finding('list-too-long', path, `${value.length} entries; a list has at most ${LIST_MAX}.`)]
      : [],
  );
}

type NamedList = readonly [path: string, names: readonly string[]];

/** Lists of things that have a name. */
function namedLists(protocol: Protocol): NamedList[] {
  return [
    ['evidence', protocol.evidence.map((entry) => (entry.kind === 'citation' ? entry.id : entry.cites))],
    ['ingredients.items', protocol.ingredients?.items.map(({ name }) => name) ?? []],
    ['consultation', protocol.consultation.map(({ code }) => code)],
    ['screening.contraindications', protocol.screening.contraindications.map(({ code }) => code)],
    ['testsFirst', protocol.testsFirst.map(({ code }) => code)],
    ['preSession.precautions', protocol.preSession.precautions.map(({ code }) => code)],
    ['preSession.checks', protocol.preSession.checks.map(({ code }) => code)],
    ['steps', protocol.steps.map(({ code }) => code)],
    ['aftercare', protocol.aftercare.map(({ id }) => id)],
    ['checkUps', protocol.checkUps.map(({ kind, afterDays }) => `${kind} ${afterDays}`)],
    ['expectedReactions', protocol.expectedReactions.map(({ code }) => code)],
    ['adverseEvents', protocol.adverseEvents.map(({ code }) => code)],
    // A kind that comes twice would give two messages the same cause and kind, and so the same key.
    [
      'messages',
      protocol.messages.map((message) =>
        message.kind === 'precaution-notice' ? `${message.kind} ${message.precaution}` : message.kind,
      ),
    ],
  ];
}

/** Lists that are nothing but names: languages, facts, devices, areas, substances. */
function listsOfNames(protocol: Protocol): NamedList[] {
  return [...valuesIn(protocol)].flatMap(([path, value]) =>
    Array.isArray(value) && value.every((each) => typeof each === 'string') ? [[path, value as string[]]] : [],
  );
}
