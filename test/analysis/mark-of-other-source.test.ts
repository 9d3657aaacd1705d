/** A router masquerades by a mark, which it sets for one network alone; what another one sends gets no reply. */
import { expect, it } from 'vitest'
import { printedExchange } from '../../src/edits/fix.ts'
import { open } from '../../src/index.ts'
import { printCommand } from '../../src/model/command.ts'

const rules = (setter: string) => `table ip vpn {
	set nets {
		type ipv4_addr
		flags interval
		elements = { 10.77.0.0/24 }
	}
	chain prerouting {
		type filter hook prerouting priority mangle; policy accept;
		${setter} meta mark set 0x00000021 # handle 3
	}
	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
		oifname "vpn" meta mark 0x00000021 counter packets 3 bytes 180 masquerade # handle 5
	}
}
`
const ADDRESS = ['2: lan    inet 192.168.1.1/24 scope global lan', '3: vpn    inet 100.92.10.2/16 scope global vpn']
  .map((line) => `${line}\\       valid_lft forever preferred_lft forever\n`)
  .join('')
const ROUTES =
  'local 192.168.1.1 dev lan table local proto kernel scope host src 192.168.1.1\nlocal 100.92.10.2 dev vpn table local proto kernel scope host src 100.92.10.2\n192.168.1.0/24 dev lan scope link\n100.92.0.0/16 dev vpn scope link\n'
const packet = (more: string) =>
  `packet: iif "lan" ${more}ip saddr 192.168.1.10 ip daddr 100.92.20.9 ip ttl 64 ip id 7 ip protocol tcp ip length 60 tcp sport 40000 tcp dport 443 tcp flags == syn tcp window 64240 \n`
const TRACE = `trace id 01 ip vpn prerouting ${packet('')}trace id 01 ip vpn prerouting policy accept
trace id 01 ip vpn postrouting ${packet('oif "vpn" ')}trace id 01 ip vpn postrouting policy accept
`
const entry = (unreplied: string) =>
  `tcp      6 118 ${unreplied ? 'SYN_SENT' : 'ESTABLISHED'} src=192.168.1.10 dst=100.92.20.9 sport=40000 dport=443 ${unreplied}src=100.92.20.9 dst=192.168.1.10 sport=443 dport=40000 mark=0 use=1\n`

async function said(setter: string, conntrack = entry('[UNREPLIED] ')) {
  const files = { 'trace.txt': TRACE, 'rules.nft': rules(setter), addr: ADDRESS, routes: ROUTES, conntrack }
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  const [exchange] = (await analysis.exchanges()).exchanges
  return printedExchange(exchange!).findings.find(({ code }) => code === 'mark-missing')
}

it.each([
  ['by a set', 'ip saddr @nets ip daddr 100.92.0.0/16', 'does not match: 192.168.1.10 is not in set nets'],
  ['by an address', 'ip saddr 10.77.0.0/24 ip daddr 100.92.0.0/16', 'only matches ip saddr 10.77.0.0/24'],
])('says for whom the mark is set, %s', async (_, setter, words) => {
  const found = await said(setter)
  expect(found?.message).toContain('ip vpn postrouting handle 5 requires mark 0x21, which the packet does not have')
  expect(found?.message).toContain(`ip vpn prerouting handle 3, which sets this mark, ${words}.`)
  expect(found?.severity).toBe('note')
  expect(printCommand(found!.fix[0]!.command!)).toMatch(
    /^nft insert rule ip vpn postrouting handle 5 ip saddr 192\.168\.1\.10 ip daddr 100\.92\.20\.9 .*masquerade/,
  )
})

it.each([
  ['a reply came', 'ip saddr @nets ip daddr 100.92.0.0/16', entry('')],
  ['the mark is for what comes in elsewhere', 'iifname "wlan" ip daddr 100.92.0.0/16', entry('[UNREPLIED] ')],
])('says nothing: %s', async (_, setter, conntrack) => {
  expect(await said(setter, conntrack)).toBeUndefined()
})
