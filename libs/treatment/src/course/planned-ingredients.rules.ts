import type { Protocol } from '#libs/protocols/src/protocol.schema.js';
import type { ConsultationState } from '../consultation/consultation.state.js';
import type { PlannedProduct } from './course.events.js';
import type { OpenSession, PlannedCourse } from './course.state.js';

/** What products are made of by their latest lots. A product of which no lot says anything is not in it. */
export type Compositions = ReadonlyMap<string, readonly string[]>;

interface Considered {
  readonly consultation: ConsultationState;
  readonly protocol: Pick<Protocol, 'ingredients'>;
  /** Left out: nothing is known of any product. */
  readonly compositions?: Compositions | undefined;
}

const consideredIn = (consultation: ConsultationState) =>
  (consultation.status === 'none' ? null : consultation.considered) ?? { products: [], ingredients: [] };

/**
 * The ingredients of what the consultation considered and of products that are planned without a lot, or with one that has
 * not come yet: as the consultation was told, and as the latest lots of a product say. Of a product about which nothing is
 * known, all that the protocol names, as in the consultation (S0-C5, S4-C1).
 */
export function ingredientsPlanned(
  { consultation, protocol, compositions }: Considered,
  products: readonly string[],
): string[] {
  const considered = consideredIn(consultation);
  const told = new Map(considered.ingredients.map(({ product, ingredients }) => [product, ingredients]));
  const ofProtocol = protocol.ingredients?.items.map(({ name }) => name) ?? [];
  const ingredientsOf = (product: string): readonly string[] => {
    const known = [...(told.get(product) ?? []), ...(compositions?.get(product) ?? [])];
    return known.length > 0 ? known : ofProtocol;
  };
  return [...new Set([...considered.products, ...told.keys(), ...products].flatMap(ingredientsOf))];
}

/** The products whose latest lots are asked: those without a lot, and considered ones of which nothing was known then. */
export function productsToAsk(consultation: ConsultationState, products: readonly string[]): string[] {
  const considered = consideredIn(consultation);
  const told = new Set(considered.ingredients.map(({ product }) => product));
  return [...new Set([...products, ...considered.products.filter((product) => !told.has(product))])];
}

/** What a session is planned with: its own products, else those of the plan. */
export const productsOf = (
  { choices }: Pick<PlannedCourse, 'choices'>,
  session: Pick<OpenSession, 'plannedProducts'> | undefined,
): readonly PlannedProduct[] =>
  session?.plannedProducts?.length
    ? session.plannedProducts
    : (choices?.products ?? []).map((product) => ({ product }));
