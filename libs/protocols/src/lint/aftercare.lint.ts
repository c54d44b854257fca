import { exactDurationMs } from '#libs/kernel/src/iso-duration.js';
import { type AftercareItem, longestMs } from '../aftercare.schema.js';
import type { Protocol } from '../protocol.schema.js';
import { DAY_MS } from './durations.lint.js';
import { finding, type ProtocolFinding } from './protocol-finding.js';

type Rules = Pick<Protocol, 'aftercare' | 'preSession' | 'intervalDays'>;

/** No line permits or asks for what another one restricts, and each end has words for the all-clear. */
export function aftercareFindings(protocol: Rules): ProtocolFinding[] {
  return protocol.aftercare.flatMap((item, index) => {
    const path = `aftercare.${index}`;
    if (item.act === 'avoid') {
      return item.lasts !== null && item.free === null
        ? [finding('missing-all-clear-text', `${path}.free`, `${item.id} ends, and the all-clear has no words for it.`)]
        : [];
    }
    if (item.act === 'do') {
      return restrictionsOn(protocol, item.subject).map(({ id }) =>
        finding('avoid-and-do', path, `${item.id} asks for what ${id} asks to leave off.`),
      );
    }
    return permissionFindings(protocol, item, path);
  });
}

type Restriction = Extract<AftercareItem, { act: 'avoid' }>;
type Permission = Extract<AftercareItem, { act: 'allow' }>;

const restrictionsOn = ({ aftercare }: Rules, wanted: string): Restriction[] =>
  aftercare.filter((item): item is Restriction => item.act === 'avoid' && item.subject === wanted);

/**
 * A permission inside the restriction of another line of the aftercare, or inside what the next session's preparation
 * already forbids when that session comes as early as it may.
 */
function permissionFindings(protocol: Rules, { id, subject, after }: Permission, path: string): ProtocolFinding[] {
  const afterMs = exactDurationMs(after);
  const inside = restrictionsOn(protocol, subject).filter(({ lasts }) => (longestMs(lasts) ?? Infinity) > afterMs);
  const forbidden = protocol.preSession.precautions.filter(
    (precaution) =>
      precaution.subject === subject &&
      afterMs >= protocol.intervalDays.min * DAY_MS - exactDurationMs(precaution.before),
  );
  return [
    ...inside.map((other) =>
      finding('permission-inside-restriction', path, `${id} permits what ${other.id} still restricts at that time.`),
    ),
    ...forbidden.map(({ code }) =>
      finding('permission-inside-restriction', path, `${id} permits what ${code} forbids ahead of the next session.`),
    ),
  ];
}
