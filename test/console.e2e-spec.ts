/// <reference lib="dom" />
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { eventually } from './support/eventually.js';
import { type HttpEndpoint, httpEndpoint } from './support/http-endpoint.js';
import { type PistorProcess, startPistor } from './support/pistor-process.js';
import { accessibilityViolations, openTestBrowser, type TestBrowser } from './support/test-browser.js';

const HISTORY = join(import.meta.dirname, '..', 'demo', 'history');

let folder: string;
let server: PistorProcess;
let browser: TestBrowser;
let page: Page;
/** What must not happen on any page. */
const complaints: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pistor console '));
  [server, browser] = await Promise.all([startPistor(folder), openTestBrowser()]);
  page = await browser.newPage();
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(`${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(`thrown: ${error.message}`));
  page.on('request', (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol.startsWith('http') && origin !== server.url) complaints.push(`asked elsewhere: ${request.url()}`);
  });
}, 60_000);

afterAll(async () => {
  await browser?.close();
  await server?.kill();
  await rm(folder, { recursive: true, force: true });
});

afterEach(() => expect(complaints.splice(0)).toEqual([]));

/** Loads a page and waits until it has its title and nothing in it is loading. */
async function open(path: string, heading: string | RegExp): Promise<void> {
  await page.goto(server.url + path);
  await arrived(heading);
}

async function arrived(heading: string | RegExp): Promise<void> {
  await page.getByRole('heading', { level: 1, name: heading }).waitFor();
  await page.locator('main').getByText('Loading', { exact: true }).first().waitFor({ state: 'detached' });
}

/** Carries out a command over HTTP, as another part of the clinic would while the console is open. */
async function command(path: string, body: object): Promise<string> {
  const answer = await fetch(server.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': randomUUID() },
    body: JSON.stringify(body),
  });
  const told = (await answer.json()) as { id: string };
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${JSON.stringify(told)}`);
  return told.id;
}

async function read<Body>(path: string): Promise<Body> {
  return (await (await fetch(server.url + path)).json()) as Body;
}

/** A section of the page by its heading. */
const section = (heading: string) =>
  page.locator('section', { has: page.getByRole('heading', { name: heading, exact: true }) });

const focused = () =>
  page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.id);

describe('the console, in the order of a first day', () => {
  it('says what to do while nothing is on record', async () => {
    await open('/', 'Nothing is on record yet');
    expect(await page.locator('main').innerText()).toContain('Bring in a history');
    await page.getByRole('button', { name: 'Choose a folder' }).waitFor();
    expect(await accessibilityViolations(page)).toEqual([]);
  });

  it('imports a history and shows each refused line with what to mend', async () => {
    const files = (await readdir(HISTORY)).map((name) => join(HISTORY, name));
    expect(files).toHaveLength(7);
    await page.getByLabel('Files').setInputFiles(files);
    await page.getByRole('heading', { name: /2,598 lines taken, 60 refused/ }).waitFor({ timeout: 60_000 });
    const refused = page.getByRole('table', { name: 'Refused lines with file, line, column, value and what to mend' });
    expect(await refused.locator('tbody tr').count()).toBe(60);
    for (const row of await refused.locator('tbody tr').all()) {
      const [file, line, , , reason] = await row.locator('th, td').allInnerTexts();
      expect(file).toMatch(/\.csv$/);
      expect(Number(line)).toBeGreaterThan(1);
      expect(reason?.length).toBeGreaterThan(10);
    }
    expect(await accessibilityViolations(page)).toEqual([]);
  }, 70_000);

  it('goes on to the due list', async () => {
    await page.getByRole('link', { name: 'See the due list' }).click();
    await arrived('Maintenance due');
    await page.getByRole('link', { name: 'Chloé Kaya' }).waitFor();
    expect(await page.getByRole('button', { name: /^Overdue/ }).innerText()).toMatch(/Overdue\s*\d+/);
  });

  it('draws a course and has the same in a table', async () => {
    await open('/courses', 'Courses');
    await page.getByRole('link', { name: 'C000011' }).click();
    await arrived('Course C000011');
    const drawing = page.getByRole('img', { name: /4 of 5 sessions performed from/ });
    await drawing.waitFor();
    const sessions = page
      .locator('section', { has: page.getByRole('heading', { name: 'Sessions' }) })
      .locator('tbody tr');
    expect(await sessions.count()).toBe(5);
    expect((await sessions.allInnerTexts()).join()).toContain('Interval too long');
  });

  it("tells a patient's history", async () => {
    await page.getByRole('link', { name: 'Mia Ó Briain' }).click();
    await arrived('Mia Ó Briain');
    await page.getByText('Session 4 performed.').waitFor();
    await page.getByText('Course of 5 sessions planned.').waitFor();
    expect(await page.locator('main').innerText()).toContain('Depth, mm');
  });

  it('lets a month pass, and shows what went out as the patient reads it', async () => {
    await page.getByRole('button', { name: '+1 month' }).click();
    const toast = page.getByText(/\d+ messages? went out\./);
    await toast.waitFor();
    const sent = Number(/\d+/.exec(await toast.innerText())?.[0]);
    await page.getByRole('link', { name: 'Read them' }).click();
    await arrived('Outbox');
    const list = page.getByRole('region', { name: 'Messages that went out' });
    await list.waitFor();
    expect(await list.getByRole('listitem').count()).toBe(sent);
    expect((await page.getByRole('article').innerText()).length).toBeGreaterThan(80);
    expect(await page.getByRole('article').innerText()).not.toContain('UTC');

    await page.getByRole('link', { name: 'Why it went, and what became of it' }).click();
    await page.getByRole('heading', { name: 'What happened to it' }).waitFor();
    const steps = section('What happened to it').getByRole('listitem');
    expect(await steps.getByRole('heading', { level: 3 }).allInnerTexts()).toEqual([
      expect.stringMatching(/^Planned/),
      expect.stringMatching(/^Attempted/),
      expect.stringMatching(/^Sent/),
    ]);
    const grounds = await section('Why it was planned').innerText();
    expect(grounds).toMatch(/by protocol [A-Z]/);
    expect(grounds).toMatch(/by the clock in [A-Z]\w+\/\w+\s+.* by tz database 20\d\d[a-z]/);
    expect(await steps.nth(1).innerText()).toContain('quiet hours 21:00 to 08:00');
    await section('As the patient reads it').getByRole('article').waitFor();
    expect(await accessibilityViolations(page)).toEqual([]);
    await steps.getByRole('link', { name: /^template/ }).click();
    await page.getByRole('heading', { name: 'Text', exact: true }).waitFor();
    expect(await page.locator('main').innerText()).toMatch(/SHA-256 [0-9a-f]{64}/);
    expect(await accessibilityViolations(page)).toEqual([]);
  });

  it('lists messages by what became of them, and the kinds with how many there are', async () => {
    await open('/messages', 'Messages');
    const pending = Number(/^\d+/.exec(await page.getByRole('button', { name: /pending$/ }).innerText())?.[0]);
    const rows = page.getByRole('table').locator('tbody tr');
    await rows.first().waitFor();
    expect(await rows.count()).toBe(Math.min(pending, 100));
    await page.getByRole('button', { name: /sent$/ }).click();
    await page.getByRole('table', { name: /^Messages, sent/ }).waitFor();
    const [, kind] = await page.getByLabel('Kind').locator('option').allInnerTexts();
    await page.getByLabel('Kind').selectOption({ index: 1 });
    await eventually('only that kind', async () =>
      `(${await rows.count()})` === /\(\d+\)$/.exec(kind ?? '')?.[0] ? true : undefined,
    );
    const [name] = (kind ?? '').split(' (');
    expect(await rows.filter({ hasNotText: name }).count()).toBe(0);
  });

  it('closes dispatch for everybody to see, says what opening does, and opens it', async () => {
    await open('/system', 'System');
    const panel = section('Dispatch of messages');
    await panel.getByRole('button', { name: 'Close dispatch' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Why, for everybody to read').fill('wrong words in a template');
    expect(await accessibilityViolations(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Close dispatch' }).click();
    await open('/', 'Maintenance due');
    const banner = page.getByRole('status').filter({ hasText: 'No message leaves' });
    await banner.getByText('wrong words in a template').waitFor();
    expect(await accessibilityViolations(page)).toEqual([]);
    await banner.getByRole('link', { name: 'What to do' }).click();
    await arrived('System');
    await panel.getByText('What fell due meanwhile goes at once').first().waitFor();
    await panel.getByRole('button', { name: 'Open dispatch' }).click();
    await dialog.getByRole('button', { name: 'Open dispatch' }).click();
    await banner.waitFor({ state: 'detached' });
    expect(await read('/v1/dispatch')).toMatchObject({ open: true });
  });

  it('finds patients by name, and keeps the name out of the address', async () => {
    await open('/', 'Maintenance due');
    await page.getByLabel('Patient code or family name').fill('ó briain');
    await page.keyboard.press('Enter');
    await arrived('Patients');
    const found = async () => {
      await page.getByRole('link', { name: 'Mia Ó Briain' }).first().waitFor();
      return page.locator('main tbody th').allInnerTexts();
    };
    const names = await found();
    expect(names.filter((name) => !name.endsWith('Ó Briain'))).toEqual([]);
    expect(page.url()).toBe(`${server.url}/patients`);
    await page.reload();
    expect(await found()).toEqual(names);
  });

  it('shows which messages a patient wants, and changes that', async () => {
    await open('/patients/PT00009', 'Mia Ó Briain');
    const wishes = section('Messages wanted');
    await wishes.getByRole('button', { name: 'Wants none Invitations' }).click();
    await wishes.getByText('not wanted', { exact: true }).waitFor();
    await wishes.getByRole('button', { name: 'Change channels and zone' }).click();
    await wishes.getByLabel('Appointments').selectOption('sms');
    await wishes.getByLabel('Lives in the time zone').fill('Europe/Paris');
    expect(await accessibilityViolations(page)).toEqual([]);
    await wishes.getByRole('button', { name: 'Save' }).click();
    await wishes.getByText('Quiet hours by the clock in Europe/Paris.').waitFor();
    const { registrations } = await read<{ registrations: { contact: object }[] }>('/v1/patients/PT00009/person');
    expect(registrations[0]?.contact).toEqual({
      ...{ optedOut: ['recall'], smsStopped: false },
      choices: { channels: { appointment: 'sms' }, timeZone: 'Europe/Paris' },
    });
    await wishes.getByRole('button', { name: 'Wants them again Invitations' }).click();
    await wishes.getByText('not wanted', { exact: true }).waitFor({ state: 'detached' });
  });

  it('sets when a site is open and how it invites, and says what of it cannot be read', async () => {
    await open('/system', 'System');
    await page.getByRole('link', { name: 'Nişantaşı' }).click();
    await arrived('Messages of Nişantaşı');
    const hours = section('Opening hours');
    await hours.getByLabel('Monday').fill('nine to five');
    await hours.getByRole('button', { name: 'Save' }).click();
    await hours.getByRole('alert').getByText('The hours of Monday cannot be read').waitFor();
    await hours.getByLabel('Monday').fill('9-13, 14:00–18:30');
    await hours.getByLabel('Closed on these dates').fill('2026-12-25');
    await hours.getByRole('button', { name: 'Save' }).click();
    await page.getByText('The opening hours are set.').waitFor();
    const invitations = section('Invitations to maintenance');
    await invitations.getByLabel('Within days').fill('30');
    await invitations.getByRole('button', { name: 'Save' }).click();
    await page.getByText('The rules for invitations are set.').waitFor();
    expect(await read('/v1/sites/IST1/message-rules')).toMatchObject({
      openingHours: {
        weekly: {
          monday: [
            { from: '09:00', to: '13:00' },
            { from: '14:00', to: '18:30' },
          ],
          tuesday: [],
        },
        closedOn: ['2026-12-25'],
      },
      recall: { cap: { count: 2, days: 30 }, proposals: null },
    });
    await page.reload();
    await arrived('Messages of Nişantaşı');
    expect(await hours.getByLabel('Monday').inputValue()).toBe('09:00–13:00, 14:00–18:30');
  });

  it('releases what waited since the import, site by site', async () => {
    await open('/?site=IST1', 'Maintenance due');
    const notice = page.getByRole('region', { name: 'Imported maintenance' });
    await notice.getByRole('button', { name: /^Release/ }).click();
    await notice.waitFor({ state: 'detached' });
    await page.reload();
    await arrived('Maintenance due');
    await page.getByRole('table').first().waitFor();
    expect(await notice.count()).toBe(0);
  });

  it('rebuilds a projection while it is read', async () => {
    await open('/system', 'System');
    const row = page.getByRole('row', { name: /Course progress/ });
    await row.getByRole('button', { name: 'Rebuild' }).click();
    await page.getByText(/Course progress was rebuilt from [\d,]+ events\./).waitFor();
    await row.getByRole('button', { name: 'Rebuild' }).waitFor();
  });

  it('shows a correction as it was before and after, and the course as it was known before it', async () => {
    const { items } = await read<{ items: { eventId: string; type: string }[] }>('/v1/courses/C000011/history');
    const performed = items.find(({ type }) => type === 'SessionPerformed');
    await command(`/v1/courses/C000011/entries/${performed?.eventId}/correct`, {
      data: { type: 'SessionPerformed', depthMm: 1.25 },
      reason: 'read from the wrong line',
    });
    await open('/courses/C000011', 'Course C000011');
    const history = section('History');
    await history.getByText('“read from the wrong line”').waitFor();
    expect(await history.locator('del, ins').allInnerTexts()).toEqual(['0.5', '1.25']);
    // The column; on a narrow screen the same stands under the time.
    const treatment = section('Sessions').locator('tbody tr').first().locator('td').nth(2);
    await treatment.getByText('1.25 mm').waitFor();

    await history.getByRole('link', { name: 'as known before' }).click();
    const banner = page.getByRole('status').filter({ hasText: 'Not as it stands now.' });
    await banner.waitFor();
    await treatment.getByText('0.5 mm').waitFor();
    expect(await page.getByRole('heading', { name: 'What stands against the next sessions' }).count()).toBe(0);
    expect(await accessibilityViolations(page)).toEqual([]);
    await page.getByRole('button', { name: 'Back to now' }).click();
    await treatment.getByText('1.25 mm').waitFor();
    expect(await banner.count()).toBe(0);
  });

  it('asks for another time by hand, and has a way back from one at which there was no course', async () => {
    await page.getByText('As it was known at another time').click();
    await page.getByLabel('On record by, UTC').fill('2020-01-01T09:00');
    await page.getByRole('button', { name: 'Show', exact: true }).click();
    await page.getByText('There was no course on record as of then.').waitFor();
    expect(new URL(page.url()).searchParams.get('knownAt')).toBe('2020-01-01T09:00:59.999Z');
    // The browser itself complains of the answer 404.
    expect(complaints.splice(0).filter((each) => !each.includes('404'))).toEqual([]);
    await page.getByRole('button', { name: 'Back to now' }).click();
    await section('Sessions').waitFor();
  });

  it('says what stands against a booked session, with the published statement', async () => {
    const course = await read<{ patient: { id: string }; site: { id: string }; practitioner: { id: string } }>(
      '/v1/courses/C000298',
    );
    const today = (await read<{ today: string }>('/v1/chain')).today;
    const at = `${new Date(Date.parse(today) + 20 * 86_400_000).toISOString().slice(0, 10)}T10:00`;
    const [site, practitioner] = [course.site.id, course.practitioner.id];
    await command('/v1/courses/C000298/sessions', { kind: 'course', site, practitioner, at });
    const fact = { kind: 'condition', statement: 'pregnancy', since: '2025-09-01' };
    await command(`/v1/patients/${course.patient.id}/health-facts`, fact);
    await open('/courses/C000298', 'Course C000298');
    const standing = section('What stands against the next sessions');
    await standing.getByText('session.contraindication-absolute').waitFor();
    expect(await standing.innerText()).toMatch(/S0-C1\s+pregnancy/);
    await section('Sessions').getByText('Needs review').first().waitFor();
    expect(await section('Follow-ups').innerText()).toContain('Possible adverse event');
    expect(await accessibilityViolations(page)).toEqual([]);
  });

  it('lists what waits for a person, and leads there', async () => {
    await open('/waiting?site=SYD1', 'Waiting for a person');
    for (const heading of ['Sessions to review', 'Reactions to judge', 'Courses that may have lapsed']) {
      await section(heading).getByRole('link', { name: 'C000298' }).waitFor();
    }
    expect(await section('Open adverse events').innerText()).toMatch(/\d+ days overdue/);
    await section('Sessions to review').getByRole('link', { name: 'C000298' }).click();
    await arrived('Course C000298');
  });

  it('tells since when something of the health of a patient holds', async () => {
    await page.getByRole('link', { name: 'Aoife Taylor' }).first().click();
    await arrived('Aoife Taylor');
    const health = section('Health');
    await health.getByText('since 1 Sep 2025').waitFor();
    expect(await health.innerText()).toMatch(/Conditions\s+(.*, )?Pregnancy/);
    expect(await accessibilityViolations(page)).toEqual([]);
  });

  it('tells of a recalled lot whom it touched, and who is still to be told', async () => {
    const [product, lotNumber] = ['HairVita', 'HA24081A'];
    const recalledOn = (await read<{ today: string }>('/v1/chain')).today;
    const recall = { product, lotNumber, recalledOn, reference: 'FSN-4711', cause: 'contamination' };
    const id = await command('/v1/recalls', recall);
    const told = await eventually('the recall in the read model', async () => {
      const trace = await read<{ patients?: { items: { patient: { id: string } }[] } }>(`/v1/recalls/${id}`);
      return trace.patients?.items.slice(0, 1).map(({ patient }) => patient.id);
    });
    await command(`/v1/recalls/${id}/told`, { patients: told, on: recalledOn, how: 'phone' });
    await open('/waiting', 'Waiting for a person');
    await section('Recalls').getByRole('link', { name: lotNumber }).click();
    await arrived(`Recall of lot ${lotNumber}`);
    const rows = section('Patients').locator('tbody tr');
    await rows.getByText(', phone').waitFor();
    expect(await rows.count()).toBe(20);
    expect(await rows.filter({ hasText: 'not yet' }).count()).toBe(19);
    expect(await accessibilityViolations(page)).toEqual([]);
    await page.getByRole('button', { name: 'Show more patients' }).click();
    await rows.nth(48).waitFor();
    expect(await page.locator('dl').first().innerText()).toMatch(/Patients\s+49/);
  });

  it('lists the recall as a task of each site, which somebody takes and has done', async () => {
    await open('/tasks', 'Tasks');
    const rows = page.locator('[data-task]').filter({ hasText: 'A lot was recalled' });
    await rows.first().waitFor();
    expect(await accessibilityViolations(page)).toEqual([]);
    const first = page.locator(`[data-task="${await rows.first().getAttribute('data-task')}"]`);
    await first.getByRole('button', { name: /^Take/ }).click();
    await first.getByText('demo').waitFor();
    await first.getByRole('button', { name: /^Done/ }).click();
    await first.getByLabel('What came of it').selectOption('patients-told');
    await first.getByRole('button', { name: 'It is done' }).click();
    await first.waitFor({ state: 'detached' });
    await page.getByLabel('State').selectOption('done');
    await first.getByText('Patients told').waitFor();
  });

  it('can be used with the keyboard alone', async () => {
    await open('/system', 'System');
    await page.keyboard.press('Tab');
    const skip = page.getByRole('link', { name: 'Skip to the page' });
    expect(await skip.evaluate((link) => link === document.activeElement)).toBe(true);
    await page.keyboard.press('Enter');
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('MAIN');

    await page.keyboard.press('/');
    expect(await focused()).toBe('Patient code or family name');
    await page.keyboard.type('PT00064');
    await page.keyboard.press('Enter');
    await arrived('Patients');
    await page.getByRole('link', { name: 'Chloé Kaya' }).waitFor();

    await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
    await page.keyboard.press('g');
    await page.keyboard.press('d');
    await arrived('Maintenance due');
    await page.getByRole('link', { name: 'Chloé Kaya' }).waitFor();
    await page.keyboard.press('j');
    expect(await page.evaluate(() => document.activeElement?.closest('main') !== null)).toBe(true);
    await page.keyboard.press('Enter');
    await eventually('another page', async () => (new URL(page.url()).pathname === '/' ? undefined : true));
  });

  const pages = [
    // A site's share of long lists: the checker looks at every cell, and a hundred rows are like ten.
    ['/?site=SYD1', 'Maintenance due'],
    ['/courses?site=NYC1', 'Courses'],
    ['/courses/C000011', 'Course C000011'],
    ['/patients', 'Patients'],
    ['/patients/PT00009', 'Mia Ó Briain'],
    ['/sites/IST1/day', /\d{4}/],
    ['/outbox', 'Outbox'],
    ['/messages', 'Messages'],
    ['/messages?status=suppressed', 'Messages'],
    ['/sites/IST1/message-rules', 'Messages of Nişantaşı'],
    ['/protocols', 'Protocols'],
    ['/protocols/facial', 'Facial mesotherapy'],
    ['/waiting?site=NYC1', 'Waiting for a person'],
    ['/tasks', 'Tasks'],
    ['/lots/trace', 'Trace a lot'],
    ['/lots/trace?product=HairVita&lot=HA25031B', 'Lot HA25031B'],
    ['/system', 'System'],
    ['/nowhere', 'There is no such page'],
  ] as const;

  it.each(pages)('%s has no accessibility violation', async (path, heading) => {
    await open(path, heading);
    expect(await accessibilityViolations(page)).toEqual([]);
  });
});

describe('the console beside a provider that answers nothing', () => {
  let provider: HttpEndpoint;
  beforeAll(async () => {
    // Its live stream would complain of the server's end.
    await page.goto('about:blank');
    await server.stop();
    provider = await httpEndpoint({ status: 500 });
    server = await startPistor(folder, ['--no-demo'], {
      ...{ PISTOR_SANDBOX_SENDS: 'true', TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}` },
      ...{ TWILIO_AUTH_TOKEN: 'secret-of-nobody', TWILIO_FROM: '+14155550100', TWILIO_API_URL: provider.url },
    });
  }, 70_000);
  afterAll(() => provider?.close());

  it('leaves it to a person what becomes of messages of unknown fate', async () => {
    await open('/messages?status=unknown', 'Messages');
    await page.getByText('The outcome of every message is known.').waitFor();
    // Whatever is due next goes by SMS.
    const { items } = await read<{ items: { patient: { id: string } }[] }>('/v1/messages?status=pending');
    const bySms = JSON.stringify({ channels: { clinical: 'sms', appointment: 'sms', recall: 'sms' } });
    for (const { patient } of items) {
      const headers = { 'content-type': 'application/json' };
      const path = `/v1/patients/${patient.id}/contact-choices`;
      expect((await fetch(server.url + path, { method: 'PUT', headers, body: bySms })).status).toBe(200);
    }
    await command('/v1/clock/advance', { months: 3 });
    await eventually('three months have passed', async () =>
      (await read<{ advancing: object | null }>('/v1/clock')).advancing === null ? true : undefined,
    );
    const rows = page.getByRole('table').locator('tbody tr');
    const unknown = (await read<{ unknown: number }>('/v1/messages/balance')).unknown;
    expect(unknown).toBeGreaterThan(1);
    await page.reload();
    await rows.nth(1).waitFor();
    expect(await rows.first().innerText()).toContain('Twilio answered 500');
    expect(await rows.count()).toBe(unknown);
    expect(provider.received).toHaveLength(unknown);

    await rows.first().getByRole('link').first().click();
    const decide = section('Somebody decides');
    await decide.getByRole('button', { name: 'It was sent' }).click();
    const dialog = page.getByRole('dialog');
    expect(await accessibilityViolations(page)).toEqual([]);
    await dialog.getByLabel(/By what it was found/).fill('SM42');
    await dialog.getByRole('button', { name: 'It was sent' }).click();
    await page.getByText('It went out.').waitFor();
    await section('What happened to it').getByText('SM42').waitFor();
    expect(await decide.count()).toBe(0);

    await open('/messages?status=unknown', 'Messages');
    await rows.first().getByRole('link').first().click();
    await decide.getByRole('button', { name: 'Let it go again' }).click();
    await dialog.getByText('the patient gets it twice').waitFor();
    await dialog.getByRole('button', { name: 'Let it go', exact: true }).click();
    await section('What happened to it').getByText('Somebody let it go again.').waitFor();
    const after = await read<{ unknown: number; sent: number }>('/v1/messages/balance');
    expect(after.unknown).toBeLessThan(unknown);
  }, 180_000);
});
