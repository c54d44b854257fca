import { assertNever } from '#libs/kernel/src/assert-never.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { occurredNow } from '#libs/kernel/src/occurred.js';
import type { Instant } from '#libs/kernel/src/zoned-time.js';
import { finding } from '#libs/protocols/src/lint/protocol-finding.js';
import { procedureOf, type Protocol } from '#libs/protocols/src/protocol.schema.js';
import { type Validation, validateProtocol } from '#libs/protocols/src/validate.js';
import type { BegunDraft, ProtocolDraftState } from './protocol-draft.state.js';
import { CodeReserved, DraftClosed, DraftRefused, DraftUnknown, ProtocolUnknown } from './protocol.errors.js';
import {
  type BasedOn,
  type DraftContent,
  ProtocolDraftChanged,
  ProtocolDraftDiscarded,
  ProtocolDrafted,
  type ProtocolDraftEvent,
  ProtocolDraftPublished,
  type ProtocolEvent,
  ProtocolPublished,
  ProtocolRetired,
} from './protocol.events.js';
import { latestVersion, nextVersion, type ProtocolState, versionOf } from './protocol.state.js';
import { isSameJson } from './same-json.js';

export type DraftCommand =
  | {
      readonly type: 'DraftProtocol';
      readonly draftId: Id;
      readonly code: string;
      readonly draft: DraftContent;
      readonly basedOn: BasedOn | null;
    }
  | { readonly type: 'ChangeDraft'; readonly draft: DraftContent }
  | { readonly type: 'DiscardDraft' };

/** Words of addresses: `/v1/protocols/drafts` is not the protocol `drafts`. */
const RESERVED_CODES: readonly string[] = ['drafts', 'validate', 'what-if'];

/**
 * What a command makes of a draft. A draft may hold anything until it is published; then it stays as it was.
 * @throws CodeReserved, DraftUnknown, DraftClosed
 */
export function decideDraft(command: DraftCommand, state: ProtocolDraftState, now: Instant): ProtocolDraftEvent[] {
  const at = occurredNow(now);
  switch (command.type) {
    case 'DraftProtocol': {
      const { type: _, ...drafted } = command;
      if (RESERVED_CODES.includes(drafted.code)) throw new CodeReserved(drafted.code);
      // The id follows from the command, so that whoever finds the draft there has made it.
      return state.status === 'none' ? [ProtocolDrafted(at, drafted)] : [];
    }
    case 'ChangeDraft': {
      const { draftId, draft, status } = begun(state);
      if (isSameJson(draft, command.draft)) return [];
      if (status !== 'open') throw new DraftClosed(status);
      return [ProtocolDraftChanged(at, { draftId, draft: command.draft })];
    }
    case 'DiscardDraft': {
      const { draftId, status } = begun(state);
      if (status === 'discarded') return [];
      if (status !== 'open') throw new DraftClosed(status);
      return [ProtocolDraftDiscarded(at, { draftId })];
    }
    default:
      return assertNever(command, 'command');
  }
}

/** What publishing writes; empty lists where there is nothing left to do. */
export interface Publication {
  readonly draft: ProtocolDraftEvent[];
  readonly protocol: ProtocolEvent[];
}

/**
 * Publishes a draft as the next version of its protocol. A draft that says what the newest version says already adds no
 * version: it is closed with that one. A version that was retired may be published anew, under a new number.
 * @throws DraftUnknown, DraftClosed where it was discarded, DraftRefused with everything that is to be mended
 */
export function decidePublication(draft: ProtocolDraftState, protocol: ProtocolState, now: Instant): Publication {
  const { draftId, code, status } = begun(draft);
  if (status === 'published') return { draft: [], protocol: [] };
  if (status === 'discarded') throw new DraftClosed(status);
  const judged = judgeDraft(begun(draft), protocol);
  if (!judged.ok) throw new DraftRefused(judged.findings, begun(draft).draft);
  const at = occurredNow(now);
  const latest = latestVersion(protocol);
  if (latest && saysTheSame(latest, judged.protocol)) {
    return { draft: [ProtocolDraftPublished(at, { draftId, code, version: latest.version })], protocol: [] };
  }
  return {
    draft: [ProtocolDraftPublished(at, { draftId, code, version: judged.protocol.version })],
    protocol: [ProtocolPublished(at, { protocol: judged.protocol })],
  };
}

/**
 * What publishing would find in a draft. Its `version` is the next one, whatever stands there; its `code` may be left
 * out, and may not be another protocol's.
 */
export function judgeDraft({ code, draft }: Pick<BegunDraft, 'code' | 'draft'>, protocol: ProtocolState): Validation {
  const given = draft['code'] === undefined ? code : draft['code'];
  const result = validateProtocol({ ...draft, code: given, version: nextVersion(protocol) });
  if (given === code) return result;
  const other = finding('other-code', 'code', `The draft is one of ${code}; its code says something else.`);
  return { ok: false, findings: [other, ...(result.ok ? [] : result.findings)] };
}

/**
 * Takes a version out of use: no new course is planned with it.
 * @throws ProtocolUnknown
 */
export function decideRetirement(code: string, version: number, state: ProtocolState, now: Instant): ProtocolEvent[] {
  if (!versionOf(state, version)) throw new ProtocolUnknown(code, version, 'version');
  return state.retired.includes(version) ? [] : [ProtocolRetired(occurredNow(now), { code, version })];
}

/**
 * A draft that copies a version: all of it but its number, under the code of the draft. Under another code it is still the
 * same procedure, and says so.
 */
export function copyOf(original: Protocol, code: string): DraftContent {
  const { version: _, procedure: __, ...rules } = original;
  const procedure = procedureOf(original);
  return { ...rules, code, ...(procedure === code ? {} : { procedure }) };
}

const saysTheSame = (published: Protocol, next: Protocol): boolean =>
  isSameJson({ ...published, version: next.version }, next);

function begun(state: ProtocolDraftState): BegunDraft {
  if (state.status === 'none') throw new DraftUnknown();
  return state;
}
