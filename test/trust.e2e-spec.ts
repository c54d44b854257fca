import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { verifyBundle } from '#libs/evidence/src/verify-bundle.mjs';
import { type LivePistor, startLivePistor } from './support/live-pistor.js';
import { accessibilityViolations, openTestBrowser, type TestBrowser } from './support/test-browser.js';

const HISTORY = join(import.meta.dirname, '..', 'demo', 'history');

/** What a physician signs with a passkey and opens at another site, and what an administrator reviews and reports: two browsers of a live chain. */
let pistor: LivePistor;
let browser: TestBrowser;
let physician: Page;
let administrator: Page;

beforeAll(async () => {
  [pistor, browser] = await Promise.all([startLivePistor(), openTestBrowser()]);
  // Lines of an import that were refused are told by its exit code: the demo history has some.
  await pistor.run('import', HISTORY);
  administrator = await signedIn('Ada Öz', '--role', 'administrator');
  physician = await signedIn('Deniz Aydın', '--role', 'physician', '--site', 'IST1');
}, 180_000);

afterAll(async () => {
  await browser?.close();
  await pistor?.close();
});

/** Somebody with a browser and a device of their own. */
async function signedIn(name: string, ...roles: readonly string[]): Promise<Page> {
  const page = await browser.newPageWithPasskeys();
  const { code } = JSON.parse(await pistor.command('users', 'invite', name, ...roles, '--json')) as { code: string };
  await page.goto(url('/sign-in'));
  await page.getByLabel('Code of your invitation').fill(code);
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
  return page;
}

const url = (path: string) => pistor.url + path;

/** Codes of patients by the site where they are treated. */
async function patientAt(isHere: boolean): Promise<string> {
  const token = (await readFile(join(pistor.folder, 'operator.token'), 'utf8')).trim();
  const headers = { authorization: `Bearer ${token}` };
  const answer = await fetch(url('/v1/courses?limit=200'), { headers });
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
