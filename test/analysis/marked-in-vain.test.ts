/** A rule's mark chose one of two uplinks, and nothing came back by it. */
import { expect, it } from 'vitest'
import { open, printReport } from '../../src/index.ts'

const RULES = `table inet mwan3 {
	set games {
		type ipv4_addr
		flags interval
		elements = { 23.32.0.0-104.93.255.255 }
	}
	chain prerouting {
		type filter hook prerouting priority mangle; policy accept;
		iifname "lan" ip daddr @games meta mark set 0x00000200 # handle 3
	}
}
`
const ADDRESS = [
  '2: lan    inet 192.168.1.1/24 scope global lan',
  '3: wan    inet 203.0.113.1/24 scope global wan',
  '4: wanb    inet 198.51.100.1/24 scope global wanb',
].map((line) => `${line}\\       valid_lft forever preferred_lft forever\n`)
const ROUTES =
  'local 192.168.1.1 dev lan table local proto kernel scope host src 192.168.1.1\nlocal 203.0.113.1 dev wan table local proto kernel scope host src 203.0.113.1\ndefault via 198.51.100.254 dev wanb table 2\ndefault via 203.0.113.254 dev wan\n192.168.1.0/24 dev lan scope link\n203.0.113.0/24 dev wan scope link\n198.51.100.0/24 dev wanb scope link\n'
const POLICY =
  '0:\tfrom all lookup local\n2002:\tfrom all fwmark 0x200 lookup 2\n32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n'
const packet = (more: string) =>
  `packet: iif "lan" ${more}ip saddr 192.168.1.10 ip daddr 93.184.216.34 ip ttl 64 ip id 7 ip protocol tcp ip length 60 tcp sport 40000 tcp dport 443 tcp flags == syn tcp window 64240 \n`
const TRACE = `trace id 01 inet mwan3 prerouting ${packet('')}trace id 01 inet mwan3 prerouting rule iifname "lan" ip daddr @games meta mark set 0x00000200 # handle 3 (verdict continue)
trace id 01 inet mwan3 prerouting policy accept meta mark 0x00000200
trace id 01 inet tail forward ${packet('oif "wanb" ')}trace id 01 inet tail forward policy accept meta mark 0x00000200
`
const TAIL = 'table inet tail {\n\tchain forward {\n\t\ttype filter hook forward priority 0; policy accept;\n\t}\n}\n'

const opened = (state: string) => {
  const files = {
    'trace.txt': TRACE,
    'rules.nft': RULES + TAIL,
    ...{ addr: ADDRESS.join(''), routes: ROUTES, policy: POLICY, conntrack: state },
  }
  return open(Object.entries(files).map(([name, text]) => ({ name, text })))
}
const said = async (state: string) => {
  const { exchanges } = await (await opened(state)).exchanges()
  return exchanges[0]?.findings.find(({ code }) => code === 'wrong-way-out')
}
const entry = (unreplied: string) =>
  `tcp      6 118 ${unreplied ? 'SYN_SENT' : 'ESTABLISHED'} src=192.168.1.10 dst=93.184.216.34 sport=40000 dport=443 ${unreplied}src=93.184.216.34 dst=198.51.100.1 sport=443 dport=40000 mark=0 use=1\n`

it('is named as a note where conntrack has seen no reply', async () => {
  const found = await said(entry('[UNREPLIED] '))
  expect(found?.message).toBe(
    'inet mwan3 prerouting handle 3 sets mark 0x200, so the packet leaves by wanb. Without that mark, the default route sends it out of wan.',
  )
  expect([found?.severity, found?.rules[0]?.handle]).toEqual(['note', 3])
})

it('stands on the card of the request as well', async () => {
  const { groups, ending } = await (await opened(entry('[UNREPLIED] '))).groups()
  const text = printReport('text', groups, ending).replace(/\n +/g, ' ')
  expect(text).toMatch(/note +inet mwan3 prerouting handle 3 sets mark 0x200, so the packet leaves by wanb\./)
})

it('is what was wanted where a reply came', async () => {
  expect(await said(entry(''))).toBeUndefined()
})
