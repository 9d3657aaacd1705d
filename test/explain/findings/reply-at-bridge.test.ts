/** A bridge's filter of frames drops what a neighbour replies, behind the back of all that a trace of IP shows. */
import { expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import type { ConntrackEntry, Host } from '../../../src/index.ts'
import { explainFile, worldOf } from '../../journey/journeys.ts'
import { entry } from '../../simulate/world.ts'
import { findingsOf } from './played.ts'

const OUTPUT =
  'table inet own {\n\tchain output {\n\t\ttype filter hook output priority filter; policy accept;\n\t\tcounter # handle 2\n\t}\n}\n'
const filter = (port: string, address: string, handle: number, packets: number) => `	chain I-${port} {
		ether type ip ip saddr ${address} counter packets 3 bytes 170 return # handle ${handle}
		counter packets ${packets} bytes 120 drop # handle ${handle + 1}
	}
`
const BRIDGE = (...ports: string[]) => `table bridge nat {
	chain PREROUTING {
		type filter hook prerouting priority dstnat; policy accept;
${ports.map((port, i) => `\t\tiifname "${port}" counter packets 4 bytes 198 jump I-${port} # handle ${i + 20}\n`).join('')}	}
`
const ENTRY = (status: string[]): ConntrackEntry =>
  entry({
    original: { src: '10.0.0.254', dst: '10.0.0.1', sport: 40_003, dport: 80 },
    reply: { src: '10.0.0.1', dst: '10.0.0.254', sport: 80, dport: 40_003 },
    status,
  })

function found(rules: string, ports: string[], status = ['unreplied']) {
  const world = worldOf(OUTPUT + rules)
  Object.assign(world.host, {
    links: [
      {
        ...{ index: 3, name: 'br0', kind: 'bridge' },
        addresses: [{ family: 'ip', address: '10.0.0.254', prefixLength: 24 }],
      },
      ...ports.map((name, i) => ({ index: 4 + i, name, master: 'br0', addresses: [] })),
    ],
    routes: [
      { family: 'ip', type: 'local', destination: '10.0.0.254/32', table: 'local', device: 'br0' },
      { family: 'ip', type: 'unicast', destination: '10.0.0.0/24', table: 'main', device: 'br0' },
    ],
    conntrack: [ENTRY(status)],
  } satisfies Host)
  const trace = `trace id 1 inet own output packet: oif "br0" ip saddr 10.0.0.254 ip daddr 10.0.0.1 ip id 7 ip protocol tcp ip length 60 tcp sport 40003 tcp dport 80 tcp flags == syn
trace id 1 inet own output rule counter (verdict continue)
trace id 1 inet own output policy accept
`
  return findingsOf(explainFile(trace, world).journeys[0]!, 'reply-dropped')
}

const BOTH = `${BRIDGE('vnet7', 'vnet8')}${filter('vnet7', '10.0.0.2', 5, 2)}${filter('vnet8', '10.0.0.8', 9, 0)}}\n`

it('names the rules of all ports, first the one that has dropped something', () => {
  const [one] = found(BOTH, ['vnet8', 'vnet7'])
  expect(one?.message).toBe(
    'A rule at each port of br0 drops the reply from 10.0.0.1: bridge nat I-vnet7 handle 6, bridge nat I-vnet8 handle 10. A trace of the IP chains does not show that.',
  )
  expect(String(fixCommands(one!.fix[0]!).command)).toMatch(
    /^nft insert rule bridge nat I-vnet7 handle 6 ip saddr 10\.0\.0\.1 ip daddr 10\.0\.0\.254 tcp sport 80 accept /,
  )
})

it('names the only one', () => {
  const [one] = found(`${BRIDGE('vnet7')}${filter('vnet7', '10.0.0.2', 5, 2)}}\n`, ['vnet7'])
  expect(one?.message).toBe(
    'bridge nat I-vnet7 handle 6 drops the reply from 10.0.0.1. A trace of the IP chains does not show that.',
  )
})

it.each<[string, string, string[], string[]]>([
  ['one port lets it in', BOTH, ['vnet7', 'vnet8', 'vnet9'], ['unreplied']],
  ['a rule accepts it', BOTH.replaceAll('10.0.0.8', '10.0.0.1'), ['vnet7', 'vnet8'], ['unreplied']],
  ['a reply came back', BOTH, ['vnet7', 'vnet8'], ['assured']],
])('says nothing where %s', (_name, rules, ports, status) => {
  expect(found(rules, ports, status)).toEqual([])
})

const frame = (
  from: string,
  to: string,
  flags: string,
  [port, out]: [string, string],
  [sport, dport]: [number, number],
) =>
  `bridge filter forward packet: iif "${port}" oif "${out}" ether saddr 02:00:00:00:00:01 ether daddr 02:00:00:00:00:02 ip saddr ${from} ip daddr ${to} ip ttl 64 ip id 7 ip protocol tcp ip length 60 tcp sport ${sport} tcp dport ${dport} tcp flags == ${flags}`

it.each([
  ['', /^nft add rule bridge filter forward .*ip saddr 10\.0\.0\.1 ip daddr 10\.0\.0\.254 .*tcp sport 80 accept/],
  ...[
    'ct state invalid drop',
    'ct state vmap { invalid : drop }',
    'ct state . ip saddr { invalid . 10.0.0.9 } drop',
    'ip saddr 10.0.0.9 ct mark set 0x00000001',
  ].map((rule): [string, RegExp] => [
    `\t\t${rule} # handle 4\n`,
    /^nft add rule bridge filter forward ct state established,related accept/,
  ]),
])('asks a bridge for states only where its rules do so already: %j', (more, command) => {
  const rules = `table bridge filter {
\tchain forward {
\t\ttype filter hook forward priority filter; policy drop;
${more}\t\tip daddr 10.0.0.1 tcp dport 80 accept # handle 3
\t}
}
`
  const trace = [
    `trace id 1 ${frame('10.0.0.254', '10.0.0.1', 'syn', ['p1', 'p2'], [40_003, 80])}`,
    'trace id 1 bridge filter forward rule ip daddr 10.0.0.1 tcp dport 80 accept # handle 3 (verdict accept)',
    `trace id 2 ${frame('10.0.0.1', '10.0.0.254', '0x12', ['p2', 'p1'], [80, 40_003])}`,
    'trace id 2 bridge filter forward policy drop',
    '',
  ].join('\n')
  const world = worldOf(rules)
  Object.assign(world.host, {
    links: ['br0', 'p1', 'p2'].map((name, i) => ({
      index: i + 2,
      name,
      ...(i === 0 ? { kind: 'bridge' } : { master: 'br0' }),
      addresses: [],
    })),
    routes: [{ family: 'ip', type: 'unicast', destination: '10.0.0.0/24', table: 'main', device: 'br0' }],
    conntrack: [ENTRY(['seen-reply'])],
  } satisfies Host)
  const { journeys } = explainFile(trace, world)
  const [first] = findingsOf(journeys[1]!, 'reply-dropped').flatMap(({ fix }) => fix)
  expect(String(fixCommands(first!).command)).toMatch(command)
})
