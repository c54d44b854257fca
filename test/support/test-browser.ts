import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import { chromium, type Page } from 'playwright-core';

const AXE = createRequire(import.meta.filename).resolve('axe-core/axe.min.js');
/** The browser must not ask anybody for anything by itself: a test counts requests to other hosts. */
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];
/** On two cores that build at the same time, a page can take seconds. */
const WAIT_MS_MAX = 20_000;

/** A browser in which everybody has a context, so cookies and a device, of their own. */
export interface TestBrowser {
  /** The page of somebody without a device for passkeys. */
  newPage(): Promise<Page>;
  /** The page of somebody with a virtual device that makes passkeys and gives them without asking. */
  newPageWithPasskeys(): Promise<Page>;
  close(): Promise<void>;
}

/** Starts `CHROMIUM_PATH`, or Chromium where Debian has it. */
export async function openTestBrowser(): Promise<TestBrowser> {
  const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
  const browser = await chromium.launch({ executablePath, args: ARGS });
  const newPage = async () => {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    page.setDefaultTimeout(WAIT_MS_MAX);
    return page;
  };
  return {
    newPage,
    newPageWithPasskeys: async () => {
      const page = await newPage();
      const device = await page.context().newCDPSession(page);
      await device.send('WebAuthn.enable');
      await device.send('WebAuthn.addVirtualAuthenticator', {
        options: {
          ...{ protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true },
          ...{ isUserVerified: true, automaticPresenceSimulation: true },
        },
      });
      return page;
    },
    close: () => browser.close(),
  };
}

/**
 * Whoever uses another sense, or no mouse, gets the same: WCAG 2.2 AA as far as a program can tell.
 * @returns what stands against it on the page as it is, with its address; nothing is the aim
 */
export async function accessibilityViolations(page: Page): Promise<string[]> {
  await page.evaluate(await readFile(AXE, 'utf8'));
  const { violations } = await page.evaluate(() => {
    const { axe: run } = globalThis as unknown as { axe: { run(): Promise<AxeResults> } };
    return run.run();
  });
  return violations.map(({ id, nodes }) => `${page.url()} ${id}: ${nodes.map(({ html }) => html).join(' | ')}`);
}
