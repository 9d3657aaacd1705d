import { writeFileSync } from 'node:fs'
import { it } from 'vitest'
import { type Played, playFaults } from './play.ts'
import { SETUPS } from './setups/index.ts'
import { KINDS } from './kinds/index.ts'
const only = process.env.KIND
const setups = process.env.SETUP?.split(',').map(Number)
const verbose = process.env.VERBOSE
const seeds = (process.env.SEEDS ?? '1').split(',').map(Number)
it('x', { timeout: 1200_000 }, async () => {
  const all: Played[] = []
  const out: string[] = []
  const t = Date.now()
  for (const [i, make] of SETUPS.entries()) {
    if (setups && !setups.includes(i)) continue
    for (const seed of seeds) {
      for (const p of await playFaults(make, seed * 7919, KINDS.filter((k) => !only || k.name.includes(only)))) {
        all.push(p)
        const bad = !p.judgement.named || p.mended.result !== 'restored'
        out.push(`${bad ? '##' : 'ok'} ${p.setup} ${p.seed} ${p.probe} | ${p.fault.kind} | ${p.fault.about} | ${p.symptom} named=${p.judgement.named} at=${p.judgement.pointedAt} conf=${p.judgement.confident} | ${JSON.stringify(p.mended)} ${p.diagnosis.warnings.join()}`)
        if (bad || verbose) for (const j of p.diagnosis.journeys) { out.push(`    ${j.outcome} ${j.packet.src}:${j.packet.sport} > ${j.packet.dst}:${j.packet.dport} ${j.packet.tcpFlags?.join() ?? ''} culprit=${j.culprit && `${j.culprit.table} ${j.culprit.chain} ${j.culprit.ruleNumber}`}`); for (const f of j.findings) { out.push(`       ${f.severity} ${f.code} ${f.message}  [${f.rules.map((r) => `${r.table} ${r.chain} ${r.ruleNumber}`).join('; ')}]`); for (const x of f.fix) out.push(`           ${x.command ?? x.description} :: ${x.verified ?? x.unverified} ${x.after}`) } }
        if (process.env.DUMP && bad) out.push(p.files['rules.v4']!, p.log.join('\n'))
      }
    }
  }
  writeFileSync(process.env.OUT ?? '/tmp/faults.txt', out.join('\n'))
  const table: Record<string, number[]> = {}
  for (const p of all) { const row = (table[p.fault.kind] ??= [0, 0, 0, 0, 0, 0]); row[0]!++; if (p.judgement.named) row[1]!++; if (p.judgement.confident) row[2]!++; if (p.mended.result === 'restored') row[3]!++; if (p.mended.result === 'nothing proposed') row[4]!++; row[5]! += p.judgement.pointedAt }
  for (const [k, r] of Object.entries(table)) console.log(k.padEnd(30), r.join('\t'))
  const sum = (i: number) => Object.values(table).reduce((s, r) => s + r[i]!, 0)
  console.log('TOTAL', sum(0), 'named', sum(1), (sum(1) / sum(0)).toFixed(3), 'confident-wrong', sum(2), 'restored', sum(3), (sum(3) / sum(0)).toFixed(3), 'none', sum(4), 'pointed', (sum(5) / sum(0)).toFixed(1), Date.now() - t, 'ms')
})
