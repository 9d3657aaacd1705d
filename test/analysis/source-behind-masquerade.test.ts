/** A rule that gives a network one of this host's addresses, or leaves alone what goes somewhere, stands behind one that rewrites first. */
import { describe, expect, it, test } from 'vitest'
import { fixCommands } from '../../src/edits/fix.ts'
import { ADDRESS, type Line, opened } from './two-networks.ts'

const PACKET = { in: 'lan', src: '10.0.0.7', dst: '203.0.113.9', sport: 40_000, dport: 8080 }
const LINES: readonly Line[] = [
  [10, 'filter:FORWARD:policy:1', { ...PACKET, out: 'wan' }],
  [10, 'nat:POSTROUTING:rule:1', { ...PACKET, in: '', out: 'wan' }],
]
const ENTRY =
  'tcp      6 119 SYN_SENT src=10.0.0.7 dst=203.0.113.9 sport=40000 dport=8080 [UNREPLIED] src=203.0.113.9 dst=203.0.113.1 sport=8080 dport=40000 mark=0 use=1\n'
const SECOND =
  '2: wan    inet 203.0.113.2/24 scope global secondary wan\\       valid_lft forever preferred_lft forever\n'
const LOCAL = 'local 203.0.113.2 dev wan table local proto kernel scope host src 203.0.113.1\n'

async function found(...nat: string[]) {
  const { exchanges } = await (await opened(nat, LINES, ENTRY, LOCAL, ADDRESS + SECOND)).exchanges()
  const one = exchanges[0]!.findings.find(({ code }) => code === 'snat-changed-source')!
  const { severity, message, fix } = one
  return { severity, words: message.split(' instead. ')[1], fix: fix.map((each) => `${fixCommands(each).command}`) }
}

const MASQUERADE = '-A POSTROUTING -s 10.0.0.0/24 -o wan -j MASQUERADE'
const snat = (match: string, to = '203.0.113.2') => `-A POSTROUTING ${match} -j SNAT --to-source ${to}`

describe('a source behind a masquerade', () => {
  it.each([
    ['of the same network', snat('-s 10.0.0.0/24 ! -d 10.0.0.0/24')],
    ['of a network, behind a masquerade of all', snat('-s 10.0.0.0/24'), '-A POSTROUTING -o wan -j MASQUERADE'],
  ])('is named, as a note: %s', async (_what, behind, first = MASQUERADE) => {
    expect(await found(first, behind)).toEqual({
      severity: 'note',
      words: 'The packet never reached rule 2, which would have given it 203.0.113.2.',
      fix: [behind.replace('-A POSTROUTING', 'iptables -t nat -I POSTROUTING 1')],
    })
  })

  it.each([
    ['is for all, and the masquerade for a network', MASQUERADE, snat('-o wan')],
    ['gives no address of this host', MASQUERADE, snat('-s 10.0.0.0/24', '203.0.113.77')],
    ['is behind another one that gives an address', snat('-s 10.0.0.0/24', '203.0.113.1'), snat('-s 10.0.0.0/24')],
    ['is for another network', MASQUERADE, snat('-s 10.0.1.0/24')],
  ])('is not told of where it %s', async (_why, ...nat) => {
    expect(await found(...nat)).toMatchObject({ severity: 'note', words: undefined, fix: [] })
  })
})

describe('an exception behind the rule that rewrites', () => {
  const own = snat('-s 10.0.0.7/32 -o wan')
  const behind = (match: string, target = 'ACCEPT') => `-A POSTROUTING ${match} -j ${target}`

  it.each([
    ['for where it goes', behind('-d 203.0.113.0/24 -o wan')],
    ['that returns', behind('-d 203.0.113.0/24', 'RETURN')],
  ])('is named, as a note: %s', async (_what, exception) => {
    expect(await found(own, exception, MASQUERADE)).toEqual({
      severity: 'note',
      words: 'The packet never reached rule 2, which would have left its source as it was.',
      fix: [exception.replace('-A POSTROUTING', 'iptables -t nat -I POSTROUTING 1')],
    })
  })

  it.each([
    ['is for a link', own, behind('-o wan')],
    ['is for all but somewhere', own, behind('! -d 10.0.0.0/8')],
    ['is for another place', own, behind('-d 192.0.2.0/24')],
    ['is for what the rule names, too', snat('-d 203.0.113.9/32'), behind('-d 203.0.113.0/24')],
  ])('is not told of where it %s', async (_why, ...nat) => {
    expect(await found(...nat)).toMatchObject({ severity: 'note', words: undefined, fix: [] })
  })
})

test('nobody in the network of another link is said to see what leaves by the wrong one', async () => {
  const to = { dst: '10.0.7.9' }
  const lines = LINES.map(([at, place, packet]): Line => [at, place, { ...packet, ...to }])
  const own = '3: lan    inet 10.0.7.1/24 scope global lan\\       valid_lft forever preferred_lft forever\n'
  const entry = ENTRY.replaceAll('203.0.113.9', to.dst)
  const route = 'default via 203.0.113.254 dev wan\n'
  const analysis = await opened(['-A POSTROUTING -o wan -j MASQUERADE'], lines, entry, route, ADDRESS + own)
  const [exchange] = (await analysis.exchanges()).exchanges
  expect(exchange?.findings.find(({ code }) => code === 'snat-changed-source')?.message).toBe(
    'nat POSTROUTING rule 1 rewrote its source 10.0.0.7 to 203.0.113.1.',
  )
})
