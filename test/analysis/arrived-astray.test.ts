/** A request whose way looks wrong, and that was answered: the reply went past this host. */
import { expect, test } from 'vitest'
import { open, printReport } from '../../src/index.ts'
import { dmesg, type TestPacket, trace } from '../journey/kernel-lines.ts'

const ADDRESSES =
  '2: up0: <UP> mtu 1500 state UP\n    inet 192.168.10.2/24 scope global up0\n3: br0: <UP> mtu 1500 state UP\n    inet 10.0.0.1/24 scope global br0\n'
// the network of addresses that guests have is a part of the uplink's
const ROUTES = `192.168.10.0/24 dev up0 proto kernel scope link src 192.168.10.2
10.0.0.0/24 dev br0 proto kernel scope link src 10.0.0.1
192.168.10.32/28 via 10.0.0.6 dev br0
`
const RULES = '*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n'
const SYN: TestPacket = {
  ...{ in: 'br0', out: 'br0', src: '10.0.0.5', dst: '192.168.10.37', sport: 40_000, dport: 6443, seq: 100 },
}
const syn = (id: number) => trace('filter:FORWARD:policy:1', { ...SYN, id })
const ACK = trace('filter:FORWARD:policy:1', { ...SYN, id: 2, seq: 101, flags: 'ACK' })

async function told(...lines: string[]) {
  const files = { 'trace.log': dmesg(lines), 'rules.v4': RULES, addresses: ADDRESSES, routes: ROUTES }
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  const [exchange] = (await analysis.exchanges()).exchanges
  const { groups, ending } = await analysis.groups()
  const [group] = groups
  return {
    status: exchange!.status,
    says: exchange!.findings.some(({ code }) => code === 'wrong-way-out'),
    prints: printReport('text', [group!], ending).includes('went the wrong way'),
  }
}

test('is not said to have gone the wrong way, as the sender got a reply', async () => {
  expect(await told(syn(1), ACK)).toEqual({ status: 'answered', says: false, prints: false })
})

test('is, where the sender got none, or had to send it again', async () => {
  const alone = await told(syn(1))
  expect(alone.status).not.toBe('answered')
  expect([alone.says, alone.prints]).toEqual([true, true])
  expect((await told(syn(1), syn(3), ACK)).says).toBe(true)
})
