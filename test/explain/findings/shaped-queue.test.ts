/** What leaves by an interface may be dropped in its queue, behind all rules. */
import { expect, it } from 'vitest'
import { open } from '../../../src/index.ts'
import { trace } from '../../journey/kernel-lines.ts'

const RULES =
  '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A FORWARD -i lan -j ACCEPT\nCOMMIT\n'
const inText = (qdisc: string) =>
  `2: wan: <BROADCAST,UP,LOWER_UP> mtu 1500 qdisc ${qdisc} state UP group default qlen 1000\n    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff\n    inet 203.0.113.1/24 scope global wan\n`
const inJson = (qdisc: string) =>
  JSON.stringify([{ ifindex: 2, ifname: 'wan', flags: ['UP'], mtu: 1500, operstate: 'UP', qdisc, addr_info: [] }])

async function told(address: string) {
  const asked = { in: 'lan', out: 'wan', src: '192.168.1.10', dst: '192.168.2.9', sport: 40_000, dport: 443 }
  const files = {
    'trace.log': `[   10.000000] ${trace('filter:FORWARD:rule:1', { ...asked, protocol: 'udp' })}\n`,
    'rules.v4': RULES,
    address,
  }
  const { exchanges } = await (await open(Object.entries(files).map(([name, text]) => ({ name, text })))).exchanges()
  return exchanges[0]!.findings.find(({ code }) => code === 'not-netfilter')?.message
}

it.each([
  ['as text', inText('tbf')],
  ['as JSON', inJson('tbf')],
])('is told of (%s)', async (_name, address) => {
  expect(await told(address)).toContain(
    'The qdisc of wan (tbf) may drop packets after all rules: "tc -s qdisc show dev wan" shows how many.',
  )
})

it('is not told of a queue that nobody shapes', async () => {
  expect(await told(inText('fq_codel'))).not.toContain('qdisc')
})
