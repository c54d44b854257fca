import { startAuthentication, startRegistration } from '@simplewebauthn/browser';
import { postJson } from './http.js';

type RegistrationOptions = Parameters<typeof startRegistration>[0]['optionsJSON'];
type AuthenticationOptions = Parameters<typeof startAuthentication>[0]['optionsJSON'];

/** Signs in with a passkey that this device, or one nearby, holds. @throws ApiProblem, or what the browser says */
export async function signInWithPasskey(): Promise<void> {
  const { options } = await postJson<{ options: AuthenticationOptions }>('/v1/sign-in/passkey/options');
  await postJson('/v1/sign-in/passkey', await startAuthentication({ optionsJSON: options }));
}

/** Makes a passkey with the code of an invitation, and signs in by it. @throws as `signInWithPasskey` */
export async function makePasskey(invitation: string): Promise<void> {
  const path = '/v1/sign-in/passkey/registration';
  const { options } = await postJson<{ options: RegistrationOptions }>(`${path}/options`, { invitation });
  await postJson(path, await startRegistration({ optionsJSON: options }));
}

/** Lets a passkey of whoever is signed in answer a challenge. @throws what the browser says, in words for people */
export async function askPasskey(options: object | null) {
  try {
    return await startAuthentication({ optionsJSON: options as AuthenticationOptions });
  } catch (cause) {
    throw isNoPasskey(cause) ? new Error('No passkey was used. Try again when you are ready.', { cause }) : cause;
  }
}

/** A browser says at length that nobody touched the key; people know. */
const isNoPasskey = (error: unknown): boolean =>
  error instanceof Error && ['NotAllowedError', 'AbortError', 'WebAuthnError'].includes(error.name);
