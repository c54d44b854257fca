import type { Device } from './course-rules.schema.js';
import type { Protocol } from './protocol.schema.js';

/**
 * Injection depth in mm against the protocol's range (S3-D1). No deviation where the depth is the physician's (S0-D2),
 * with a device that has none to speak of (needle-free), and where none was recorded.
 */
export function depthDeviation(
  protocol: Pick<Protocol, 'depthMm'>,
  session: { readonly depthMm: number | null; readonly device: Device | null },
): 'depth' | null {
  const { depthMm: range } = protocol;
  if (range.decidedBy === 'physician' || session.depthMm === null) return null;
  if (session.device !== null && range.exceptDevices.includes(session.device)) return null;
  return session.depthMm < range.min || session.depthMm > range.max ? 'depth' : null;
}

/** Length of a session in minutes against what is expected (S4-U1). No deviation where none was recorded. */
export function durationDeviation(
  protocol: Pick<Protocol, 'durationMinutes'>,
  minutes: number | null,
): 'duration' | null {
  if (minutes === null) return null;
  const { min, max } = protocol.durationMinutes;
  return minutes < min || minutes > max ? 'duration' : null;
}
