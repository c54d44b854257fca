import type { Page } from 'playwright-core';
import { type LivePistor, startLivePistor } from './support/live-pistor.js';
import { accessibilityViolations, openTestBrowser, type TestBrowser } from './support/test-browser.js';

/** A live chain as people meet it: an invitation, a passkey of a virtual device, people, keys, and out again. */
let pistor: LivePistor;
let browser: TestBrowser;
let page: Page;

beforeAll(async () => {
  [pistor, browser] = await Promise.all([startLivePistor(), openTestBrowser()]);
  page = await browser.newPageWithPasskeys();
}, 90_000);

afterAll(async () => {
  await browser?.close();
  await pistor?.close();
});

const signInPage = () => page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor();
const isIn = () => page.getByRole('button', { name: 'Sign out' }).waitFor();

describe('signing in to a live chain', () => {
  it('shows nothing but how to sign in to whoever is not', async () => {
    await page.goto(`${pistor.url}/patients`);
    await signInPage();
    expect(await page.getByRole('navigation').count()).toBe(0);
    expect(await accessibilityViolations(page)).toEqual([]);
  });

  it('makes a passkey with the code of the command line, by keyboard alone, and is in', async () => {
    const invited = await pistor.command('users', 'invite', 'Deniz Aydın', '--role', 'administrator', '--json');
    const { code } = JSON.parse(invited) as { code: string };
    await page.getByLabel('Code of your invitation').focus();
    await page.keyboard.type(code);
    await page.keyboard.press('Enter');
    await isIn();
    await page.getByText('Deniz Aydın').waitFor();
  });

  it('shows who may do what, and tells a code and a key once', async () => {
    await page.getByRole('link', { name: 'Deniz Aydın' }).click();
    await page.getByRole('heading', { level: 1, name: 'People and keys' }).waitFor();
    await page.getByRole('button', { name: 'Invite somebody' }).click();
    const invite = page.getByRole('dialog', { name: 'Invite somebody' });
    await invite.getByLabel('Name').fill('Zoë García');
    await invite.getByLabel('Role').selectOption('auditor');
    await invite.getByRole('button', { name: 'Invite', exact: true }).click();
    await page.getByRole('heading', { name: 'The code for Zoë García' }).waitFor();
    await page.getByRole('row', { name: /Zoë García.*Auditor everywhere/ }).waitFor();

    await page.getByRole('button', { name: 'Make a key' }).click();
    const make = page.getByRole('dialog', { name: 'Make a key for a machine' });
    await make.getByLabel('What the machine is called').fill('booking-website');
    await make.getByLabel('Read who patients are').check();
    await make.getByRole('button', { name: 'Make the key', exact: true }).click();
    const key = await page.getByText(/^pk_[\w-]+$/).innerText();
    const answer = await fetch(`${pistor.url}/v1/patients`, { headers: { authorization: `Bearer ${key}` } });
    expect(answer.status).toBe(200);
    expect(await accessibilityViolations(page)).toEqual([]);
    await page.reload();
    await page.getByRole('row', { name: /booking-website/ }).waitFor();
    expect(await page.getByText(key).count()).toBe(0);
  });

  it('is signed out by the button, and in again by the passkey', async () => {
    await page.getByRole('button', { name: 'Sign out' }).click();
    await signInPage();
    await page.goto(`${pistor.url}/people`);
    await signInPage();
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await isIn();
  });

  it('is asked to sign in again once it was disabled by somebody else', async () => {
    const users = (await pistor.command('users', 'list', '--json')).trim().split('\n');
    const { id } = users.map((line) => JSON.parse(line) as { id: string; name: string })[0] as { id: string };
    await pistor.command('users', 'disable', id, '--reason', 'Has left');
    await page.getByRole('link', { name: 'Courses' }).click();
    await signInPage();
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await page.getByText('sign-in.refused').waitFor();
  });
});
