import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { recallQuery } from '../api/recalls.js';
import { Loaded } from '../ui/loaded.js';
import { LotTraceView } from './lot-trace-view.js';

const route = getRouteApi('/recalls/$recall');

/** A recall: its notices, and everything that the lot touched. */
export function RecallPage() {
  const { recall } = route.useParams();
  const query = useQuery(recallQuery(recall));
  return (
    <Loaded query={query} lines={10}>
      {(trace) => <LotTraceView trace={trace} title={`Recall of lot ${trace.lotNumber}`} />}
    </Loaded>
  );
}
