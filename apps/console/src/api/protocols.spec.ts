import { newestOfEach, type ProtocolSummary } from './protocols.js';

const version = (code: string, number: number, state: ProtocolSummary['state'] = 'published'): ProtocolSummary => ({
  code,
  version: number,
  state,
  title: { en: code },
  facts: [],
});
const newest = (...versions: readonly ProtocolSummary[]) =>
  newestOfEach(versions).map((each) => `${each.code} ${each.version} ${each.state}`);

describe('the protocols beside each other', () => {
  it('are one version of each: the one that new courses are planned with', () => {
    expect(newest(version('facial', 1), version('facial', 2), version('hair', 1))).toEqual([
      'facial 2 published',
      'hair 1 published',
    ]);
    expect(newest(version('facial', 1), version('facial', 2, 'retired'))).toEqual(['facial 1 published']);
    expect(newest(version('facial', 2, 'retired'), version('facial', 1))).toEqual(['facial 1 published']);
  });

  it('show the newest of those that are retired altogether', () => {
    expect(newest(version('facial', 1, 'retired'), version('facial', 2, 'retired'))).toEqual(['facial 2 retired']);
  });
});
