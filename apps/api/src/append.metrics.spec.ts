import { Registry } from 'prom-client';
import { AppendMetrics } from './append.metrics.js';

it('tells what the store has counted, as totals that only grow', async () => {
  const registry = new Registry();
  const stats = { appends: 7, conflicts: 1, batches: 2, waiting: 3, latencyMsP50: 4, latencyMsP99: 20 };
  const metrics = new AppendMetrics(registry, () => stats);
  metrics.tell();
  stats.appends = 9;
  metrics.tell();
  const text = await registry.metrics();
  expect(text).toContain('# TYPE pistor_appends_total counter\npistor_appends_total 9\n');
  expect(text).toContain('pistor_append_conflicts_total 1\n');
  expect(text).toContain('pistor_append_batches_total 2\n');
  expect(text).toContain('pistor_appends_waiting 3\n');
  expect(text).toContain('pistor_append_seconds{quantile="0.99"} 0.02\n');
});
