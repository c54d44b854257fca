import { newId } from '#libs/kernel/src/ids.js';
import { schemaOf } from '#libs/projections/src/projection.js';
import { CourseHistory, lot, patient, practitioner, protocols, site } from '#test/support/treatment-history.js';
import { openTestReadModels } from '#test/support/treatment-read-models.js';

it('is fast', async () => {
  const m = await openTestReadModels();
  const { engine } = m;
  const chain = await engine.newChain();
  const s = newId();
  const pr = Array.from({ length: 20 }, () => newId());
  const head = [...protocols(chain.id), site(s), ...pr.map((id) => practitioner({ id })), ...Array.from({ length: 50 }, (_, n) => lot(s, { lotNumber: `L${n}` }))];
  await engine.append(chain, head);
  const N = Number(process.env.N ?? 1500);
  const streams = Array.from({ length: N }, (_, n) => {
    const id = newId();
    const h = new CourseHistory({ site: s, patient: id, practitioner: pr[n % 20]! }, { end: 'completed' });
    for (let k = 0; k < 6; k += 1) {
      const sid = newId();
      const wall = `2024-0${k + 1}-0${(n % 9) + 1}T10:00`;
      h.booked(wall, { id: sid, number: k + 1 }).performed(wall, { id: sid, number: k + 1, lotNumber: `L${n % 50}` });
    }
    return [patient(id), ...h.streams()];
  });
  let t = performance.now();
  for (let i = 0; i < streams.length; i += 100) {
    await engine.store.append({ chain: chain.id, commandId: newId(), streams: streams.slice(i, i + 100).flat().map(({ stream, events }) => ({ stream, expectedRevision: 'any' as const, events })), context: { actor: 'x', origin: 'import' } });
  }
  const total = await engine.store.head(chain.id);
  console.log(engine.db.kind, 'append', total, (total / (performance.now() - t)) * 1000);
  for (const work of m.works) {
    const times = new Map<string, [number, number]>();
    const add = (k: string, ms: number) => { const x = times.get(k) ?? [0, 0]; times.set(k, [x[0] + 1, x[1] + ms]); };
    t = performance.now();
    for (let next = 1; ; next += 2000) {
      let a = performance.now();
      const stored = await engine.store.readAll(chain.id, { from: next, limit: 2000 });
      add('read', performance.now() - a); a = performance.now();
      const events = stored.filter((e) => work.types.has(e.header.type)).map((e) => engine.codec.decodeSealed(e));
      add('decode', performance.now() - a); a = performance.now();
      await engine.db.transaction(async (tx) => {
        await tx.query(`set local search_path to "${schemaOf(work)}", public`);
        const timed = { query: async (q: any, v: any) => { const b = performance.now(); const r = await tx.query(q, v); add(String(q.text ?? q).replace(/\s+/g, ' ').slice(0, 90), performance.now() - b); return r; } };
        await work.apply({ tx: timed as any, chain, boxes: engine.boxes.within(tx) }, events);
      });
      add('apply', performance.now() - a);
      if (stored.length < 2000) break;
    }
    const ms = performance.now() - t;
    console.log(work.name, `${(total / ms) * 1000}/s\n` + [...times].map(([k, [n, x]]) => `${x.toFixed(0)} ms ${n}x ${k}`).join('\n'));
  }
  await engine.close();
}, 600000);
