/** A fix for what may lack a reply stands in the short answer with the note that proposes it. */
import { expect, it } from 'vitest'
import { open, printReport } from '../../src/index.ts'

const RULES = `table inet fw4 {
	chain srcnat { # handle 1
		type nat hook postrouting priority srcnat; policy accept;
		oifname "wg0" jump srcnat_wg comment "!fw4: Handle wg IPv4/IPv6 srcnat traffic" # handle 3
	}
	chain srcnat_wg { # handle 2
		meta nfproto ipv4 masquerade comment "!fw4: Masquerade IPv4 wg traffic" # handle 4
	}
}
`
const ADDRESS = [
  '2: lan    inet 192.168.1.1/24 scope global lan',
  '2: lan    inet6 2001:db8:1::1/64 scope global ',
  '3: wg0    inet 10.64.0.2/24 scope global wg0',
  '3: wg0    inet6 fd7d:76ee::2/64 scope global ',
].map((line) => `${line}\\       valid_lft forever preferred_lft forever\n`)
const ROUTES =
  '2001:db8:1::/64 dev lan proto kernel metric 256 pref medium\nfd7d:76ee::/64 dev wg0 proto kernel metric 256 pref medium\ndefault via fd7d:76ee::1 dev wg0 metric 1024 pref medium\n'
const [src, dst] = ['2001:db8:1::10', '2001:db8:cafe::9']
const TRACE = `trace id 01 inet fw4 srcnat packet: iif "lan" oif "wg0" ip6 saddr ${src} ip6 daddr ${dst} ip6 hoplimit 63 ip6 nexthdr tcp ip6 length 40 tcp sport 40000 tcp dport 443 tcp flags == syn tcp window 64240 \ntrace id 01 inet fw4 srcnat rule oifname "wg0" jump srcnat_wg comment "!fw4: Handle wg IPv4/IPv6 srcnat traffic" # handle 3 (verdict jump srcnat_wg)\ntrace id 01 inet fw4 srcnat policy accept \n`
const CONNTRACK = `ipv6     10 tcp      6 118 SYN_SENT src=${src} dst=${dst} sport=40000 dport=443 [UNREPLIED] src=${dst} dst=${src} sport=443 dport=40000 mark=0 use=1\n`

it('says why the other IP version is to be masqueraded', async () => {
  const files = { trace: TRACE, rules: RULES, addr: ADDRESS.join(''), routes: ROUTES, conntrack: CONNTRACK }
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  const { groups, ending } = await analysis.groups()
  const text = printReport('text', groups, ending).replace(/\n +/g, ' ')
  expect(text).toContain('fix    nft add rule inet fw4 srcnat ip6 saddr 2001:db8:1::10 oifname wg0')
  expect(text).toMatch(/ note +For packets that come in by lan, only IPv4 is masqueraded\./)
})
