import { readFileSync } from 'node:fs';
import { Invalid } from '#libs/kernel/src/errors.js';
import type { ProtocolFinding } from '#libs/protocols/src/lint/protocol-finding.js';
import { print } from './list.command.js';
import { formatTable } from './table.js';

/** A file with a protocol; what it holds beyond these two is the linter's to judge. */
export interface ProtocolContent {
  readonly code?: unknown;
  readonly version?: unknown;
}

/** @throws Invalid for a file that cannot be read or holds no JSON object */
export function readProtocolFile(file: string): ProtocolContent {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    const why = cause instanceof SyntaxError ? `is no JSON: ${cause.message}` : 'cannot be read';
    throw new Invalid('protocol.file', `The file ${file} ${why}.`, { cause });
  }
  if (typeof content === 'object' && content !== null && !Array.isArray(content)) return content;
  throw new Invalid('protocol.file', `The file ${file} holds no JSON object.`);
}

/** What is to be mended in a file, and that the command therefore did nothing. */
export async function printFindings(
  findings: readonly ProtocolFinding[],
  { json, then = '' }: { readonly json?: boolean | undefined; readonly then?: string },
): Promise<void> {
  await print(json ? jsonLines(findings) : `${table(findings)}\n${then}`);
}

const jsonLines = (findings: readonly ProtocolFinding[]): string =>
  findings.map(({ code, path, message, facts = [] }) => `${JSON.stringify({ code, path, message, facts })}\n`).join('');

const table = (findings: readonly ProtocolFinding[]): string =>
  formatTable(
    ['place', 'what to mend', 'finding', 'rests on'],
    findings.map(({ code, path, message, facts = [] }) => [path, message, code, facts.join(' ')]),
  );
