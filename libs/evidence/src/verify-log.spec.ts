import fc from 'fast-check';
import { formatCheckpoint } from '#libs/ledger/src/checkpoint.js';
import { leafHashInto, NO_PREVIOUS } from '#libs/ledger/src/entry.js';
import { formatNote, newSigningKey, signText, verifierKey } from '#libs/ledger/src/signed-note.js';
import { type Tile, TILE_WIDTH } from '#libs/ledger/src/tile.js';
import { TreeEdge } from '#libs/ledger/src/tree-edge.js';
import {
  type KeptCheckpoint,
  type LogRow,
  type LogVerdict,
  LogVerifier,
  type OutsideCheckpoint,
} from './verify-log.js';

const ORIGIN = 'pistor/0199aaaa-0000-7000-8000-000000000001';
const KEY = newSigningKey();
const KEYS = [verifierKey(ORIGIN, KEY.publicKey)];

const signed = (size: number, root: Buffer, key = KEY) => {
  const text = formatCheckpoint({ origin: ORIGIN, size, root });
  return formatNote(text, [signText(text, ORIGIN, key)]);
};

/** A log in memory with the ledger of it: a checkpoint each `every` events. */
interface Kept {
  rows: LogRow[];
  readonly tiles: Map<string, Buffer>;
  checkpoints: KeptCheckpoint[];
  size: number;
}

function ledgerOf(rows: readonly LogRow[], every: number): Kept {
  const edge = TreeEdge.empty();
  const tiles = new Map<string, Buffer>();
  const checkpoints: KeptCheckpoint[] = [];
  const heads = new Map<string, Buffer>();
  for (const row of rows) {
    const leaf = Buffer.alloc(32);
    leafHashInto(leaf, 0, row, heads.get(row.stream) ?? NO_PREVIOUS);
    heads.set(row.stream, leaf);
    for (const { level, n, hashes } of edge.append(leaf)) tiles.set(`${level}/${n}`, Buffer.from(hashes));
    if (edge.size % every === 0 || edge.size === rows.length) {
      const root = edge.root();
      checkpoints.push({ size: edge.size, root, note: signed(edge.size, root) });
    }
  }
  const width = edge.size % TILE_WIDTH;
  if (width > 0) tiles.set(`0/${Math.floor(edge.size / TILE_WIDTH)}`, Buffer.from(edge.hashesOf(0)));
  return { rows: rows.map((row) => ({ ...row })), tiles, checkpoints, size: edge.size };
}

interface Asked {
  readonly outside?: readonly OutsideCheckpoint[];
  readonly streamsMax?: number;
  readonly head?: number;
  readonly page?: number;
}

async function verify(kept: Kept, { outside = [], streamsMax, head, page = 100 }: Asked = {}): Promise<LogVerdict> {
  const { rows, tiles, checkpoints, size } = kept;
  const verifier = new LogVerifier({
    kept: {
      origin: ORIGIN,
      size,
      checkpoints,
      tiles: (wanted: readonly Tile[]) => Promise.resolve(wanted.map(({ level, n }) => tiles.get(`${level}/${n}`))),
      positionOf: (stream, revision) =>
        Promise.resolve(rows.find((row) => row.stream === stream && row.revision === revision)?.position),
    },
    keys: KEYS,
    outside,
    streamsMax,
  });
  const sorted = rows.toSorted((a, b) => a.position - b.position);
  for (let from = 0; from < sorted.length; from += page) await verifier.page(sorted.slice(from, from + page));
  return verifier.finish(head ?? rows.length);
}

/** A log of some streams, whose events come in a mixed order that is always the same. */
function logOf(count: number, streams = 7): LogRow[] {
  const revisions = new Map<string, number>();
  return Array.from({ length: count }, (_, n) => {
    const stream = `course-${(n * n + 3 * n) % streams}`;
    const revision = (revisions.get(stream) ?? -1) + 1;
    revisions.set(stream, revision);
    const commandId = `c${n}`;
    const header = JSON.stringify({ id: `e${n}`, type: 'Happened', commandId });
    return {
      position: n + 1,
      stream,
      revision,
      recordedAtMs: 1_000 * n,
      header,
      data: `{"open":{"n":${n}}}`,
      commandId,
      commandEvents: 1,
    };
  });
}

/** Positions that findings are about. */
const placesOf = ({ findings }: LogVerdict) => findings.map(({ position, until }) => [position, until]);

describe('a log against its ledger', () => {
  it('is valid as it was committed, whatever the pages and however few streams are remembered', async () => {
    const kept = ledgerOf(logOf(900), 100);
    expect(await verify(kept)).toEqual({
      outcome: 'valid',
      findings: [],
      findingsCount: 0,
      events: 900,
      committed: 900,
      checkpoints: 9,
      signed: 900,
      outside: 0,
      beside: 0,
    });
    const many = ledgerOf(logOf(20_000, 9_000), 5_000);
    expect(await verify(many, { streamsMax: 2_000, page: 999 })).toMatchObject({ outcome: 'valid', committed: 20_000 });
  });

  it('is valid where the newest events are not committed yet', async () => {
    const kept = ledgerOf(logOf(300), 100);
    expect(await verify({ ...kept, rows: logOf(320) })).toMatchObject({
      outcome: 'valid',
      committed: 300,
      events: 320,
    });
  });

  const changes: readonly (readonly [string, (row: LogRow) => Partial<LogRow>])[] = [
    ['data', () => ({ data: '{"open":{"n":-1}}' })],
    ['header', ({ header }) => ({ header: header.replace('Happened', 'Happened2') })],
    ['time of recording', ({ recordedAtMs }) => ({ recordedAtMs: recordedAtMs + 1 })],
    ['time of recording, to none', () => ({ recordedAtMs: Number.NaN })],
    ['command id', () => ({ commandId: 'another' })],
    ['command id, to none', () => ({ commandId: undefined })],
    ['stream', () => ({ stream: 'course-new', revision: 0 })],
    ['revision', ({ revision }) => ({ revision: revision + 100 })],
  ];
  it.each(changes)('names the one row whose %s was changed, and says that it was the row', async (_what, change) => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 599 }), async (n) => {
        const kept = ledgerOf(logOf(600), 100);
        Object.assign(kept.rows[n] as LogRow, change(kept.rows[n] as LogRow));
        const verdict = await verify(kept);
        expect(verdict.outcome).toBe('invalid');
        // A stream or revision that does not fit shows in the row after it, too; in nothing else.
        expect(placesOf(verdict)[0]).toEqual([n + 1, n + 1]);
        if (!['stream', 'revision', 'command id', 'command id, to none'].includes(_what)) {
          expect(verdict.findings).toHaveLength(1);
          expect(verdict.findings[0]?.what).toMatch(/it is the row that was changed/);
        }
      }),
      { numRuns: 15 },
    );
  });

  it('names both rows whose data was swapped, or whose positions were', async () => {
    const swapped = ledgerOf(logOf(600), 100);
    const [a, b] = [swapped.rows[99] as LogRow, swapped.rows[400] as LogRow];
    [swapped.rows[99], swapped.rows[400]] = [
      { ...a, data: b.data },
      { ...b, data: a.data },
    ];
    expect(placesOf(await verify(swapped))).toEqual([
      [100, 100],
      [401, 401],
    ]);
    [swapped.rows[99], swapped.rows[400]] = [
      { ...a, position: 401 },
      { ...b, position: 100 },
    ];
    const places = placesOf(await verify(swapped));
    expect(places).toContainEqual([100, 100]);
    expect(places).toContainEqual([401, 401]);
  });

  it('names a row that was deleted, and the one after it in its stream', async () => {
    const kept = ledgerOf(logOf(600), 100);
    const [gone] = kept.rows.splice(250, 1) as [LogRow];
    const next = kept.rows.find((row) => row.stream === gone.stream && row.revision === gone.revision + 1) as LogRow;
    expect(placesOf(await verify(kept, { head: 600 }))).toEqual([
      [251, 251],
      [next.position, next.position],
    ]);
  });

  it('names a tail that was cut off, also when the chain was set back to fit', async () => {
    for (const head of [600, 577]) {
      const kept = ledgerOf(logOf(600), 100);
      kept.rows.length = 577;
      expect(placesOf(await verify(kept, { head }))).toEqual([[578, 600]]);
    }
  });

  it('names the place where a row was put in, and that everything after it has moved', async () => {
    const kept = ledgerOf(logOf(600), 100);
    const row = { ...(kept.rows[299] as LogRow), stream: 'course-new', revision: 0 };
    kept.rows = [
      ...kept.rows.slice(0, 299),
      row,
      ...kept.rows.slice(299).map((each) => ({ ...each, position: each.position + 1 })),
    ];
    const verdict = await verify(kept);
    expect(verdict.outcome).toBe('invalid');
    expect(verdict.findings[0]).toMatchObject({ position: 300 });
  });

  it('names a row below the first position, and one past the head of the chain', async () => {
    const kept = ledgerOf(logOf(300), 100);
    const below = { ...(kept.rows[0] as LogRow), position: -5 };
    const past = { ...(kept.rows[0] as LogRow), stream: 'course-new', position: 301 };
    const verdict = await verify({ ...kept, rows: [...kept.rows, below, past] }, { head: 300 });
    expect(placesOf(verdict)).toEqual([
      [-5, -5],
      [301, 301],
    ]);
  });

  it('does not make up the leaves of a gap as wide as a number goes', async () => {
    const kept = ledgerOf(logOf(300), 100);
    const far = { ...(kept.rows[0] as LogRow), stream: 'course-new', position: Number.MAX_SAFE_INTEGER };
    expect(placesOf(await verify({ ...kept, rows: [...kept.rows, far] }, { head: 300 }))[0]).toEqual([
      301,
      Number.MAX_SAFE_INTEGER - 1,
    ]);
  });

  it('tells a tile that was changed from a row', async () => {
    const kept = ledgerOf(logOf(600), 100);
    (kept.tiles.get('0/1') as Buffer)[5 * 32]! ^= 1;
    const verdict = await verify(kept);
    expect(placesOf(verdict)).toEqual([[262, 262]]);
    expect(verdict.findings[0]?.what).toMatch(/it is the tile that was changed/);
  });

  it('names a tile of a higher level that was changed or is missing', async () => {
    const kept = ledgerOf(logOf(70_000, 50), 10_000);
    (kept.tiles.get('1/0') as Buffer)[0]! ^= 1;
    expect(placesOf(await verify(kept, { page: 5_000 }))).toEqual([[1, 65_536]]);
    kept.tiles.delete('1/0');
    expect(await verify(kept, { page: 5_000 })).toMatchObject({
      findings: [{ what: 'Tile 1/0 is missing.' }],
    });
  });

  it('names a checkpoint that was changed, that says something else than its note, or that another key signed', async () => {
    const change = async (from: (kept: KeptCheckpoint) => Partial<KeptCheckpoint>) => {
      const kept = ledgerOf(logOf(600), 100);
      kept.checkpoints = kept.checkpoints.map((each) => (each.size === 300 ? { ...each, ...from(each) } : each));
      return verify(kept);
    };
    const other = Buffer.alloc(32, 7);
    const unsigned = await change(() => ({ root: other, note: undefined }));
    expect(placesOf(unsigned)).toEqual([[300, 300]]);
    const noted = await change(({ root }) => ({ root, note: signed(300, other) }));
    expect(placesOf(noted)).toEqual([[300, 300]]);
    const resigned = await change(({ root }) => ({ root, note: signed(300, root, newSigningKey()) }));
    expect(resigned.findings).toMatchObject([
      { position: 300, what: expect.stringMatching(/not one of this text|has signed/) },
    ]);
  });
});

describe('the number of rows beside the first one of each command', () => {
  /** Commands of 1, 2, 3, 1, 2, 3 … rows. */
  const inCommands = (count: number): LogRow[] => {
    let [begun, size] = [0, 0];
    return logOf(count).map((row, n) => {
      if (n === begun + size) [begun, size] = [n, Math.min((size % 3) + 1, count - n)];
      const commandId = `c${begun}`;
      const header = JSON.stringify({ id: `e${n}`, type: 'Happened', commandId });
      return { ...row, header, commandId, commandEvents: n === begun ? size : null };
    });
  };
  const changed = async (n: number, change: Partial<LogRow>) => {
    const kept = ledgerOf(inCommands(60), 20);
    Object.assign(kept.rows[n] as LogRow, change);
    return verify(kept, { page: 7 });
  };

  it('holds in what was committed, whatever the pages', async () => {
    for (const page of [1, 2, 7, 100])
      expect((await verify(ledgerOf(inCommands(60), 20), { page })).findings).toEqual([]);
  });

  it('is named where it was changed or taken away, and nowhere else', async () => {
    const rows = inCommands(60);
    for (const [n, { commandEvents }] of rows.entries()) {
      if (commandEvents === null) continue;
      for (const other of [null, 0, -1, 1, 2, 3, 4].filter((each) => each !== commandEvents)) {
        expect(placesOf(await changed(n, { commandEvents: other }))).toEqual([[n + 1, n + 1]]);
      }
    }
  });

  it('is named where there is one that was put beside a later row', async () => {
    for (const [n, { commandEvents }] of inCommands(60).entries()) {
      if (commandEvents !== null) continue;
      for (const put of [1, 2]) expect((await changed(n, { commandEvents: put })).outcome).toBe('invalid');
    }
  });

  it('is not what is wrong where a row was changed, or is missing', async () => {
    for (let n = 0; n < 60; n++) {
      expect(placesOf(await changed(n, { commandId: 'another' }))).toEqual([[n + 1, n + 1]]);
      expect(placesOf(await changed(n, { header: '{"commandId":"another"}', commandId: 'another' }))).toEqual([
        [n + 1, n + 1],
      ]);
      const kept = ledgerOf(inCommands(60), 20);
      kept.rows.splice(n, 1);
      for (const { what } of (await verify(kept, { head: 60 })).findings) expect(what).not.toMatch(/command/);
    }
  });
});

describe('a log against a checkpoint from elsewhere', () => {
  const outsideOf = (kept: Kept, size: number): OutsideCheckpoint[] => {
    const { root } = kept.checkpoints.find((each) => each.size === size) as KeptCheckpoint;
    return [{ from: 'a witness', note: signed(size, root) }];
  };

  it('goes on from it', async () => {
    const kept = ledgerOf(logOf(600), 100);
    expect(await verify(kept, { outside: outsideOf(kept, 300) })).toMatchObject({ outcome: 'valid', outside: 1 });
  });

  it('is found when rows, tiles and checkpoints were all made anew', async () => {
    const kept = ledgerOf(logOf(600), 100);
    const rewritten = logOf(600);
    rewritten[250] = { ...(rewritten[250] as LogRow), data: '{"open":{}}' };
    const verdict = await verify(ledgerOf(rewritten, 100), { outside: outsideOf(kept, 300) });
    expect(verdict.outcome).toBe('invalid');
    expect(placesOf(verdict)).toEqual([[1, 300]]);
    // Without one, nothing shows: that is what the verifier says it cannot exclude.
    expect((await verify(ledgerOf(rewritten, 100))).outcome).toBe('valid');
  });

  it('is found when an older backup was restored, and when it went on from there', async () => {
    const kept = ledgerOf(logOf(600), 100);
    const outside = outsideOf(kept, 600);
    const older = ledgerOf(logOf(400), 100);
    expect(await verify(older, { outside })).toMatchObject({
      findings: [{ position: 401, until: 600, what: expect.stringMatching(/older backup/) }],
    });
    const other = logOf(700).map((row, n) => (n < 400 ? row : { ...row, data: '{"open":{"other":true}}' }));
    expect(placesOf(await verify(ledgerOf(other, 100), { outside }))).toEqual([[1, 600]]);
  });

  it('takes none that the log has not signed, or that is of another log', async () => {
    const kept = ledgerOf(logOf(300), 100);
    const { root } = kept.checkpoints[0] as KeptCheckpoint;
    const forged = [{ from: 'somebody', note: signed(100, root, newSigningKey()) }];
    expect(await verify(kept, { outside: forged })).toMatchObject({ outcome: 'invalid', outside: 0 });
  });
});
