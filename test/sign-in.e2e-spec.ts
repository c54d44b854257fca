/// <reference lib="dom" />
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { AxeResults } from 'axe-core';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { CLI, type PistorProcess, startPistor } from './support/pistor-process.js';

const AXE = createRequire(import.meta.filename).resolve('axe-core/axe.min.js');
const WAIT_MS_MAX = 20_000;
const LIVE = { PISTOR_SANDBOX: 'false' };

/** A live chain as people meet it: an invitation, a passkey of a virtual device, people, keys, and out again. */
let folder: string;
let server: PistorProcess;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let url: string;
let axe: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pistor sign-in '));
  const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'];
  [server, browser, axe] = await Promise.all([
    startPistor(folder, ['--no-demo'], LIVE),
    chromium.launch({ executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium', args }),
    readFile(AXE, 'utf8'),
  ]);
  // Browsers make no passkey for a number.
  url = server.url.replace('127.0.0.1', 'localhost');
  context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS_MAX);
  const device = await context.newCDPSession(page);
  await device.send('WebAuthn.enable');
  await device.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      ...{ protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true },
      ...{ isUserVerified: true, automaticPresenceSimulation: true },
    },
  });
}, 90_000);

afterAll(async () => {
  await browser?.close();
  await server?.kill();
  await rm(folder, { recursive: true, force: true });
});

async function pistor(...args: readonly string[]): Promise<string> {
  const env = { ...process.env, ...LIVE, PISTOR_LOG: 'error' };
  return (await promisify(execFile)(process.execPath, [CLI, ...args, '--data', folder], { env })).stdout;
}

async function accessibilityViolations(): Promise<string[]> {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => {
    const { axe: run } = globalThis as unknown as { axe: { run(): Promise<AxeResults> } };
    return run.run();
  });
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`);
}

const signInPage = () => page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor();
const isIn = () => page.getByRole('button', { name: 'Sign out' }).waitFor();

describe('signing in to a live chain', () => {
  it('shows nothing but how to sign in to whoever is not', async () => {
    await page.goto(`${url}/patients`);
    await signInPage();
    expect(await page.getByRole('navigation').count()).toBe(0);
    expect(await accessibilityViolations()).toEqual([]);
  });

  it('makes a passkey with the code of the command line, by keyboard alone, and is in', async () => {
    const invited = await pistor('users', 'invite', 'Deniz Aydın', '--role', 'administrator', '--json');
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
    const answer = await fetch(`${server.url}/v1/patients`, { headers: { authorization: `Bearer ${key}` } });
    expect(answer.status).toBe(200);
    expect(await accessibilityViolations()).toEqual([]);
    await page.reload();
    await page.getByRole('row', { name: /booking-website/ }).waitFor();
    expect(await page.getByText(key).count()).toBe(0);
  });

  it('is signed out by the button, and in again by the passkey', async () => {
    await page.getByRole('button', { name: 'Sign out' }).click();
    await signInPage();
    await page.goto(`${url}/people`);
    await signInPage();
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await isIn();
  });

  it('is asked to sign in again once it was disabled by somebody else', async () => {
    const users = (await pistor('users', 'list', '--json')).trim().split('\n');
    const { id } = users.map((line) => JSON.parse(line) as { id: string; name: string })[0] as { id: string };
    await pistor('users', 'disable', id, '--reason', 'Has left');
    await page.getByRole('link', { name: 'Courses' }).click();
    await signInPage();
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await page.getByText('sign-in.refused').waitFor();
  });
});
