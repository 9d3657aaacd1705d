/**
 * nft's rarer words, by this kernel: each row's packets are sent past its rules, and the model has to say what became of
 * them, or why it cannot. Rows are in nft-rare/rows, by topic.
 */
import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { whyNot } from './namespaces.ts'
import { judge } from './nft-rare/judge.ts'
import { play } from './nft-rare/play.ts'
import { TOPICS } from './nft-rare/rows/index.ts'

const reason =
  !existsSync('/dev/net/tun') || process.getuid?.() !== 0
    ? 'no tap devices (run as root)'
    : whyNot('nft', 'ip', 'python3', 'conntrack', 'bridge')
if (reason) console.warn(`nft's rarer words are not compared with the kernel: ${reason}`)

describe.skipIf(reason)("nft's rarer words", () => {
  describe.each(Object.entries(TOPICS))('%s', (_, rows) => {
    const entries = Object.entries(rows)
    const { shown, played } = reason ? { shown: [], played: [] } : play(entries.map(([, row]) => row))
    for (const [i, [name, row]] of entries.entries()) {
      const one = played[i]
      if (!one) continue
      if ('refused' in one) {
        it.skip(`not judged: this kernel lacks (or its nft refuses) ${name}: ${one.refused.split('\n')[0]}`)
        continue
      }
      it(name, () => {
        const { differences, open } = judge(row, one, shown)
        expect(differences.join('\n'), row.rules).toBe('')
        if (row.open) {
          expect(open).not.toEqual([])
          for (const why of open) expect(why).toMatch(row.open)
        } else expect(open).toEqual([])
      })
    }
  })
})
