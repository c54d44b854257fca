import type { QueryConfig } from 'pg';
import { isShareable } from './shareable.statement.js';

/**
 * The server keeps each for as long as its session lives, at some 20 kB; the texts of an application are few, and one
 * that generates texts must not fill the memory.
 */
const NAMED_MAX = 400;

const names = new Map<string, string>();

/**
 * Gives a statement with values a name, so that it is parsed and planned once: in WebAssembly that takes longer than
 * carrying it out (4 ms against 0.9 ms for a statement with a few joins).
 */
export function prepared(config: string | QueryConfig, values: unknown[] | undefined): string | QueryConfig {
  const text = typeof config === 'string' ? config : config.text;
  const given = values ?? (typeof config === 'string' ? undefined : config.values);
  if (given === undefined || (typeof config !== 'string' && config.name !== undefined) || !isShareable(text))
    return config;
  let name = names.get(text);
  if (name === undefined) {
    if (names.size >= NAMED_MAX) return config;
    name = `statement_${names.size}`;
    names.set(text, name);
  }
  return typeof config === 'string' ? { name, text } : { ...config, name };
}
