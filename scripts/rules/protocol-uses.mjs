/**
 * @typedef {object} ProtocolRule one rule of a protocol, as its data states it
 * @property {string} protocol
 * @property {string} path where it stands, `aftercare.no-exercise`
 * @property {string} content what it says, without its texts
 * @property {string[]} facts
 * @property {string} basis
 */

/** @typedef {{ protocolRules: ProtocolRule[], topics: string[] }} FactUses rules proper, and topics of information */

const grounds = new Set(['facts', 'basis', 'citations', 'note']);
/** Sentences in three languages are for patients, not for a table. */
const texts = new Set(['title', 'text', 'free', 'asks']);
const names = ['id', 'code', 'kind', 'topic', 'precaution'];

/**
 * Every rule of a protocol, however deep it stands, but for what only informs.
 * @returns {ProtocolRule[]}
 */
export function protocolRules(protocol) {
  const { information: _, ...ruling } = protocol;
  return [...rulesIn(ruling, [], protocol.code)];
}

/**
 * What protocols use each published statement for.
 * @returns {Map<string, FactUses>} by the id of the statement
 */
export function factUses(protocols) {
  /** @type {Map<string, FactUses>} */
  const uses = new Map();
  const of = (fact) => uses.get(fact) ?? uses.set(fact, { protocolRules: [], topics: [] }).get(fact);
  for (const protocol of protocols) {
    for (const rule of protocolRules(protocol)) for (const fact of rule.facts) of(fact).protocolRules.push(rule);
    for (const { topic, facts } of protocol.information) {
      for (const fact of facts) if (!of(fact).topics.includes(topic)) of(fact).topics.push(topic);
    }
  }
  return uses;
}

function* rulesIn(value, path, protocol) {
  if (Array.isArray(value)) {
    for (const each of value) yield* rulesIn(each, [...path, nameOf(each)], protocol);
  } else if (value !== null && typeof value === 'object') {
    if (Array.isArray(value.facts) && typeof value.basis === 'string') {
      const { facts, basis } = value;
      yield { protocol, path: path.filter(Boolean).join('.'), content: contentOf(value), facts: [...facts], basis };
    }
    for (const [key, each] of Object.entries(value)) {
      if (!grounds.has(key) && !texts.has(key)) yield* rulesIn(each, [...path, key], protocol);
    }
  }
}

/** What an entry of a list is called; a precaution's notice is told from another's. */
const nameOf = (entry) =>
  names
    .map((name) => entry?.[name])
    .filter((name) => typeof name === 'string')
    .slice(0, entry?.precaution === undefined ? 1 : 2)
    .join('.');

function contentOf(rule) {
  const own = Object.entries(rule).filter(
    ([key, value]) => !grounds.has(key) && !texts.has(key) && !names.includes(key) && !Array.isArray(value?.facts),
  );
  return phrase(Object.fromEntries(own));
}

/** `firstOpens` as words. */
export const words = (key) => key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

/** A value as somebody would write it into a table. */
export function phrase(value) {
  if (value === null) return 'open';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value)) return value.map(phrase).join(', ');
  if (typeof value !== 'object') return String(value);
  const { min, max, ...others } = value;
  const range = min === undefined && max === undefined ? [] : [spanOf(min, max)];
  return [...range, ...Object.entries(others).map(([key, each]) => `${words(key)} ${phrase(each)}`)].join(', ');
}

function spanOf(min, max) {
  if (max === undefined || max === null) return `${min} or more`;
  if (min === undefined) return `at most ${max}`;
  return min === max ? String(min) : `${min} to ${max}`;
}
