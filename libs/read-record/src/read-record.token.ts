/** `@Inject(READ_RECORD) readRecord: Pick<ReadRecord, …>` is what ReadRecordModule was given. */
export const READ_RECORD = Symbol('READ_RECORD');
