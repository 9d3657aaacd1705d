import { it } from 'vitest'
import { NFT_SETUPS, SETUPS } from './faults/setups/index.ts'
import { Stage } from './faults/stage.ts'

it('healthy', { timeout: 300_000 }, async () => {
  for (const [make, filter] of [
    ...SETUPS.slice(-2).map((m) => [m, 'iptables-nft'] as const),
    ...NFT_SETUPS.slice(-2).map((m) => [m, 'nft'] as const),
  ])
    for (const seed of [1, 2]) {
      try {
        const stage = await Stage.open(make, seed * 7919, filter)
        try {
          await stage.put()
          console.log(stage.setup.name, stage.setup.about)
          for (const probe of stage.setup.probes) {
            const e = await stage.ask(probe)
            console.log('  ', probe.name, '=>', e.result, e.arrived)
            if (process.env.SHOW && e.result !== 'answered') console.log(e.log.join('\n'))
          }
        } finally {
          await stage.close()
        }
      } catch (error) {
        console.log(String(error))
      }
    }
})
