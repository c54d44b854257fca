import type { Session, UsedProduct } from '../api/courses.js';
import { Badge, DeviationChip, SessionStatusChip, WarningChip } from '../ui/chips.js';
import { formatDate, formatTime } from '../ui/dates.js';
import { plural, shortId, words } from '../ui/labels.js';
import { LotLink, PersonName } from '../ui/names.js';

/** When it took place, from when to when, where, by whom and on whose order. */
export function When({ session }: { session: Session }) {
  const { at, endedAt, orderedBy } = session;
  return (
    <>
      {at ? (
        <span className="block whitespace-nowrap" title={session.zone ?? undefined}>
          <span className="font-semibold">{formatDate(at)}</span> {formatTime(at)}
          {endedAt && <> – {endText(at, endedAt)}</>}
        </span>
      ) : (
        <span className="block text-faint">no time yet</span>
      )}
      <span className="block text-xs text-faint">
        {session.site.code ?? session.site.name}, <PersonName person={session.practitioner} />
      </span>
      {orderedBy && (
        <span className="block text-xs text-faint">
          ordered by <PersonName person={orderedBy} />
        </span>
      )}
    </>
  );
}

/** The day as well where it ended on another one. */
const endText = (at: string, endedAt: string): string =>
  at.slice(0, 10) === endedAt.slice(0, 10) ? formatTime(endedAt) : `${formatDate(endedAt)} ${formatTime(endedAt)}`;

export function Treatment({ session }: { session: Session }) {
  const measures = [
    session.device && words(session.device),
    session.depthMm !== null && `${session.depthMm} mm`,
    session.durationMinutes !== null && `${session.durationMinutes} min`,
  ].filter(Boolean);
  return (
    <>
      <span className="block">{session.areas.map(words).join(', ')}</span>
      <span className="text-xs text-faint">{measures.join(', ')}</span>
      {session.steps && <Steps session={session} steps={session.steps} />}
    </>
  );
}

/** The steps as they were done; by whom where it was somebody else than the practitioner of the session. */
function Steps({ session, steps }: { session: Session; steps: NonNullable<Session['steps']> }) {
  if (steps.length === 0) return <span className="block text-xs text-faint">no step recorded</span>;
  return (
    <details className="text-xs text-soft">
      <summary className="py-0.5">
        {plural(steps.length, 'step')}
        <span className="sr-only">
          {' '}
          of {session.kind === 'maintenance' ? 'maintenance session' : 'session'} {session.number}
        </span>
      </summary>
      <ol className="list-decimal pl-5">
        {steps.map((step, n) => (
          <li key={`${step.code} ${n}`}>
            {words(step.code)}
            {step.at && <span className="text-faint"> {formatTime(step.at)}</span>}
            {step.practitioner.id !== session.practitioner.id && (
              <span className="text-faint">
                , <PersonName person={step.practitioner} />
              </span>
            )}
          </li>
        ))}
      </ol>
    </details>
  );
}

/** What was used by area, with lots and vials; before the session, what it is planned with. */
export function Products({ session }: { session: Session }) {
  if (session.products.length === 0) return <PlannedProducts session={session} />;
  return byArea(session.products).map(([area, products]) => (
    <div key={area ?? ''} className="mb-1 last:mb-0">
      {area !== null && <span className="block text-xs font-semibold text-soft">{words(area)}</span>}
      {products.map((product, n) => (
        <Product key={`${product.product} ${product.lotNumber} ${n}`} product={product} />
      ))}
    </div>
  ));
}

/** In the order in which the areas were first named. */
function byArea(products: readonly UsedProduct[]): [area: string | null, products: UsedProduct[]][] {
  const groups = new Map<string | null, UsedProduct[]>();
  for (const product of products) groups.set(product.area, [...(groups.get(product.area) ?? []), product]);
  return [...groups];
}

function Product({ product }: { product: UsedProduct }) {
  const { volumeMl, depthMm, vialId, purpose } = product;
  const more = [
    volumeMl !== null && `${volumeMl} ml`,
    depthMm !== null && `${depthMm} mm deep`,
    purpose === 'anaesthetic' && 'anaesthetic',
  ].filter(Boolean);
  return (
    <span className="block">
      {product.product}
      <span className="block text-xs text-faint">
        <LotLink {...product} />
        {more.length > 0 && ` · ${more.join(' · ')}`}
        {vialId && (
          <>
            {' · vial '}
            <span className="code" title={vialId}>
              {shortId(vialId)}
            </span>
          </>
        )}
      </span>
    </span>
  );
}

function PlannedProducts({ session: { plannedProducts } }: { session: Session }) {
  if (plannedProducts.length === 0) return null;
  return (
    <>
      <span className="block text-xs font-semibold text-soft">Planned</span>
      {plannedProducts.map(({ product, lotNumber }) => (
        <span key={`${product} ${lotNumber}`} className="block">
          {product}
          <span className="block text-xs text-faint">
            {lotNumber === null ? 'no lot set aside' : <LotLink product={product} lotNumber={lotNumber} />}
          </span>
        </span>
      ))}
    </>
  );
}

export function Response({ session }: { session: Session }) {
  if (session.status !== 'performed') return null;
  return (
    <>
      <span className="block">{session.painScore === null ? 'Pain not asked' : `Pain ${session.painScore} of 10`}</span>
      <span className="text-xs text-faint">{session.reactions.map(words).join(', ') || 'no reaction'}</span>
    </>
  );
}

/** Where it stands, what deviated, and what it waits for. */
export function State({ session }: { session: Session }) {
  return (
    <>
      <span className="flex flex-wrap gap-1">
        <SessionStatusChip status={session.status} />
        {session.deviations.map((kind) => (
          <DeviationChip key={kind} kind={kind} />
        ))}
        {session.hold === 'undecided' && <WarningChip>Held for a physician</WarningChip>}
        {session.needsReview && <WarningChip>Needs review</WarningChip>}
        {session.checkUndecided && <Badge>Check said anew: yes, without a physician’s decision by then</Badge>}
        {session.hold === 'proceed' && <Badge>Held, then let go on</Badge>}
        {session.hold === 'do-not-treat' && <Badge>Physician: do not treat</Badge>}
      </span>
      {session.reviewedAt && (
        <span className="mt-0.5 block text-xs text-faint">reviewed {formatDate(session.reviewedAt)}</span>
      )}
    </>
  );
}
