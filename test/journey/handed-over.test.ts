/** A bridge hands a packet over behind PREROUTING, and nft's trace gives it another id: what has no number of its own is known by its place. */
import { expect, test } from 'vitest'
import { open } from '../../src/index.ts'

const RULES = `table ip fw {
	chain prerouting {
		type filter hook prerouting priority raw; policy accept;
	}
	chain forward {
		type filter hook forward priority filter; policy drop;
	}
}
`
const HEAD = 'ip saddr 10.244.0.2'
const REST = 'ip ttl 63 ip id 0 ip length 60 tcp sport 80 tcp dport 40002 tcp flags == 0x12 tcp window 65160'
const came = (id: string, dst: string, iif = 'cni0') =>
  `trace id ${id} ip fw prerouting packet: iif "${iif}" ${HEAD} ip daddr ${dst} ${REST}
trace id ${id} ip fw prerouting policy accept
`
const went = (id: string, dst: string, more = '') =>
  `trace id ${id} ip fw forward packet: iif "cni0" oif "eth0" ${HEAD} ip daddr ${dst} ${REST.replace('sport 80', `sport ${more || 80}`)}
trace id ${id} ip fw forward policy drop
`

async function outcomes(text: string): Promise<string[]> {
  const analysis = await open([
    { name: 'rules.nft', text: RULES },
    { name: 'trace.txt', text },
  ])
  const found: string[] = []
  for await (const { outcome, steps } of analysis.journeys()) found.push(`${outcome} ${steps.length}`)
  return found
}

test('a reply that is rewritten on the way is one journey', async () => {
  expect(await outcomes(came('682a0748', '10.244.0.1') + went('055bbbc1', '192.0.2.9'))).toEqual(['dropped 2'])
})

test.each([
  ['another port sent it', went('055bbbc1', '192.0.2.9', '81')],
  ['another packet came in between', came('11111111', '10.244.0.1', 'eth0') + went('055bbbc1', '192.0.2.9')],
])('it is another packet where %s', async (_name, next) => {
  expect((await outcomes(came('682a0748', '10.244.0.1') + next)).filter((one) => one === 'dropped 2')).toEqual([])
})

/** REJECT sends its error before the trace tells of the rule. */
const error = (dst: string) =>
  `trace id 33333333 ip fw output packet: oif "cni0" ip saddr 10.244.0.1 ip daddr ${dst} ip ttl 64 ip id 0 ip length 80 icmp type destination-unreachable icmp code admin-prohibited
trace id 33333333 ip fw output policy accept
`

test('what is rejected is one journey, with the error that answers it in between', async () => {
  const found = await outcomes(came('682a0748', '192.0.2.9') + error('10.244.0.2') + went('055bbbc1', '192.0.2.9'))
  expect(found).toContain('dropped 2')
})

test('an error to another host does not stand in between', async () => {
  const found = await outcomes(came('682a0748', '192.0.2.9') + error('10.244.0.3') + went('055bbbc1', '192.0.2.9'))
  expect(found).not.toContain('dropped 2')
})
