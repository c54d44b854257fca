/// <reference lib="dom" />
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { AxeResults } from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { verifyBundle } from '#libs/evidence/src/verify-bundle.mjs';
import { CLI, type PistorProcess, startPistor } from './support/pistor-process.js';

const AXE = createRequire(import.meta.filename).resolve('axe-core/axe.min.js');
const HISTORY = join(import.meta.dirname, '..', 'demo', 'history');
const WAIT_MS_MAX = 20_000;
const LIVE = { PISTOR_SANDBOX: 'false' };

/** What a physician signs with a passkey and opens at another site, and what an administrator reviews and reports: two browsers of a live chain. */
let folder: string;
let server: PistorProcess;
let browser: Browser;
let physician: Page;
let administrator: Page;
let axe: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pistor trust '));
  const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'];
  [server, browser, axe] = await Promise.all([
    startPistor(folder, ['--no-demo'], LIVE),
    chromium.launch({ executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium', args }),
    readFile(AXE, 'utf8'),
  ]);
  await pistor('import', HISTORY);
  administrator = await signedIn('Ada Öz', '--role', 'administrator');
  physician = await signedIn('Deniz Aydın', '--role', 'physician', '--site', 'IST1');
}, 180_000);

afterAll(async () => {
  await browser?.close();
  await server?.kill();
  await rm(folder, { recursive: true, force: true });
});

async function pistor(...args: readonly string[]): Promise<string> {
  const env = { ...process.env, ...LIVE, PISTOR_LOG: 'error' };
  const run = promisify(execFile)(process.execPath, [CLI, ...args, '--data', folder], { env, maxBuffer: 64 << 20 });
  // Lines of an import that were refused are told by its exit code: the demo history has some.
  return run.then(
    ({ stdout }) => stdout,
    (error: { stdout: string; code: number }) => {
      if (args[0] === 'import') return error.stdout;
      throw error;
    },
  );
}

/** Somebody with a browser and a device of their own. */
async function signedIn(name: string, ...roles: readonly string[]): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS_MAX);
  const device = await context.newCDPSession(page);
  await device.send('WebAuthn.enable');
  await device.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      ...{ protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true },
      ...{ isUserVerified: true, automaticPresenceSimulation: true },
    },
  });
  const { code } = JSON.parse(await pistor('users', 'invite', name, ...roles, '--json')) as { code: string };
  // Browsers make no passkey for a number.
  await page.goto(`${server.url.replace('127.0.0.1', 'localhost')}/sign-in`);
  await page.getByLabel('Code of your invitation').fill(code);
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
  return page;
}

const url = (path: string) => server.url.replace('127.0.0.1', 'localhost') + path;

async function accessibilityViolations(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => {
    const { axe: run } = globalThis as unknown as { axe: { run(): Promise<AxeResults> } };
    return run.run();
  });
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`);
}

/** Codes of patients by the site where they are treated. */
async function patientAt(isHere: boolean): Promise<string> {
  const token = (await readFile(join(folder, 'operator.token'), 'utf8')).trim();
  const headers = { authorization: `Bearer ${token}` };
  const answer = await fetch(`${server.url}/v1/courses?limit=200`, { headers });
  const { items: courses } = (await answer.json()) as {
    items: { site: { code: string }; patient: { code: string } }[];
  };
  const atHome = new Set(courses.filter(({ site }) => site.code === 'IST1').map(({ patient }) => patient.code));
  const found = courses.find(({ patient }) => atHome.has(patient.code) === isHere);
  if (!found) throw new Error('The demo history has no such patient');
  return found.patient.code;
}

describe('signing an entry', () => {
  it('is done with the passkey, beside the entry, and shows who, when and what from then on', async () => {
    await physician.goto(url(`/patients/${await patientAt(true)}`));
    const entry = physician
      .getByRole('listitem')
      .filter({ hasText: /Consent to .* signed/ })
      .first();
    await entry.getByRole('button', { name: /^Sign/ }).click();
    const dialog = physician.getByRole('dialog', { name: 'Sign as consent' });
    await dialog.getByText('This is what was consented to').waitFor();
    expect(await accessibilityViolations(physician)).toEqual([]);
    await dialog.getByRole('button', { name: 'Sign with your passkey' }).click();
    await entry.getByText(/Signed by Deniz Aydın as consent, .*, with a passkey/).waitFor();
    expect(await entry.getByRole('button', { name: /^Sign/ }).count()).toBe(0);
    await physician.getByRole('row', { name: /Consent signed.*Consent.*Deniz Aydın/ }).waitFor();
  });

  it('is offered to nobody who does not treat', async () => {
    await administrator.goto(url(`/patients/${await patientAt(true)}`));
    await administrator.getByRole('alert').waitFor();
    expect(await administrator.getByRole('button', { name: /^Sign (?!out)/ }).count()).toBe(0);
  });
});

describe('opening a record of another site', () => {
  it('is offered where the record is closed, and opens it for a time and with a reason', async () => {
    const elsewhere = await patientAt(false);
    await physician.goto(url(`/patients/${elsewhere}`));
    await physician.getByRole('link', { name: 'Open the record in an emergency' }).click();
    await physician.getByRole('heading', { level: 1, name: 'Opened in an emergency' }).waitFor();
    expect(await physician.getByLabel('Code of the patient').inputValue()).toBe(elsewhere);
    await physician.getByLabel('For how long').selectOption('30');
    await physician.getByLabel(/^Why/).fill('Collapsed in our waiting room; allergies are needed');
    expect(await accessibilityViolations(physician)).toEqual([]);
    await physician.getByRole('button', { name: 'Open the record' }).click();
    await physician.getByText('You have opened this record in an emergency.').waitFor();
    await physician.getByRole('heading', { name: 'What happened' }).waitFor();
    expect(await accessibilityViolations(physician)).toEqual([]);
  });

  it('ends when whoever opened it closes it', async () => {
    await physician.goto(url('/break-glass'));
    await physician.getByText('Collapsed in our waiting room').waitFor();
    await physician.getByRole('button', { name: 'Close it now' }).click();
    await physician.getByRole('button', { name: 'Close it', exact: true }).click();
    await physician.getByText('None.').waitFor();
    await physician.goto(url(`/patients/${await patientAt(false)}`));
    await physician.getByRole('link', { name: 'Open the record in an emergency' }).waitFor();
  });

  it('is looked at by somebody else, who writes down what they found', async () => {
    await administrator.goto(url('/break-glass?state=waiting'));
    await administrator.getByRole('row', { name: /Deniz Aydın.*Collapsed/ }).waitFor();
    expect(await accessibilityViolations(administrator)).toEqual([]);
    await administrator.getByRole('button', { name: /Say what you found/ }).click();
    const dialog = administrator.getByRole('dialog', { name: 'Was it right to open this record?' });
    await dialog.getByLabel('It was justified').check();
    await dialog.getByLabel('How you know').fill('The patient was treated for it that day');
    await dialog.getByRole('button', { name: 'Write it down' }).click();
    await administrator.getByText('Nothing was opened.').waitFor();
    await administrator.getByLabel('State').selectOption('reviewed');
    await administrator.getByRole('row', { name: /Deniz Aydın.*Justified/ }).waitFor();
  });
});

describe('a compliance report', () => {
  it('is asked for a site and a period, names its checkpoint, and is taken away with what proves it', async () => {
    await administrator.goto(url('/system'));
    await administrator.getByRole('link', { name: 'Compliance report' }).click();
    await administrator.getByRole('heading', { level: 1, name: 'Compliance report' }).waitFor();
    await administrator.getByLabel('Site').selectOption('IST1');
    await administrator.getByLabel('From').fill('2025-01-01');
    await administrator.getByLabel('To, included').fill('2026-12-31');
    await administrator.getByRole('button', { name: 'Compute the report' }).click();
    await administrator.getByText(/sessions performed for \d+ patients/).waitFor();
    expect(await accessibilityViolations(administrator)).toEqual([]);
    const taken = administrator.waitForEvent('download');
    await administrator.getByRole('link', { name: 'Evidence' }).click();
    const bundle = await readFile(await (await taken).path());
    const verdict = verifyBundle(bundle);
    expect(verdict).toMatchObject({ outcome: 'valid', problem: null });
    expect(verdict.found.join(' ')).toContain('it is the same to the byte');
  });
});
