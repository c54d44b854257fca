import type { ExecutionContext } from '@nestjs/common';
import { defer, lastValueFrom } from 'rxjs';
import { type Reading, ReaderDatabase } from '#libs/database/src/reader.database.js';
import { ReadingInterceptor } from './reading.interceptor.js';

/** What a handler's statements are preceded by, and run as. */
async function readBy(reading: Reading | undefined): Promise<string[]> {
  const said: string[] = [];
  const query = (text: unknown) => {
    said.push(String(text));
    return Promise.resolve({ rows: [], rowCount: 0 });
  };
  const db = new ReaderDatabase({ query, transaction: (work) => work({ query }), readerRole: 'somebody_reader' }, [
    'patient_sites_v1',
  ]);
  const request = { pistor: reading === undefined ? {} : { reading } };
  const context = { switchToHttp: () => ({ getRequest: () => request }) } as unknown as ExecutionContext;
  const answer = new ReadingInterceptor().intercept(context, {
    // Begun when somebody listens, and slow.
    handle: () =>
      defer(async () => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        return db.query('select 1');
      }),
  });
  await lastValueFrom(answer);
  return said;
}

describe('a handler', () => {
  const site = '01a20420-fbb1-7235-92e8-abbcc02fa7de';

  it('reads everything, as ever, where its caller may', async () => {
    expect(await readBy('everything')).toEqual(['select 1']);
  });

  it('reads under the role of readers and by what its caller may see', async () => {
    const [limits, statement] = await readBy({ sites: [site], patients: [] });
    expect(limits).toMatch(/^set transaction read only; set local role "somebody_reader"; /);
    expect(limits).toContain(`set local pistor.sites = '{${site}}'; set local pistor.patients = '{}'`);
    expect(statement).toBe('-- reader\nselect 1');
  });

  it('sees nothing where no guard has looked at the request', async () => {
    const [limits] = await readBy(undefined);
    expect(limits).toContain(`set local pistor.sites = '{}'; set local pistor.patients = '{}'`);
  });
});
