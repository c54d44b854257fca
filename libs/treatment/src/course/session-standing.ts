import type { Reads } from '#libs/cqrs/src/command-runner.js';
import type { Chain } from '#libs/event-store/src/chains.js';
import type { ExternalCodes } from '#libs/event-store/src/external-codes.js';
import type { Id } from '#libs/kernel/src/ids.js';
import { dateOfWall, type LocalDate } from '#libs/kernel/src/zoned-time.js';
import { procedureOf, type Protocol } from '#libs/protocols/src/protocol.schema.js';
import { consultationStream } from '../consultation/consultation.events.js';
import { consultationFold, type ConsultationState } from '../consultation/consultation.state.js';
import { ingredientsOfLots, type ProductLots } from '../consultation/product-lots.query.js';
import { lotCode } from '../lot/lot-code.js';
import { lotStream } from '../lot/lot.events.js';
import { lotFold, type LotState } from '../lot/lot.state.js';
import { atSite, courseIdsOf, healthOn, loadPerson, type Person } from '../patient/person.js';
import { practitionerStream } from '../practitioner/practitioner.events.js';
import { practitionerFold } from '../practitioner/practitioner.state.js';
import { protocolStream } from '../protocol/protocol.events.js';
import { protocolFold, versionOf } from '../protocol/protocol.state.js';
import { recallOf } from '../recall/recall-of-lot.js';
import { siteStream } from '../site/site.events.js';
import { siteFold } from '../site/site.state.js';
import { courseStream, type PlannedProduct } from './course.events.js';
import { courseFold, type OpenSession, type PlannedCourse } from './course.state.js';
import { type Compositions, productsOf, productsToAsk } from './planned-ingredients.rules.js';
import type { Finding, LotWorld, OtherCourse, SessionWorld } from './session-finding.js';
import { standingFindings } from './session.rules.js';

/** The protocol's version that a course was planned with. @throws Error when it was never published */
export async function protocolOfCourse(
  reads: Pick<Reads, 'load'>,
  chain: Chain,
  { protocol: { code, version } }: Pick<PlannedCourse, 'protocol'>,
): Promise<Protocol> {
  const { state } = await reads.load(protocolStream(chain.id, code), protocolFold);
  const protocol = versionOf(state, version);
  if (!protocol) throw new Error(`Version ${version} of protocol ${code} was never published`);
  return protocol;
}

/** The consultation that a course rests on, and those that it rested on before. */
export async function consultationsOf(
  reads: Pick<Reads, 'load'>,
  { consultationId, formerConsultationIds = [] }: PlannedCourse,
): Promise<Pick<SessionWorld, 'consultation'> & Required<Pick<SessionWorld, 'formerConsultations'>>> {
  const load = async (id: string) => (await reads.load(consultationStream(id), consultationFold)).state;
  const [consultation, formerConsultations] = await Promise.all([
    load(consultationId),
    Promise.all(formerConsultationIds.map(load)),
  ]);
  return { consultation, formerConsultations };
}

/** The courses of a person, whichever registration they were planned for. */
export async function coursesOf(reads: Pick<Reads, 'load'>, person: Person): Promise<PlannedCourse[]> {
  const states = await Promise.all(
    courseIdsOf(person).map(async (id) => (await reads.load(courseStream(id), courseFold)).state),
  );
  return states.filter((state): state is PlannedCourse => state.status !== 'none');
}

/** The same without one of them, each with the procedure that its protocol is for. */
export async function otherCoursesOf(
  reads: Pick<Reads, 'load'>,
  chain: Chain,
  { courseId }: Pick<PlannedCourse, 'courseId'>,
  person: Person,
): Promise<OtherCourse[]> {
  const others = (await coursesOf(reads, person)).filter((course) => course.courseId !== courseId);
  return Promise.all(
    others.map(async (course) => {
      const { state } = await reads.load(protocolStream(chain.id, course.protocol.code), protocolFold);
      const protocol = versionOf(state, course.protocol.version);
      return protocol ? { ...course, procedure: procedureOf(protocol) } : course;
    }),
  );
}

/**
 * The lots of products at a site, in their order, each with its recall. A product without a lot, and a lot that was not
 * received there, is `none`.
 */
export async function lotsAt(
  reads: Pick<Reads, 'load'>,
  chain: Chain,
  codes: Pick<ExternalCodes, 'find'>,
  siteId: Id,
  products: readonly { readonly product: string; readonly lotNumber?: string | undefined }[],
): Promise<LotWorld[]> {
  const codeOf = (product: string, lotNumber: string) => lotCode(siteId, product, lotNumber);
  const named = products.flatMap(({ product, lotNumber }) =>
    lotNumber === undefined ? [] : [codeOf(product, lotNumber)],
  );
  const ids = await codes.find(chain, 'lot', named);
  const load = async (id: Id | undefined): Promise<LotState> =>
    id === undefined ? { status: 'none' } : (await reads.load(lotStream(id), lotFold)).state;
  return Promise.all(
    products.map(async ({ product, lotNumber }): Promise<LotWorld> => {
      if (lotNumber === undefined) return { lot: { status: 'none' }, recall: { status: 'none' } };
      const lot = await load(ids.get(codeOf(product, lotNumber)));
      const gtin = lot.status === 'none' ? null : lot.gtin;
      return { lot, recall: await recallOf(reads, chain.id, { product, lotNumber, gtin }) };
    }),
  );
}

/** The products that are planned without a lot, or with one that was not received there. @param lots in their order */
export const withoutLot = (products: readonly PlannedProduct[], lots: readonly LotWorld[]): string[] =>
  products.filter((_, n) => lots[n]?.lot.status !== 'received').map(({ product }) => product);

/**
 * What the products are made of that are planned without a lot, and those that the consultation considered without knowing
 * it: by their latest lots, as the consultation asks for it.
 */
export async function compositionsOf(
  reads: Pick<Reads, 'load'>,
  chain: Chain,
  lots: Pick<ProductLots, 'latest'>,
  consultation: ConsultationState,
  products: readonly string[],
): Promise<Compositions> {
  const found = await Promise.all(
    productsToAsk(consultation, products).map(
      async (product) => [product, await ingredientsOfLots(reads, await lots.latest(chain, product))] as const,
    ),
  );
  return new Map(found.filter(([, ingredients]) => ingredients.length > 0));
}

/** Whether any allergy is known of a person for a day: for all others it does not matter what a product is made of. */
export function isAllergicOn(person: Person, on: LocalDate): boolean {
  const health = healthOn(person, on);
  return health !== 'erased' && health.allergies.length > 0;
}

/** Where lots are found: one by its number at a site, and the latest of a product. */
export interface LotsFound {
  readonly codes: Pick<ExternalCodes, 'find'>;
  readonly products: Pick<ProductLots, 'latest'>;
}

/**
 * What stands against a booked session as far as it can be known before it: what is known of the person's health by now
 * for the day of the session, with the ingredients of what it is planned with; open adverse events of the person; a
 * consent or credential that has gone, findings that no longer hold; a lot that it is planned on and that is recalled,
 * or has expired by then. While there is any, the session is blocked.
 * @param reads whatever was loaded through it is guarded
 */
export async function loadStanding(
  reads: Pick<Reads, 'load'>,
  chain: Chain,
  course: PlannedCourse,
  session: OpenSession,
  { codes, products: latest }: LotsFound,
): Promise<readonly Finding[]> {
  const { bookedFor: at, siteId } = session;
  if (session.status !== 'booked' || !at) return [];
  const products = productsOf(course, session);
  const [protocol, registrations, { state: site }, { state: practitioner }, consulted, lotsOfAll] = await Promise.all([
    protocolOfCourse(reads, chain, course),
    loadPerson(reads, course.patientId),
    reads.load(siteStream(siteId), siteFold),
    reads.load(practitionerStream(session.practitionerId), practitionerFold),
    consultationsOf(reads, course),
    lotsAt(reads, chain, codes, siteId, products),
  ]);
  // Who is under age is a matter of the law where the session takes place.
  const person = atSite(registrations, site, at.instant);
  const otherCourses = await otherCoursesOf(reads, chain, course, person);
  const isNamed = (_: unknown, n: number) => products[n]?.lotNumber !== undefined;
  const [planned, lots] = [products.filter(isNamed), lotsOfAll.filter(isNamed)];
  const unknown = withoutLot(products, lotsOfAll);
  const compositions = isAllergicOn(person, dateOfWall(at.wall))
    ? await compositionsOf(reads, chain, latest, consulted.consultation, unknown)
    : NOBODY_ASKED;
  const world = { protocol, person, practitioner, ...consulted, otherCourses, lots, compositions };
  const { kind, hold } = session;
  return standingFindings(course, world, { kind, at, hold, planned, withoutLot: unknown });
}

const NOBODY_ASKED: Compositions = new Map();
