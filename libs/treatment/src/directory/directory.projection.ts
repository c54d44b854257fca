import type { Queryable } from '#libs/database/src/database.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { MasterKey } from '#libs/event-store/src/master-key.js';
import { isErased } from '#libs/event-store/src/personal-data.js';
import { foldCase } from '#libs/kernel/src/case-fold.js';
import type { Id } from '#libs/kernel/src/ids.js';
import type { Projection, ProjectionContext, SealedEvent } from '#libs/projections/src/projection.js';
import { LOT_EVENTS } from '../lot/lot.events.js';
import { type Identity, PATIENT_EVENTS } from '../patient/patient.events.js';
import { PRACTITIONER_EVENTS } from '../practitioner/practitioner.events.js';
import { PROTOCOL_EVENTS } from '../protocol/protocol.events.js';
import { SITE_EVENTS } from '../site/site.events.js';
import type { TreatmentEvent } from '../treatment.event-types.js';

export const DIRECTORY = { name: 'directory', version: 1 } as const;

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
  create table credential (
    chain integer not null, practitioner_id uuid not null, revision integer not null,
    procedures text[] not null, valid_from date not null, valid_to date,
    primary key (chain, practitioner_id, revision)
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
    primary key (chain, code, version)
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
    await insertAll(
      tx,
      chain,
      `insert into credential (chain, practitioner_id, revision, procedures, valid_from, valid_to)
       select $1, r."practitionerId", r.revision, array(select jsonb_array_elements_text(r.procedures)), r."validFrom", r."validTo"
       from jsonb_to_recordset($2::jsonb)
         as r("practitionerId" uuid, revision integer, procedures jsonb, "validFrom" date, "validTo" date)
       on conflict do nothing`,
      of(page, 'CredentialGranted').map(({ data, revision }) => ({ ...data, revision })),
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
  }

  private async changePatients(tx: Queryable, chain: Chain, page: Page): Promise<void> {
    const preferences = of(page, 'PatientContactPreferenceChanged').map(({ data, revision }) => ({
      ...data,
      revision,
    }));
    await insertAll(
      tx,
      chain,
      `update patient p set preference = r.preference, revision = greatest(p.revision, r.revision)
       from jsonb_to_recordset($2::jsonb) as r("patientId" uuid, preference jsonb, revision integer)
       where p.chain = $1 and p.id = r."patientId"`,
      latest(preferences, ({ patientId }) => patientId),
    );
    const health = of(page, 'PatientHealthRecorded').map(({ data, revision, sealed }) => ({
      patientId: data.patientId,
      revision,
      health: sealed.clinical,
    }));
    await insertAll(
      tx,
      chain,
      `update patient p set health = r.health, revision = greatest(p.revision, r.revision)
       from jsonb_to_recordset($2::jsonb) as r("patientId" uuid, health jsonb, revision integer)
       where p.chain = $1 and p.id = r."patientId"`,
      latest(health, ({ patientId }) => patientId),
    );
  }

  private async applyLots({ tx, chain }: ProjectionContext, page: Page): Promise<void> {
    await insertAll(
      tx,
      chain,
      `insert into lot (chain, id, site_id, product, lot_number, gtin, received_on, expires_on, ingredients)
       select $1, r."lotId", r."siteId", r.product, r."lotNumber", r.gtin, r."receivedOn", r."expiresOn",
              array(select jsonb_array_elements_text(r.ingredients))
       from jsonb_to_recordset($2::jsonb) as r("lotId" uuid, "siteId" uuid, product text, "lotNumber" text, gtin text,
         "receivedOn" date, "expiresOn" date, ingredients jsonb)
       on conflict do nothing`,
      of(page, 'LotReceived').map(({ data }) => data),
    );
  }

  private async applyProtocols({ tx, chain }: ProjectionContext, page: Page): Promise<void> {
    await insertAll(
      tx,
      chain,
      `insert into protocol (chain, code, version, protocol)
       select $1, r.protocol ->> 'code', (r.protocol ->> 'version')::integer, r.protocol
       from jsonb_to_recordset($2::jsonb) as r(protocol jsonb)
       on conflict do nothing`,
      of(page, 'ProtocolPublished').map(({ data }) => data),
    );
  }
}

async function insertAll(tx: Queryable, chain: Chain, sql: string, rows: readonly object[]): Promise<void> {
  if (rows.length > 0) await tx.query(sql, [chain.no, JSON.stringify(rows)]);
}

/** The last of each id: an update with two rows for one target would take either. */
const latest = <Row>(rows: readonly Row[], idOf: (row: Row) => Id): Row[] => [
  ...new Map(rows.map((row) => [idOf(row), row])).values(),
];
