/** Which of two UDP ports is a service's: by connections, sockets, rules and the ports that the kernel gives. */
import { expect, test } from 'vitest'
import { open } from '../../src/index.ts'
import { udpDirection } from '../../src/rules/service-ports.ts'
import { clocked, trace } from '../journey/kernel-lines.ts'

const rules = (...more: string[]) =>
  [
    '*filter',
    ':INPUT DROP [0:0]',
    ':FORWARD DROP [0:0]',
    ...more.map((rule) => `-A FORWARD ${rule}`),
    'COMMIT',
    '',
  ].join('\n')
const ENDS = { src: '198.51.100.20', dst: '192.0.2.10', protocol: 'udp', in: 'wan' } as const

async function directionOf(sport: number, dport: number, ruleset = rules(), state: Record<string, string> = {}) {
  const files = Object.entries({ rules: ruleset, ...state })
  const [machine] = (await open(files.map(([name, text]) => ({ name, text })))).machines
  return udpDirection({ ...ENDS, sport, dport }, machine!.world)
}

test('a port that is registered is a service’s', async () => {
  for (const port of [5353, 5060, 8472, 27_015, 4500, 51_820]) {
    expect(await directionOf(port, 45_678)).toBe('reply')
    expect(await directionOf(45_678, port)).toBe('request')
  }
  expect(await directionOf(53, 45_678)).toBe('reply')
  expect(await directionOf(45_678, 53)).toBe('request')
  // a NAT may have given that port
  expect(await directionOf(12_345, 51_820)).toBe('request')
})

test('of two that anybody may have, or two of services, nothing is known', async () => {
  expect(await directionOf(50_001, 45_678)).toBeUndefined()
  // as traceroute asks
  expect(await directionOf(4000, 33_434)).toBeUndefined()
  expect(await directionOf(5060, 5060)).toBeUndefined()
  expect(await directionOf(123, 123)).toBeUndefined()
})

test('a client of DHCP asks from a port of its own, whichever of both a rule names', async () => {
  const named = (port: number) => rules(`-p udp -m udp --dport ${port} -j ACCEPT`)
  expect(await directionOf(546, 547, named(546))).toBe('request')
  expect(await directionOf(68, 67, named(68))).toBe('request')
  // a server may tell of itself
  expect(await directionOf(547, 546)).toBeUndefined()
  expect(await directionOf(67, 68, named(68))).toBeUndefined()
  expect(await directionOf(547, 546, named(546))).toBeUndefined()
})

test('from a port of root’s a program may ask a service above', async () => {
  expect(await directionOf(800, 2049)).toBeUndefined()
  expect(await directionOf(2049, 800)).toBeUndefined()
  const [named, asked] = [rules('-p udp --dport 800 -j ACCEPT'), rules('-p udp --dport 7000 -j ACCEPT')]
  expect(await directionOf(800, 2049, named)).toBe('reply')
  expect(await directionOf(800, 7000, asked)).toBeUndefined()
  expect(await directionOf(800, 7000)).toBe('reply')
  // by chance, what the kernel chose is another service's
  expect(await directionOf(853, 51_820)).toBe('reply')
  expect(await directionOf(443, 2049)).toBe('reply')
})

test('a port that a rule names is a service’s', async () => {
  expect(await directionOf(50_001, 45_678, rules('-p udp -m udp --dport 50001 -j ACCEPT'))).toBe('reply')
  expect(await directionOf(50_001, 45_678, rules('-p udp -m udp --sport 50001 -j ACCEPT'))).toBe('reply')
  expect(await directionOf(45_678, 50_001, rules('-p udp -m multiport --dports 4500,50001 -j ACCEPT'))).toBe('request')
  const nft =
    'table inet fw {\n\tchain f {\n\t\ttype filter hook forward priority 0; policy drop;\n\t\tudp dport { 4500, 50001 } accept\n\t}\n}\n'
  expect(await directionOf(50_001, 45_678, nft)).toBe('reply')
})

test('a connection that conntrack lists tells', async () => {
  const entry = (src: string, sport: number, dst: string, dport: number) =>
    `udp      17 29 src=${src} dst=${dst} sport=${sport} dport=${dport} src=${dst} dst=${src} sport=${dport} dport=${sport} mark=0 use=1\n`
  const replied = entry(ENDS.dst, 45_678, ENDS.src, 50_001)
  expect(await directionOf(50_001, 45_678, rules(), { conntrack: replied })).toBe('reply')
  expect(await directionOf(50_001, 45_678, rules(), { conntrack: entry(ENDS.src, 50_001, ENDS.dst, 45_678) })).toBe(
    'request',
  )
})

test('a reply alone is told as one, and its fix does not open its receiver’s port', async () => {
  const packet = { ...ENDS, out: 'lan', sport: 27_015, dport: 45_678 }
  const analysis = await open([
    { name: 'rules', text: rules('-p udp -m udp --dport 27015 -j ACCEPT') },
    { name: 'log', text: clocked([[10, trace('filter:FORWARD:policy:2', packet)]]) },
  ])
  const { exchanges } = await analysis.exchanges()
  expect(exchanges.map(({ status, asked }) => [status, asked.src, asked.dport])).toEqual([
    ['reply-lost', ENDS.dst, 27_015],
  ])
  const { groups } = await analysis.groups()
  const edits = JSON.stringify(groups.flatMap(({ journey }) => journey.findings.flatMap(({ fix }) => fix)))
  expect(edits).not.toContain('45678')
})

test('what leaves as who was asked is a reply, where an entry sends the request to another host', async () => {
  const listed = (reply: string) => ({
    'conntrack.txt': `udp      17 29 src=203.0.113.7 dst=10.0.0.1 sport=40173 dport=1000 ${reply} mark=0 use=1\n`,
    'ip-addr.txt':
      '2: eth0    inet 10.0.0.1/24 brd 10.0.0.255 scope global eth0\\       valid_lft forever preferred_lft forever\n',
    'ss.txt': 'udp UNCONN 0 0 0.0.0.0:22 0.0.0.0:*\n',
  })
  const of = async (reply: string) => {
    const files = Object.entries({ rules: rules(), ...listed(reply) })
    const [machine] = (await open(files.map(([name, text]) => ({ name, text })))).machines
    const packet = { src: '10.0.0.1', dst: '203.0.113.7', sport: 1000, dport: 40_173, protocol: 'udp', out: 'eth0' }
    return udpDirection(packet, machine!.world)
  }
  expect(await of('src=10.0.0.9 dst=203.0.113.7 sport=1000 dport=40173')).toBe('reply')
  expect(await of('src=10.0.0.9 dst=203.0.113.8 sport=1000 dport=40173')).toBe('reply')
  // of another connection nothing is known
  expect(await of('src=10.0.0.1 dst=203.0.113.8 sport=1000 dport=40174')).toBe('request')
})
