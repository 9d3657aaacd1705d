/** A reply that a routing rule leads to another interface's table, as a VPN's does with all that is not its own. */
import { describe, expect, it } from 'vitest'
import { open } from '../../src/index.ts'
import { trace } from '../journey/kernel-lines.ts'

const RULES = '*filter\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n'
const ADDRESSES = ['eth0    inet 192.0.2.1/24', 'wg0    inet 10.8.0.2/24']
  .map((one, i) => `${i + 2}: ${one} scope global eth0\\       valid_lft forever preferred_lft forever\n`)
  .join('')
const ROUTES = `default via 10.8.0.1 dev wg0 table 51820
default via 192.0.2.254 dev eth0
10.8.0.0/24 dev wg0 proto kernel scope link src 10.8.0.2
192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.1
local 10.8.0.2 dev wg0 table local proto kernel scope host src 10.8.0.2
local 192.0.2.1 dev eth0 table local proto kernel scope host src 192.0.2.1
`
const WG_QUICK = `0:	from all lookup local
32764:	from all lookup main suppress_prefixlength 0
32765:	not from all fwmark 0xca6c lookup 51820
32766:	from all lookup main
32767:	from all lookup default
`
const MAIN_ALONE = WG_QUICK.replace(/3276[45].*\n/g, '')

async function message(rules: string, routes = ROUTES) {
  const asked = { in: 'eth0', src: '198.51.100.9', dst: '192.0.2.1', sport: 40_000, dport: 22 }
  const reply = { out: 'wg0', src: '192.0.2.1', dst: '198.51.100.9', sport: 22, dport: 40_000, flags: 'ACK SYN' }
  const lines = [trace('filter:INPUT:policy:1', asked), trace('filter:OUTPUT:policy:1', reply)]
  const files = { log: lines.map((line, i) => `[   10.00000${i}] ${line}\n`).join(''), RULES, ADDRESSES, routes, rules }
  const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
  const [first] = (await analysis.exchanges()).exchanges
  return first?.findings.find(({ code }) => code === 'reply-by-other-uplink')?.message
}

describe('a reply by another uplink', () => {
  it('is told with the routing rule that sends it there', async () => {
    expect(await message(WG_QUICK)).toBe(
      'The request to 192.0.2.1 came in on eth0, but its reply leaves by wg0. Routing rule 32765 (not fwmark 0xca6c table 51820) sends it there. A reverse path filter on the path may drop the reply: 192.0.2.1 is an address of eth0.',
    )
  })

  it('is told with the rule for the address that was asked, which nat gives the reply only behind routing', async () => {
    const asked = { in: 'eth0', src: '198.51.100.9', dst: '192.0.2.1', sport: 40_000, dport: 8080 }
    const sent = { ...asked, out: 'docker0', dst: '172.17.0.2', dport: 80 }
    const back = { src: sent.dst, dst: asked.src, sport: 80, dport: 40_000, flags: 'ACK SYN' }
    const lines = [
      trace('nat:PREROUTING:rule:1', asked),
      trace('filter:FORWARD:policy:1', sent),
      trace('nat:POSTROUTING:policy:1', sent),
      trace('filter:FORWARD:policy:1', { ...back, in: 'docker0', out: 'wg0' }),
    ]
    const dnat = '-A PREROUTING -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80'
    const files = {
      log: lines.map((line, i) => `[   10.00000${i}] ${line}\n`).join(''),
      rules: `*nat\n:PREROUTING ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n${dnat}\nCOMMIT\n*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n`,
      ADDRESSES,
      routes: `${ROUTES}172.17.0.0/16 dev docker0 proto kernel scope link src 172.17.0.1\ndefault via 192.0.2.254 dev eth0 table 100\n`,
      routing: WG_QUICK.replace('32764:', '100:\tfrom 192.0.2.1 lookup 100\n32764:'),
    }
    const analysis = await open(Object.entries(files).map(([name, text]) => ({ name, text })))
    const [exchange] = (await analysis.exchanges()).exchanges
    const found = exchange?.findings.find(({ code }) => code === 'reply-by-other-uplink')
    expect(found?.message).toContain(
      'its reply leaves by wg0. Routing rule 100 (from 192.0.2.1/32 table 100) did not apply: the reply was routed with source 172.17.0.2.',
    )
    expect(found?.fix.at(-1)?.description).not.toContain('ip rule add from')
  })

  it('is told without one where table main leads there', async () => {
    const routes = ROUTES.replace('default via 192.0.2.254 dev eth0\n', '').replace(' table 51820', '')
    expect(await message(MAIN_ALONE, routes)).toBe(
      'The request to 192.0.2.1 came in on eth0, but its reply leaves by wg0. A reverse path filter on the path may drop the reply: 192.0.2.1 is an address of eth0.',
    )
  })

  it('is told without one where the routes as listed lead elsewhere', async () => {
    expect(await message(MAIN_ALONE)).not.toContain('Routing rule')
  })
})
