/**
 * A ban, and the packet gets in all the same: is it said which rule accepted it, and why the ban did not act? Does the
 * kernel drop it once the fix is typed, and is all as it was once that is undone?
 *
 *     NFWHY_LET_SHARE=1 npx vitest run test/kernel/let-through.test.ts        # all programs, both IP versions
 */
import { describe, expect, it } from 'vitest'
import { some } from '../share.ts'
import { LET_THROUGH } from './let-through/situations.ts'
import { whyNot } from './namespaces.ts'
import { inForms } from './nat-and-routes/situation.ts'
import { play } from './nat-and-routes/stage.ts'

const reason =
  whyNot(
    'ip',
    'ss',
    'nft',
    'ipset',
    'iptables-legacy',
    'iptables-nft',
    'iptables-restore-translate',
    'xtables-monitor',
    'tcpdump',
    'conntrack',
  ) ?? (process.getuid?.() === 0 ? undefined : 'only root can run tcpdump')

describe.skipIf(reason)(`bans that do not act${reason ? `: ${reason}` : ''}`, () => {
  const all = inForms(LET_THROUGH, Number(process.env.NFWHY_LET_SHARE ?? 12))
  it.concurrent.each(some(all))('$name, $program, IPv$version', async ({ situation, program, version }) => {
    const { sees, exchange, said, fix, mended, left } = await play(situation, program, version)
    const told = JSON.stringify({ said, fix: { ...fix, command: fix?.command?.toString() }, mended, left }, null, 1)
    if (process.env.NFWHY_LET_TELL) console.info(`${situation.name}, ${program}, IPv${version}: ${told}`)
    expect(sees, 'what the sender sees').toBe('answered')
    expect(exchange?.status).toBe('answered')
    expect(
      said.filter((one) => situation.truth.test(one)),
      told,
    ).not.toEqual([])
    expect(fix, told).toMatchObject({ stops: true, verified: 'model' })
    expect(mended, told).toBe(situation.mended)
    expect(left).toEqual([])
  })
})
