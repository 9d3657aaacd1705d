/**
 * What is wrong with nat, marks and routes, made real: is what the sender sees explained by what is true, and does the
 * fix that is shown first mend it?
 *
 *     NFWHY_NAT_SHARE=1 npx vitest run test/kernel/nat-and-routes.test.ts        # all programs, both IP versions
 */
import { describe, expect, it } from 'vitest'
import { some } from '../share.ts'
import { whyNot } from './namespaces.ts'
import { NAT } from './nat-and-routes/nat.ts'
import { ROUTES } from './nat-and-routes/routes.ts'
import { inForms } from './nat-and-routes/situation.ts'
import { play } from './nat-and-routes/stage.ts'

const reason =
  whyNot(
    'ip',
    'ss',
    'nft',
    'iptables-legacy',
    'iptables-nft',
    'iptables-restore-translate',
    'xtables-monitor',
    'tcpdump',
    'conntrack',
  ) ?? (process.getuid?.() === 0 ? undefined : 'only root can run tcpdump')
/** Without being told otherwise, each situation in one of its forms. */
const share = Number(process.env.NFWHY_NAT_SHARE ?? 12)

describe.skipIf(reason)(`nat, marks and routes${reason ? `: ${reason}` : ''}`, () => {
  const all = inForms([...NAT, ...ROUTES], share)
  it.concurrent.each(some(all))('$name, $program, IPv$version', async ({ situation, program, version }) => {
    const played = await play(situation, program, version)
    const { sees, exchange, said, fix, mended, left } = played
    expect(sees, 'what the sender sees').toBe(situation.sees)
    const status = `${exchange?.status} (${exchange?.basis})`
    const told = { status, said, fix: fix?.command?.toString(), mended, left }
    if (process.env.NFWHY_NAT_TELL)
      console.info(`${situation.name}, ${program}, IPv${version}: ${JSON.stringify(told, null, 1)}`)
    expect(
      said.filter((one) => situation.truth.test(one)),
      JSON.stringify(told),
    ).not.toEqual([])
    if (situation.never) expect(said.join('\n')).not.toMatch(situation.never)
    expect(mended, JSON.stringify(told)).toBe(situation.mended)
    expect(left).toEqual([])
  })
})
