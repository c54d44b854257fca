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
