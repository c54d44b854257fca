/** What becomes of a table in a backup. */
export type TableDecision =
  | {
      /** All its rows as they stand at the instant of the backup, and in the order of `key`, which is unique. */
      readonly keep: 'rows';
      readonly key: readonly string[];
      /** Which rows, as a condition in SQL; all where it is left out. */
      readonly where?: string;
      /** Assignments in SQL that take away what only meant the processes of that instant. */
      readonly afterRestore?: string;
      readonly because: string;
    }
  /** The log: immutable, so it is read after that instant, up to the heads of that instant. */
  | { readonly keep: 'log'; readonly key: readonly string[]; readonly because: string }
  | { readonly keep: 'nothing'; readonly because: string };

/** A read model's checkpoint has a schema of its own beside it; a reactor's has none. */
const OF_REACTORS = `build = 'live' and to_regnamespace(projection || '_v' || version) is null`;
const NO_LEASE = `owner = null, lease_until = '-infinity'`;

/**
 * Every table that a migration makes, and what a backup does with it. A test fails for a table that nobody has decided
 * about. Left out is only what is made anew by itself, or what would be wrong anywhere but where it was written.
 */
export const TABLE_DECISIONS: Readonly<Record<string, TableDecision>> = {
  chain: { keep: 'rows', key: ['no'], because: 'heads and clocks' },
  event_log: { keep: 'log', key: ['chain', 'position'], because: 'the book of record itself' },
  subject_key: {
    keep: 'rows',
    key: ['chain', 'subject', 'class'],
    because:
      'wrapped by the keys of buckets; without them no box can be opened, and destroyed ones must stay destroyed',
  },
  bucket_key: { keep: 'rows', key: ['bucket'], because: 'says which versions of the keys of buckets wrap them' },
  key_vault: { keep: 'rows', key: ['id'], because: 'says where the keys of buckets are' },
  master_key: { keep: 'rows', key: ['fingerprint'], because: 'says which key wraps them' },
  external_code: { keep: 'rows', key: ['chain', 'kind', 'code_index'], because: "the clinic's own numbers" },
  log_place: { keep: 'rows', key: ['no'], because: 'says that the log is kept here' },
  application_right: { keep: 'nothing', because: 'made by the migrations' },
  schema_migrations: { keep: 'nothing', because: 'stands in the manifest, and is made by the migrations' },

  projection_checkpoint: {
    keep: 'rows',
    key: ['projection', 'version', 'build', 'chain'],
    where: OF_REACTORS,
    afterRestore: NO_LEASE,
    because: 'a reactor goes on where it stopped; read models are built anew from the events',
  },
  projection_parked: {
    keep: 'rows',
    key: ['projection', 'version', 'build', 'chain', 'position'],
    where: OF_REACTORS,
    because: 'events that a reactor has set aside have had no effect yet',
  },

  demo_history: { keep: 'rows', key: ['chain'], because: 'whether the demo history went in is not asked of the log' },
  health_check: { keep: 'nothing', because: 'written to see whether writing works' },

  read_head: { keep: 'rows', key: ['chain'], because: 'where the next read is put on record' },
  read_record: { keep: 'rows', key: ['chain', 'position'], because: 'who has seen whose data' },
  ledger_tree: {
    keep: 'rows',
    key: ['chain'],
    afterRestore: NO_LEASE,
    because: 'the tree goes on where it stopped; made anew, nobody could tell whether its events had been changed',
  },
  ledger_tile: { keep: 'rows', key: ['chain', 'level', 'n'], because: 'what proofs are made of' },
  ledger_checkpoint: { keep: 'rows', key: ['chain', 'size'], because: 'what was committed to' },
  ledger_signature: { keep: 'rows', key: ['chain', 'size', 'name', 'key_id'], because: 'and by whom' },
  ledger_publication: { keep: 'rows', key: ['chain', 'size'], because: 'which checkpoints stand outside as well' },
  ledger_key: { keep: 'rows', key: ['chain', 'key_id'], because: 'by which keys they are verified' },

  import_line: {
    keep: 'rows',
    key: ['chain', 'file', 'identity'],
    because: 'a second import of the same lines must change nothing',
  },
  import_course_end: { keep: 'rows', key: ['chain', 'course_id'], because: 'ends that still wait for their sessions' },
  import_refused: { keep: 'nothing', because: 'of the run that was under way, which ends with the process' },
  import_lease: { keep: 'nothing', because: 'held by a process of that instant' },

  idempotency_key: {
    keep: 'rows',
    key: ['chain', 'key'],
    because: 'a request that is repeated after the restore gets its first answer',
  },

  messaging_course: {
    keep: 'rows',
    key: ['chain', 'course_id'],
    because: "the planner's notes, which fit its checkpoint and are not made again by what comes after it",
  },
  planned_message: { keep: 'rows', key: ['chain', 'course_id', 'message_id'], because: 'as messaging_course' },
  messaging_person: { keep: 'rows', key: ['chain', 'patient_id'], because: 'as messaging_course' },
  dispatch_held: {
    keep: 'rows',
    key: ['chain', 'message_id'],
    afterRestore: 'claimed_until = null',
    because: 'when and by which events a held message is looked at again',
  },
  booking_course: {
    keep: 'rows',
    key: ['chain', 'course_id'],
    afterRestore: 'claimed_until = null',
    because: 'when the maintenance of a course is looked at again; it fits the checkpoint of what notes it',
  },
  booking_site: { keep: 'rows', key: ['chain', 'site_id'], because: 'as booking_course' },
  dispatch_handed_over: { keep: 'nothing', because: 'of a queue that is not backed up' },
  dispatch_queue_memory: { keep: 'nothing', because: 'of a queue that is not backed up' },
  dispatch_gate: { keep: 'rows', key: ['chain'], because: 'what was closed stays closed' },
  provider_rate: { keep: 'nothing', because: 'turns of a moment, in real time' },
  message_reply_address: {
    keep: 'rows',
    key: ['chain', 'address', 'message_id'],
    because: 'an answer that comes after the restore is still an answer to what was sent before',
  },
  zone_rules: { keep: 'nothing', because: 'then all plans are looked through once more, which changes nothing' },
  zone_moved_session: {
    keep: 'rows',
    key: ['chain', 'session_id', 'new_tzdb'],
    because: 'which sessions newer rules of zones have moved, for people to look at',
  },
  message_log_count: { keep: 'nothing', because: 'the log is counted anew' },
  message_log_unknown: { keep: 'nothing', because: 'as message_log_count' },
  message_balance: { keep: 'nothing', because: 'what the last check found; the next one finds it again' },
  task_note: {
    keep: 'rows',
    key: ['chain', 'task_id'],
    because: 'where to look when a cause may be gone; it fits the checkpoint of what raises tasks',
  },
  access_session: { keep: 'nothing', because: 'everybody signs in again' },
  access_challenge: { keep: 'nothing', because: 'of sign-ins that were under way' },
  access_attempt: { keep: 'nothing', because: 'of the last hour' },
  access_invitation: {
    keep: 'nothing',
    because: 'a code that was used since would be good again; whoever still has one asks for another',
  },
  access_identity: {
    keep: 'rows',
    key: ['chain', 'subject_index'],
    because: 'whom a provider knows under which name; without it nobody could sign in',
  },
  access_passkey: { keep: 'rows', key: ['chain', 'credential_id'], because: 'as access_identity' },
  access_api_key: { keep: 'rows', key: ['chain', 'id'], because: 'what is needed to know a key again' },
  erasure_step: {
    keep: 'rows',
    key: ['chain', 'patient_id'],
    because: 'how far an erasure has come; what was erased since then says the register outside',
  },
  message_template: { keep: 'rows', key: ['hash'], because: 'the words of every message that was written' },
  outbox: { keep: 'rows', key: ['chain', 'message_id'], because: 'what was sent' },
  outbox_claim: { keep: 'rows', key: ['chain', 'message_id'], because: 'which attempts come too late' },
  chain_clock_target: {
    keep: 'rows',
    key: ['chain'],
    afterRestore: `driver = null, lease_until = '-infinity'`,
    because: 'an advance of a clock outlives the process that took it',
  },
};
