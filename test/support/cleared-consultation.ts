import { builtInProtocol } from '#libs/protocols/src/built-in-protocols.js';

/** Sends a command over HTTP and gives the id that it made or changed. @throws when it is refused */
export type Command = (path: string, body: object) => Promise<string>;

export interface Consulted {
  /** Each an id or a code. */
  readonly patient: string;
  readonly site: string;
  readonly practitioner: string;
  readonly procedure: string;
  /** The day of the consultation, the tests and the signature; not after today at the site. */
  readonly on: string;
}

/**
 * Everything that a healthy patient's consultation needs to be cleared under a built-in protocol, over HTTP: whatever
 * tests need a course of is cleared here, so that one place knows how.
 * @returns the id of the consultation
 */
export async function clearConsultation(command: Command, consulted: Consulted): Promise<string> {
  const { on, ...who } = consulted;
  const { practitioner, procedure } = who;
  const protocol = builtInProtocol(procedure);
  if (!protocol) throw new Error(`${procedure} is no built-in protocol`);
  const { consultation, screening, testsFirst } = protocol;
  const notes = Object.fromEntries(consultation.map(({ code }) => [code, `noted: ${code}`]));
  const id = await command('/v1/consultations', { ...who, at: `${on}T09:00`, notes });
  const of = `/v1/consultations/${id}`;
  const answers = screening.contraindications.map(({ code }) => ({ code, answer: 'no' }));
  await command(`${of}/questionnaire`, { answers, at: `${on}T09:10` });
  for (const { code: test } of testsFirst) {
    await command(`${of}/tests/results`, { test, on, acceptable: true, values: [{ name: 'all', value: 'normal' }] });
  }
  await command(`${of}/conclusion`, { practitioner, conclusion: { outcome: 'cleared' }, at: `${on}T09:30` });
  await command(`${of}/consents`, { procedure, signedOn: on, formHash: 'ab'.repeat(32) });
  return id;
}
