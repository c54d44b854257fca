import type { Queryable } from '#libs/database/src/database.js';
import type { SealedBox } from '#libs/event-store/src/boxes.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { MasterKey } from '#libs/event-store/src/master-key.js';
import { isErased } from '#libs/event-store/src/personal-data.js';
import { foldCase } from '#libs/kernel/src/case-fold.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { Occurred } from '#libs/kernel/src/occurred.js';
import type { Projection, ProjectionContext, SealedEvent } from '#libs/projections/src/projection.js';
import { LOT_EVENTS, type LotEvent } from '../lot/lot.events.js';
import { lotFold, type LotState } from '../lot/lot.state.js';
import { type ContactPreference, type Identity, PATIENT_EVENTS, type PatientEvent } from '../patient/patient.events.js';
import {
  PRACTITIONER_EVENTS,
  type PractitionerEntry,
  type PractitionerEvent,
} from '../practitioner/practitioner.events.js';
import { type Credential, practitionerFold, type PractitionerState } from '../practitioner/practitioner.state.js';
import { PROTOCOL_EVENTS } from '../protocol/protocol.events.js';
import { SITE_EVENTS } from '../site/site.events.js';
import type { TreatmentEvent } from '../treatment.event-types.js';

export const DIRECTORY = { name: 'directory', version: 2 } as const;

const DDL = `
  create table site (
    chain integer not null, id uuid not null, code text, sort_key text collate "C" not null,
    name text not null, time_zone text not null, language text not null, quiet_hours jsonb not null,
    primary key (chain, id)
  );
  create table practitioner (
    chain integer not null, id uuid not null, role text not null,
    -- A sealed box; null where the key had been destroyed.
    name jsonb,
    primary key (chain, id)
  );
  -- As they hold: what was revoked is cut off, and one that was cut is two.
  create table credential (
    chain integer not null, practitioner_id uuid not null, ordinal integer not null,
    procedures text[] not null, valid_from date not null, valid_to date,
    primary key (chain, practitioner_id, ordinal)
  );
  create table patient (
    chain integer not null, id uuid not null, revision integer not null, preference jsonb not null,
    -- Sealed boxes.
    identity jsonb, health jsonb,
    -- Keyed blind index of the family name, so that it can be found without standing anywhere.
    family_name_index text,
    primary key (chain, id)
  );
  create index patient_family_name on patient (chain, family_name_index);
  create table lot (
    chain integer not null, id uuid not null, site_id uuid not null, product text collate "C" not null,
    lot_number text collate "C" not null, gtin text, received_on date not null, expires_on date not null,
    ingredients text[] not null,
    primary key (chain, id)
  );
  create index lot_number on lot (chain, product, lot_number, id);
  create table protocol (
    chain integer not null, code text collate "C" not null, version integer not null, protocol jsonb not null,
    -- Instants as the chain's clock told them; revisions of the protocol's stream.
    published_at text not null, revision integer not null,
    retired_at text, retired_revision integer,
    primary key (chain, code, version)
  );
  create table protocol_draft (
    chain integer not null, id uuid not null, code text not null,
    -- As it was written, fields in their order: somebody goes on writing it.
    draft json not null,
    based_on jsonb, state text not null, version integer, changed_at text not null, revision integer not null,
    primary key (chain, id)
  );
`;

const types = [...SITE_EVENTS, ...PRACTITIONER_EVENTS, ...PATIENT_EVENTS, ...LOT_EVENTS, ...PROTOCOL_EVENTS].map(
  ({ type }) => type,
);

type Page = readonly SealedEvent<TreatmentEvent>[];
type Of<Type extends TreatmentEvent['type']> = SealedEvent<Extract<TreatmentEvent, { type: Type }>>;

function of<Type extends TreatmentEvent['type']>(page: Page, type: Type): Of<Type>[] {
  return page.filter((event) => event.type === type) as unknown as Of<Type>[];
}

/** How a family name is looked for: letter case and the spelling of letters do not count. */
export const familyNameIndex = (master: MasterKey, chain: Chain, familyName: string): string =>
  master.blindIndex(`${chain.id} family-name`, foldCase(familyName));

/** Who and what there is: sites, practitioners, patients, lots and protocols. Names of persons stand in boxes. */
export class DirectoryProjection implements Projection {
  readonly name = DIRECTORY.name;
  readonly version = DIRECTORY.version;
  readonly ddl = DDL;
  readonly rowsOf = {
    site: 'staff',
    practitioner: 'staff',
    credential: 'staff',
    patient: { patient: 'id' },
    lot: 'staff',
    protocol: 'staff',
    protocol_draft: 'staff',
  } as const;
  readonly types: ReadonlySet<string> = new Set(types);

  constructor(private readonly master: MasterKey) {}

  async apply(context: ProjectionContext, events: readonly SealedEvent[]): Promise<void> {
    const page = events as Page;
    await this.applySites(context, page);
    await this.applyPractitioners(context, page);
    await this.applyPatients(context, page);
    await this.applyLots(context, page);
    await this.applyProtocols(context, page);
  }

  private async applySites({ tx, chain }: ProjectionContext, page: Page): Promise<void> {
    const registered = of(page, 'SiteRegistered').map(({ data }) => data);
    await insertAll(
      tx,
      chain,
      `insert into site (chain, id, code, sort_key, name, time_zone, language, quiet_hours)
       select $1, r."siteId", c.code, coalesce('0' || c.code, '1' || r."siteId"), r.name, r."timeZone", r.language, r."quietHours"
       from jsonb_to_recordset($2::jsonb) as r("siteId" uuid, name text, "timeZone" text, language text, "quietHours" jsonb)
       left join external_code c on c.id = r."siteId" and c.kind = 'site' and c.chain + 0 = $1
       on conflict do nothing`,
      registered,
    );
    await insertAll(
      tx,
      chain,
      `update site s set quiet_hours = r."quietHours"
       from jsonb_to_recordset($2::jsonb) as r("siteId" uuid, "quietHours" jsonb)
       where s.chain = $1 and s.id = r."siteId"`,
      latest(
        of(page, 'SiteQuietHoursSet').map(({ data }) => data),
        ({ siteId }) => siteId,
      ),
    );
  }

  private async applyPractitioners({ tx, chain }: ProjectionContext, page: Page): Promise<void> {
    await insertAll(
      tx,
      chain,
      `insert into practitioner (chain, id, role, name)
       select $1, r.id, r.role, r.name from jsonb_to_recordset($2::jsonb) as r(id uuid, role text, name jsonb)
       on conflict do nothing`,
      of(page, 'PractitionerRegistered').map(({ data, sealed }) => ({
        id: data.practitionerId,
        role: data.role,
        name: sealed.contact,
      })),
    );
    await this.applyCredentials(tx, chain, page);
  }

  /** Credentials are folded: a revocation cuts those before it, and a correction changes what was there to cut. */
  private async applyCredentials(tx: Queryable, chain: Chain, page: Page): Promise<void> {
    const events = page.filter(isCredentialEvent);
    if (events.length === 0) return;
    const { rows } = await tx.query<{ practitioner_id: Id } & Credential>(
      `select practitioner_id, procedures, valid_from as "validFrom", valid_to as "validTo" from credential
       where chain = $1 and practitioner_id = any($2::uuid[]) order by practitioner_id, ordinal`,
      [chain.no, [...new Set(events.map(({ data }) => data.practitionerId))]],
    );
    const credentials = new Map<Id, readonly Credential[]>(events.map(({ data }) => [data.practitionerId, []]));
    for (const { practitioner_id: id, ...credential } of rows) {
      credentials.set(id, [...(credentials.get(id) ?? []), credential]);
    }
    for (const event of events) {
      const { practitionerId: id } = event.data;
      credentials.set(id, credentialsAfter(credentials.get(id) ?? [], event));
    }
    await tx.query('delete from credential where chain = $1 and practitioner_id = any($2::uuid[])', [
      chain.no,
      [...credentials.keys()],
    ]);
    await insertAll(
      tx,
      chain,
      `insert into credential (chain, practitioner_id, ordinal, procedures, valid_from, valid_to)
       select $1, r.id, r.ordinal, array(select jsonb_array_elements_text(r.procedures)), r."validFrom", r."validTo"
       from jsonb_to_recordset($2::jsonb)
         as r(id uuid, ordinal integer, procedures jsonb, "validFrom" date, "validTo" date)`,
      [...credentials].flatMap(([id, held]) => held.map((credential, ordinal) => ({ id, ordinal, ...credential }))),
    );
  }

  private async applyPatients({ tx, chain, boxes }: ProjectionContext, page: Page): Promise<void> {
    const registered = of(page, 'PatientRegistered');
    const identities = await boxes.open<{ identity?: Identity }>(
      chain,
      registered.flatMap(({ sealed }) => sealed.contact ?? []),
    );
    let next = 0;
    const rows = registered.map(({ data, revision, sealed }) => {
      const content = sealed.contact && identities[next++];
      const identity = content === undefined || isErased(content) ? undefined : content.identity;
      return {
        id: data.patientId,
        revision,
        preference: data.preference,
        identity: sealed.contact,
        health: sealed.clinical,
        index: identity && familyNameIndex(this.master, chain, identity.familyName),
      };
    });
    await insertAll(
      tx,
      chain,
      `insert into patient (chain, id, revision, preference, identity, health, family_name_index)
       select $1, r.* from jsonb_to_recordset($2::jsonb)
         as r(id uuid, revision integer, preference jsonb, identity jsonb, health jsonb, index text)
       on conflict do nothing`,
      rows,
    );
    await this.changePatients(tx, chain, page);
    await this.correctPatients({ tx, chain, boxes }, page);
  }

  private async changePatients(tx: Queryable, chain: Chain, page: Page): Promise<void> {
    const preferences = of(page, 'PatientContactPreferenceChanged').map(({ data }) => data);
    await insertAll(
      tx,
      chain,
      `update patient p set preference = r.preference
       from jsonb_to_recordset($2::jsonb) as r("patientId" uuid, preference jsonb)
       where p.chain = $1 and p.id = r."patientId"`,
      latest(preferences, ({ patientId }) => patientId),
    );
    const health = of(page, 'PatientHealthRecorded').map(({ data, sealed }) => ({
      patientId: data.patientId,
      health: sealed.clinical,
    }));
    await insertAll(
      tx,
      chain,
      `update patient p set health = r.health
       from jsonb_to_recordset($2::jsonb) as r("patientId" uuid, health jsonb)
       where p.chain = $1 and p.id = r."patientId"`,
      latest(health, ({ patientId }) => patientId),
    );
    const erased = of(page, 'PatientErased').map(({ data }) => data.patientId);
    if (erased.length > 0) {
      await tx.query(
        `update patient set identity = null, health = null, family_name_index = null
         where chain = $1 and id = any($2::uuid[])`,
        [chain.no, erased],
      );
    }
    // Whatever is written to a patient's stream moves the revision that a caller must have seen.
    await insertAll(
      tx,
      chain,
      `update patient p set revision = greatest(p.revision, r.revision)
       from jsonb_to_recordset($2::jsonb) as r("patientId" uuid, revision integer)
       where p.chain = $1 and p.id = r."patientId"`,
      latest(
        ofPatients(page).map(({ data: { patientId }, revision }) => ({ patientId, revision })),
        ({ patientId }) => patientId,
      ),
    );
  }

  /** Patients with a correction or retraction among the page's events are shown as their whole history reads now. */
  private async correctPatients({ tx, chain, boxes }: ProjectionContext, page: Page): Promise<void> {
    const rows = latest(
      ofPatients(page).filter(({ history }) => history !== undefined),
      ({ data }) => data.patientId,
    ).map((correction) => patientAsCorrected(correction, page));
    const opened = await boxes.open<{ identity?: Identity }>(
      chain,
      rows.flatMap(({ identity }) => identity ?? []),
    );
    let next = 0;
    await insertAll(
      tx,
      chain,
      `update patient p set preference = r.preference, identity = r.identity, health = r.health, family_name_index = r.index
       from jsonb_to_recordset($2::jsonb) as r(id uuid, preference jsonb, identity jsonb, health jsonb, index text)
       where p.chain = $1 and p.id = r.id`,
      rows.map((row) => {
        const content = row.identity && opened[next++];
        const identity = content === undefined || isErased(content) ? undefined : content.identity;
        return { ...row, index: identity && familyNameIndex(this.master, chain, identity.familyName) };
      }),
    );
  }

  private async applyLots({ tx, chain }: ProjectionContext, page: Page): Promise<void> {
    const { lots, corrected } = receivedLots(page);
    if (corrected.size > 0) {
      await tx.query('delete from lot where chain = $1 and id = any($2::uuid[])', [chain.no, [...corrected]]);
    }
    await insertAll(
      tx,
      chain,
      `insert into lot (chain, id, site_id, product, lot_number, gtin, received_on, expires_on, ingredients)
       select $1, r."lotId", r."siteId", r.product, r."lotNumber", r.gtin, r."receivedOn", r."expiresOn",
              array(select jsonb_array_elements_text(r.ingredients))
       from jsonb_to_recordset($2::jsonb) as r("lotId" uuid, "siteId" uuid, product text, "lotNumber" text, gtin text,
         "receivedOn" date, "expiresOn" date, ingredients jsonb)
       on conflict do nothing`,
      lots,
    );
  }

  private async applyProtocols({ tx, chain }: ProjectionContext, page: Page): Promise<void> {
    await insertAll(
      tx,
      chain,
      `insert into protocol (chain, code, version, protocol, published_at, revision)
       select $1, r.protocol ->> 'code', (r.protocol ->> 'version')::integer, r.protocol, r.at, r.revision
       from jsonb_to_recordset($2::jsonb) as r(protocol jsonb, at text, revision integer)
       on conflict do nothing`,
      of(page, 'ProtocolPublished').map(withPlace),
    );
    await insertAll(
      tx,
      chain,
      `update protocol p set retired_at = r.at, retired_revision = r.revision
       from jsonb_to_recordset($2::jsonb) as r(code text, version integer, at text, revision integer)
       where p.chain = $1 and p.code = r.code and p.version = r.version`,
      of(page, 'ProtocolRetired').map(withPlace),
    );
    await this.applyDrafts(tx, chain, page);
  }

  /** What a draft says is kept as json, not jsonb, which would sort its fields. */
  private async applyDrafts(tx: Queryable, chain: Chain, page: Page): Promise<void> {
    await insertAll(
      tx,
      chain,
      `insert into protocol_draft (chain, id, code, draft, based_on, state, changed_at, revision)
       select $1, r."draftId", r.code, r.draft, r."basedOn", 'open', r.at, r.revision
       from json_to_recordset($2::json)
         as r("draftId" uuid, code text, draft json, "basedOn" jsonb, at text, revision integer)
       on conflict do nothing`,
      of(page, 'ProtocolDrafted').map(withPlace),
    );
    await insertAll(
      tx,
      chain,
      `update protocol_draft d set draft = r.draft, changed_at = r.at, revision = r.revision
       from json_to_recordset($2::json) as r("draftId" uuid, draft json, at text, revision integer)
       where d.chain = $1 and d.id = r."draftId"`,
      latest(of(page, 'ProtocolDraftChanged').map(withPlace), ({ draftId }) => draftId),
    );
    await insertAll(
      tx,
      chain,
      `update protocol_draft d set state = r.state, version = r.version, changed_at = r.at, revision = r.revision
       from jsonb_to_recordset($2::jsonb) as r("draftId" uuid, state text, version integer, at text, revision integer)
       where d.chain = $1 and d.id = r."draftId"`,
      [
        ...of(page, 'ProtocolDraftDiscarded').map((event) => ({ ...withPlace(event), state: 'discarded' })),
        ...of(page, 'ProtocolDraftPublished').map((event) => ({ ...withPlace(event), state: 'published' })),
      ],
    );
  }
}

const CREDENTIAL_TYPES: ReadonlySet<string> = new Set(
  PRACTITIONER_EVENTS.filter(({ type }) => type !== 'PractitionerRegistered').map(({ type }) => type),
);
type CredentialEvent = Exclude<SealedEvent<PractitionerEntry>, { type: 'PractitionerRegistered' }>;

const isCredentialEvent = (event: SealedEvent<TreatmentEvent>): event is CredentialEvent =>
  CREDENTIAL_TYPES.has(event.type);

/** The credentials of a practitioner once one more event is known. */
function credentialsAfter(before: readonly Credential[], event: CredentialEvent): readonly Credential[] {
  const events = (event.history ?? [event]) as readonly SealedEvent<PractitionerEvent>[];
  const { practitionerId } = event.data;
  // Without a history it is one more event of a practitioner whose role does not matter here.
  const known: PractitionerState = { status: 'registered', practitionerId, role: 'nurse', credentials: before };
  const state = events.reduce(practitionerFold.evolve, event.history ? practitionerFold.initial : known);
  return state.status === 'none' ? [] : state.credentials;
}

/** What an event says, with its time and its place in its stream. */
const withPlace = <Data extends object>({
  data,
  occurredAt,
  revision,
}: {
  readonly data: Data;
  readonly occurredAt: Occurred;
  readonly revision: number;
}) => ({ ...data, at: occurredAt.instant, revision });

type PatientStreamEvent = SealedEvent<PatientEvent>;

/** Everything in the streams of patients, corrections included; those are told by their `history`. */
const ofPatients = (page: Page): PatientStreamEvent[] =>
  page.filter(({ type }) => PATIENT_TYPES.has(type)) as unknown as PatientStreamEvent[];

const PATIENT_TYPES: ReadonlySet<string> = new Set(PATIENT_EVENTS.map(({ type }) => type));

/** What a patient's stream says after a correction, and after what follows it in the page. */
function patientAsCorrected({ data: { patientId }, position, history = [] }: PatientStreamEvent, page: Page) {
  const later = ofPatients(page).filter((event) => event.data.patientId === patientId && event.position > position);
  let row: { id: Id; preference?: ContactPreference; identity?: SealedBox; health?: SealedBox } = { id: patientId };
  for (const event of [...(history as readonly PatientStreamEvent[]), ...later]) {
    if (event.type === 'PatientRegistered') {
      row = { ...row, preference: event.data.preference, ...boxesOf(event) };
    } else if (event.type === 'PatientContactPreferenceChanged') {
      row = { ...row, preference: event.data.preference };
    } else if (event.type === 'PatientHealthRecorded') {
      row = { ...row, ...boxesOf(event) };
    }
  }
  return row;
}

/** The boxes that an event brings, by the column that they stand in. */
function boxesOf({ sealed }: PatientStreamEvent): { identity?: SealedBox; health?: SealedBox } {
  const { contact, clinical } = sealed;
  return { ...(contact && { identity: contact }), ...(clinical && { health: clinical }) };
}

/** The lots that a page receives or says anew, and which of them it says anew; one that was taken back is in no row. */
function receivedLots(page: Page): { lots: object[]; corrected: ReadonlySet<Id> } {
  const lots = new Map<Id, object>();
  const corrected = new Set<Id>();
  for (const event of page) {
    if (event.type === 'LotReceived' && !lots.has(event.data.lotId)) lots.set(event.data.lotId, event.data);
    if (event.type !== 'LotReceivedCorrected' && event.type !== 'LotEntryRetracted') continue;
    const { lotId } = event.data;
    const entries = (event.history ?? []) as unknown as readonly SealedEvent<LotEvent>[];
    const lot = entries.reduce<LotState>(lotFold.evolve, lotFold.initial);
    corrected.add(lotId);
    if (lot.status === 'received') lots.set(lotId, lot);
    else lots.delete(lotId);
  }
  return { lots: [...lots.values()], corrected };
}

async function insertAll(tx: Queryable, chain: Chain, sql: string, rows: readonly object[]): Promise<void> {
  if (rows.length > 0) await tx.query(sql, [chain.no, JSON.stringify(rows)]);
}

/** The last of each id: an update with two rows for one target would take either. */
const latest = <Row>(rows: readonly Row[], idOf: (row: Row) => Id): Row[] => [
  ...new Map(rows.map((row) => [idOf(row), row])).values(),
];
