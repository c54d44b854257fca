import { newId } from '#libs/kernel/src/ids.js';
import { addDays } from '#libs/kernel/src/local-date.js';
import { openTestMessaging, recipient } from '#test/support/test-messaging.js';
import { CourseHistory } from '#test/support/treatment-history.js';
it('profile', async () => {
  const messaging = await openTestMessaging();
  const workers = messaging.workers({ queueName: `test-${newId()}` });
  const world = await messaging.newWorld();
  const today = (await messaging.engine.chains.now(world.chain)).slice(0, 10);
  const patients = Array.from({ length: 30 }, () => newId());
  await world.append(...patients.map((id) => recipient(id)));
  await world.append(...patients.flatMap((id, n) =>
    new CourseHistory({ ...world.of, patient: id }).booked(`${addDays(today, 20)}T10:${String(n).padStart(2, '0')}`).streams(),
  ));
  await messaging.follow(world.chain);
  const db = messaging.engine.db;
  const t: Record<string, [number, number]> = {};
  const wrap = (o: any, m: string, label = m) => {
    const f = o[m].bind(o);
    o[m] = async (...a: any[]) => { const at = performance.now(); try { return await f(...a); } finally { const e = (t[label] ??= [0, 0]); e[0]++; e[1] += performance.now() - at; } };
  };
  const q = db.query.bind(db);
  (db as any).query = async (a: any, b: any) => { const at = performance.now(); try { return await q(a, b); } finally { const k = 'Q ' + (typeof a === 'string' ? a : a.text).trim().slice(0, 50).replace(/\s+/g, ' '); const e = (t[k] ??= [0, 0]); e[0]++; e[1] += performance.now() - at; } };
  wrap(messaging.projections, 'waitFor'); wrap(workers.planner, 'plan'); wrap(workers.dispatcher, 'dispatch'); wrap((workers as any).queue, 'add'); wrap((workers as any).driver, 'drain'); wrap(db, 'transaction');
  const pq = (db.pool as any).query.bind(db.pool); let pn = 0; const names: any = {};
  (db.pool as any).query = async (...a: any[]) => { pn++; const k = String(a[0]?.text ?? a[0]).trim().slice(0, 60).replace(/\s+/g, ' '); const at = performance.now(); try { return await pq(...a); } finally { const e = (names[k] ??= [0, 0]); e[0]++; e[1] = Math.round(e[1] + performance.now() - at); } };
  workers.start();
  await new Promise((r) => setTimeout(r, 1500));
  for (const k in t) delete t[k]; pn = 0; for (const k in names) delete names[k];
  const at = performance.now();
  const cpu = process.cpuUsage();
  const r = await messaging.clock.advanceAndWait(world.chain, await messaging.clock.targetOf(world.chain, { months: 1 }), 60_000);
  const ms = performance.now() - at;
  console.log(r, ms, process.cpuUsage(cpu), pn, names, Object.entries(t).sort((a, b) => b[1][1] - a[1][1]).map(([k, [n, m]]) => `${k}: ${n} x ${(m / n).toFixed(1)} = ${m.toFixed(0)}`).join('\n'));
  await messaging.close();
}, 120000);
