import { expect, test } from 'vitest'
import { NFT_SET, NODEPORT, sessionOf } from './session-of.ts'

test('x', async () => {
  for (const files of [NODEPORT, NFT_SET]) {
    const s = await sessionOf(...files)
    const e = await s.explain({ group: 0 })
    for (const t of (await s.rulesets(undefined))[0]!.tables)
      for (const c of t.chains)
        for (const r of c.rules)
          if (r.hits || t.family !== 'ip')
    const fix = e.fixes.find((f) => f.command)
    if (fix) {
      const p = await s.play({ packet: e.packet, changes: [{ command: fix.command! }] })
    }
    const st = e.steps.findLast((x) => x.rule)!
    for (const d of [
      'off',
      'up',
      'down',
      { text: st.rule!.replace('drop', 'accept').replace('DROP', 'ACCEPT') },
      { text: st.rule + ' foo' },
    ] as const) {
      try {
        const q = await s.play({
          packet: e.packet,
          changes: [
            {
              rule: { family: st.family, table: st.table!, chain: st.chain!, number: st.ruleNumber!, text: st.rule! },
              do: d,
            },
          ],
        })
      } catch (err: any) {
      }
    }
  }
  for (const x of ['fixtures/incidents/nft-allow-set/dropped.xtables-monitor.txt']) {
    const s = await sessionOf(x, 'fixtures/incidents/nft-allow-set/ruleset-dropped.nft')
    for (const t of (await s.rulesets(undefined))[0]!.tables)
      for (const c of t.chains)
  }
})
