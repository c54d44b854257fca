import type { Log } from '#libs/kernel/src/log.js';
import type { Ledger } from '#libs/ledger/src/ledger.js';
import type { BundleWriter } from './bundle-writer.js';
import type { ComplianceReports } from './compliance-reports.js';
import type { EvidenceScopes } from './evidence.scope.js';

/** Evidence in a process that answers. */
export interface Evidence {
  readonly ledger: Ledger;
  readonly writer: BundleWriter;
  readonly scopes: EvidenceScopes;
  readonly reports: ComplianceReports;
  readonly log: Log;
}
