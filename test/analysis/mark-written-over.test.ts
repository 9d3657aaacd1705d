/** A request gets the mark of its tunnel for its connection, and a rule behind that saves another one over it. */
import { expect, test } from 'vitest'
import { open, printCommand, printedExchange } from '../../src/index.ts'

/** Another site at tunB has the same network; the main table leads there. */
const rules = (behind: string, restore: string) => `table inet marks { # handle 1
	chain in { # handle 1
		type filter hook input priority mangle; policy accept;
		iifname "tunA" ct mark set 0x0000000a # handle 4
		${behind} # handle 5
	}

	chain out { # handle 2
		type route hook output priority mangle; policy accept;
		${restore} # handle 6
	}

	chain pre { # handle 7
		type filter hook prerouting priority mangle; policy accept;
	}

	chain post { # handle 3
		type filter hook postrouting priority filter; policy accept;
	}
}
`
const ADDRESSES = `2: tunA    inet 10.8.1.1/30 scope global tunA
3: tunB    inet 10.8.2.1/30 scope global tunB
4: lan    inet 10.0.0.1/24 scope global lan
`
const ROUTES = `192.168.50.0/24 via 10.8.2.2 dev tunB
10.0.0.0/24 dev lan proto kernel scope link src 10.0.0.1
10.8.1.0/30 dev tunA proto kernel scope link src 10.8.1.1
10.8.2.0/30 dev tunB proto kernel scope link src 10.8.2.1
192.168.50.0/24 via 10.8.1.2 dev tunA table 10
local 10.0.0.1 dev lan table local proto kernel scope host src 10.0.0.1
`
const RULES_OF_ROUTING = `0:	from all lookup local
1000:	from all fwmark 0xa/0x1fff lookup 10
32766:	from all lookup main
32767:	from all lookup default
`

const head = (src: string, dst: string) =>
  `ip saddr ${src} ip daddr ${dst} ip dscp cs0 ip ecn not-ect ip ttl 63 ip id 7 ip length 60`
const ASKS = `iif "tunA" ${head('192.168.50.10', '10.0.0.1')} udp sport 40000 udp dport 53 udp length 40`
const answers = (device: string) =>
  `oif "${device}" ${head('10.0.0.1', '192.168.50.10')} udp sport 53 udp dport 40000 udp length 40`

interface Varied {
  behind: string
  restore: string
  isMatched: boolean
  left: string
  routing: string | undefined
}

async function told(varied: Partial<Varied> = {}) {
  const {
    behind = 'ct mark set meta mark',
    restore = 'meta mark set ct mark',
    isMatched = true,
    left = 'tunB',
    routing,
  } = { routing: RULES_OF_ROUTING, ...varied }
  const trace = [
    `0000000a inet marks pre packet: ${ASKS}`,
    '0000000a inet marks pre policy accept ',
    `0000000a inet marks in packet: ${ASKS}`,
    '0000000a inet marks in rule iifname "tunA" ct mark set 0x0000000a # handle 4 (verdict continue)',
    ...(isMatched ? [`0000000a inet marks in rule ${behind} # handle 5 (verdict continue)`] : []),
    '0000000a inet marks in policy accept ',
    `0000000b inet marks out packet: ${answers(left)}`,
    `0000000b inet marks out rule ${restore} # handle 6 (verdict continue)`,
    '0000000b inet marks out policy accept ',
    `0000000b inet marks post packet: ${answers(left)}`,
    '0000000b inet marks post policy accept ',
  ]
  const files = {
    'rules.nft': rules(behind, restore),
    'trace.txt': trace.map((line) => `trace id ${line}\n`).join(''),
    'ip-addr.txt': ADDRESSES,
    'ip-route4.txt': ROUTES,
    ...(routing === undefined ? {} : { 'ip-rule4.txt': routing }),
  }
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  const [exchange] = (await analysis.exchanges()).exchanges
  const { findings, status } = printedExchange(exchange!)
  return { status, found: findings.find(({ code }) => code === 'reply-by-other-uplink') }
}

test('names both rules, and does not call the request answered', async () => {
  const { status, found } = await told()
  expect(status).toBe('undetermined')
  expect(found?.message).toContain(
    "inet marks in handle 5 set the connection's mark to 0x0: before, it was 0xa, from inet marks in handle 4. Routing rule 1000 leads mark 0xa out of tunA.",
  )
  expect(found?.rules.map(({ handle }) => handle)).toEqual([5, 4])
  expect(found?.fix[0]?.command && printCommand(found.fix[0].command)).toMatch(
    /^nft insert rule inet marks in handle 5 ip saddr 192\.168\.50\.10 ip daddr 10\.0\.0\.1 iifname '?"?tunA"?'? udp dport 53 accept /,
  )
})

test('says nothing where the mark is kept, where no routing rule is for it, and where the reply leaves by the tunnel', async () => {
  const kept = await told({ isMatched: false })
  const unrouted = await told({ routing: RULES_OF_ROUTING.replace('0xa/', '0xb/') })
  const right = await told({ left: 'tunA' })
  for (const { status, found } of [kept, unrouted, right]) expect([status, found]).toEqual(['answered', undefined])
})

test('leaves open where the mark leads as long as routing rules are unknown', async () => {
  const { status, found } = await told({ routing: undefined })
  expect(status).toBe('undetermined')
  expect(found?.message).toContain('Whether a routing rule leads mark 0xa out of tunA is unknown.')
})

test('says nothing of bits that the restoring rule leaves out', async () => {
  const behind = 'ct mark set ct mark | 0x00000100'
  expect((await told({ behind })).found?.message).toContain("set the connection's mark to 0x10a: before, it was 0xa")
  const masked = await told({ behind, restore: 'meta mark set ct mark & 0x000000ff' })
  expect([masked.status, masked.found]).toEqual(['answered', undefined])
})
