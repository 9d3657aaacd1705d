/** A bridge hands a packet over behind PREROUTING, and nft's trace gives it another id: what has no number of its own is known by its place. */
import { describe, expect, test } from 'vitest'
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

async function outcomes(text: string, rules = RULES): Promise<string[]> {
  const analysis = await open([
    { name: 'rules.nft', text: rules },
    { name: 'trace.txt', text },
  ])
  const found: string[] = []
  for await (const { outcome, steps } of analysis.journeys()) found.push(`${outcome} ${steps.length}`)
  return found
}

test('a reply that is rewritten on the way is one journey', async () => {
  expect(await outcomes(came('682a0748', '10.244.0.1') + went('055bbbc1', '192.0.2.9'))).toEqual(['dropped 2'])
})

test('it is another packet where another port sent it', async () => {
  const found = await outcomes(came('682a0748', '10.244.0.1') + went('055bbbc1', '192.0.2.9', '81'))
  expect(found).not.toContain('dropped 2')
})

test.each(['eth0', 'cni0'])('lines of a packet that came in by %s may stand between both halves', async (iif) => {
  const between = came('11111111', '10.244.0.1', iif).replace('dport 40002', 'dport 40003')
  const found = await outcomes(came('682a0748', '10.244.0.1') + between + went('055bbbc1', '192.0.2.9'))
  expect(found.sort()).toEqual(['dropped 2', 'undetermined 1'])
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

test('and so is what another error stands in between of', async () => {
  const found = await outcomes(came('682a0748', '192.0.2.9') + error('10.244.0.3') + went('055bbbc1', '192.0.2.9'))
  expect(found).toContain('dropped 2')
})

describe("where only a session's own table tells of the first half", () => {
  const own = (id: string, ipId: number) =>
    came(id, '192.0.2.9').replaceAll('ip fw prerouting', 'inet nfwhy-1 prerouting').replace('ip id 0', `ip id ${ipId}`)
  const forwarded = (id: string, ipId: number) =>
    went(id, '192.0.2.9').replace('ip id 0', `ip id ${ipId}`).replace('ttl 63', 'ttl 62')
  const FORWARD_ONLY = RULES.replace(/\tchain prerouting \{[^}]*\}\n/, '')
  const alone = (text: string) =>
    outcomes(
      text,
      `${FORWARD_ONLY}table inet nfwhy-1 {
	chain prerouting {
		type filter hook prerouting priority -350; policy accept;
	}
}
`,
    )

  test.each([7, 0])('it is no packet of its own beside the second (IP ID %i)', async (ipId) => {
    expect(await alone(own('682a0748', ipId) + forwarded('055bbbc1', ipId))).toEqual(['dropped 1'])
    const between = own('11111111', 9).replaceAll('40002', '40003')
    const crossed = await alone(own('682a0748', ipId) + between + forwarded('055bbbc1', ipId))
    expect(crossed).toContain('dropped 1')
    expect(crossed).toHaveLength(2)
  })

  test('another packet keeps a journey of its own', async () => {
    expect(await alone(own('682a0748', 7) + forwarded('055bbbc1', 8))).toHaveLength(2)
  })

  test('it adds nothing behind a table of the bridge, either', async () => {
    const BRIDGE = `${FORWARD_ONLY}table bridge b {
	chain input {
		type filter hook input priority filter; policy accept;
	}
}
`
    const bridge = came('682a0748', '192.0.2.9').replaceAll('ip fw prerouting', 'bridge b input')
    const text = bridge.replace('ip id 0', 'ip id 7').replace('iif "cni0"', 'iif "veth1"') + own('055bbbc1', 7)
    expect(await outcomes(text, BRIDGE)).toHaveLength(1)
    expect(await outcomes(text + forwarded('055bbbc1', 7), BRIDGE)).toEqual(['dropped 2'])
  })
})
