import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { FormEvent } from 'react';
import { type LotKey, lotTraceQuery } from '../api/recalls.js';
import { formText } from '../ui/form-text.js';
import { Loaded } from '../ui/loaded.js';
import { PageHeader } from '../ui/page-header.js';
import { LotTraceView } from './lot-trace-view.js';

const route = getRouteApi('/lots/trace');

/** Everything that a lot touched, whether it was recalled or not. */
export function LotTracePage() {
  const { product, lot } = route.useSearch();
  if (product && lot) return <Traced lot={{ product, lotNumber: lot }} />;
  return (
    <>
      <PageHeader title="Trace a lot">
        Which sessions it was used in, on whom, where and by whom, and what is still planned on it.
      </PageHeader>
      <LotSearch product={product} lot={lot} />
    </>
  );
}

function Traced({ lot }: { lot: LotKey }) {
  const query = useQuery(lotTraceQuery(lot));
  return (
    <Loaded query={query} lines={10}>
      {(trace) => <LotTraceView trace={trace} title={`Lot ${trace.lotNumber}`} />}
    </Loaded>
  );
}

function LotSearch({ product, lot }: { product: string | undefined; lot: string | undefined }) {
  const navigate = route.useNavigate();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    void navigate({ search: { product: formText(form, 'product'), lot: formText(form, 'lot') } });
  };
  return (
    <form role="search" aria-label="Lots" onSubmit={submit} className="flex flex-wrap items-end gap-3">
      <label className="flex flex-col gap-1">
        <span className="text-xs font-medium text-faint">Product, by its whole name</span>
        <input name="product" required className="field w-56" defaultValue={product} />
      </label>
      <label className="flex flex-col gap-1">
        <span className="text-xs font-medium text-faint">Lot number</span>
        <input name="lot" required className="field code w-40" defaultValue={lot} />
      </label>
      <button type="submit" className="button">
        Trace
      </button>
    </form>
  );
}
