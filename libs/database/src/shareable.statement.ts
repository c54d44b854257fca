import type { QueryConfig } from 'pg';

/** Statements that leave no transaction open. All others (BEGIN, SET, DDL, COPY, ...) get the session to themselves. */
const SHAREABLE = /^(?:\s+|--[^\n]*\n)*(?:select|insert|update|delete|merge|with|values|listen|notify)\b/i;
/** A `;` that something follows: more than one statement (or a text constant; then we are only careful in vain). */
const SEVERAL = /;(?!\s*$)/;
/** The texts of an application are few; a generated one must not fill the memory. */
const TEXTS_MAX = 2_000;

const known = new Map<string, boolean>();

/** true when the statement can travel beside those of others: it is one, and it cannot open a transaction. */
export function isShareable(config: string | QueryConfig): boolean {
  const text = typeof config === 'string' ? config : config.text;
  if (typeof text !== 'string') return false;
  let shareable = known.get(text);
  if (shareable === undefined) {
    shareable = SHAREABLE.test(text) && !SEVERAL.test(text);
    if (known.size >= TEXTS_MAX) known.clear();
    known.set(text, shareable);
  }
  return shareable;
}

/** The channel of a LISTEN or UNLISTEN; `*` for all. */
export function listenedChannel(text: string): { verb: 'LISTEN' | 'UNLISTEN'; channel: string } | undefined {
  const found = /^(?:\s+|--[^\n]*\n)*(un)?listen\s+("(?:[^"]|"")+"|[^\s;"]+)\s*;?\s*$/i.exec(text);
  if (!found) return undefined;
  const name = found[2]!;
  const channel = name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.toLowerCase();
  return { verb: found[1] ? 'UNLISTEN' : 'LISTEN', channel };
}
