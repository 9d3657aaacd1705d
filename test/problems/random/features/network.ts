/** Interfaces, routes, hosts and programs besides. */
import type { Random } from '../../../kernel/generate/random.ts'
import type { Draft } from '../draft.ts'
import { DEVICES, ELSEWHERE, NETS } from '../net.ts'
import type { Match, Target } from '../rule.ts'
import { insert, some } from './insert.ts'

/** A second way to the remote host, with routing by source address or mark, whole or not. */
export function uplink(draft: Draft, random: Random): void {
  const { family, hosts, links, rules, setup, sendings, bits } = draft
  const [here, there] = family === 'ip' ? ['198.51.100.1', '198.51.100.9'] : ['2001:db8:e::1', '2001:db8:e::9']
  const ip = family === 'ip' ? 'ip' : 'ip -6'
  hosts.remote = { ...hosts.remote, addresses: { ...hosts.remote.addresses, eth1: [`${there}/${bits}`] } }
  const { addresses, sysctls } = hosts.router
  const filter = random.pick(['0', '1', '1', '2'])
  hosts.router = {
    ...hosts.router,
    addresses: { ...addresses, wan2: [`${here}/${bits}`] },
    sysctls: { ...sysctls, 'net.ipv4.conf.all.rp_filter': filter },
  }
  links.push(['remote:eth1', 'router:wan2'])
  setup.push(
    ['router', `${ip} route add default via ${there} dev wan2 table 200`],
    // which way a reply comes no input tells
    ['remote', `${ip} route add default via ${here} table 200`],
    ['remote', `${ip} rule add from ${there} lookup 200`],
  )
  if (random.chance(0.6)) setup.push(['router', `${ip} rule add from ${here} lookup 200`])
  if (random.chance(0.5)) {
    setup.push(['router', `${ip} rule add fwmark 9 lookup 200`])
    rules.prerouting.push(
      ...some(random, 0.8, [
        {
          match: { i: 'wan2', ct: ['NEW'] },
          target: { kind: 'other', iptables: 'CONNMARK --set-mark 9', nft: 'ct mark set 9' },
        },
        {
          match: { i: random.pick(['lan', 'dmz']) },
          target: { kind: 'other', iptables: 'CONNMARK --restore-mark', nft: 'meta mark set ct mark' },
        },
      ]),
    )
    rules.output.push(
      ...some(random, 0.7, [
        { match: {}, target: { kind: 'other', iptables: 'CONNMARK --restore-mark', nft: 'meta mark set ct mark' } },
      ]),
    )
  }
  if (random.chance(0.5))
    rules.dnat.unshift({ match: { d: here, protocol: 'tcp', dports: [80] }, target: { kind: 'dnat', to: draft.of.pc } })
  if (random.chance(0.4)) rules.snat.unshift({ match: { o: 'wan2' }, target: { kind: 'masquerade' } })
  sendings.unshift(
    { from: 'remote', to: here!, what: 'tcp', port: random.pick([22, 80]) },
    { from: 'remote', to: here!, what: 'udp', port: 53 },
    { from: random.pick(['pc', 'router']), to: there!, what: 'tcp', port: 443 },
  )
}

/** Programs of the router's that take one address only. */
export function bound({ hosts, of, family, rules, sendings, setup }: Draft, random: Random): void {
  const loopback = family === 'ip' ? '127.0.0.1' : '::1'
  const { listeners = [], sysctls } = hosts.router
  hosts.router = {
    ...hosts.router,
    sysctls: { ...sysctls, ...(random.chance(0.5) ? { 'net.ipv4.conf.all.route_localnet': '1' } : {}) },
    listeners: [
      ...listeners,
      { protocol: 'tcp', port: 80, address: random.pick([loopback, of.lan]) },
      { protocol: 'tcp', port: 443, address: random.pick([loopback, of.wan]) },
      { protocol: 'udp', port: 5353, address: random.pick([loopback, of.dmz]) },
    ],
  }
  const to = random.pick([loopback, of.lan, of.dmz])
  const port = random.pick([80, 443])
  const target: Target = random.chance(0.6) ? { kind: 'dnat', to, port } : { kind: 'redirect', port }
  rules.dnat.unshift({ match: { d: of.wan, protocol: 'tcp', dports: [8080] }, target })
  if (family === 'ip' && random.chance(0.3)) setup.push(['router', 'sysctl -qw net.ipv4.conf.wan.route_localnet=1'])
  sendings.unshift(
    { from: 'remote', to: of.wan, what: 'tcp', port: 8080 },
    { from: random.pick(['pc', 'box']), to: random.pick([of.lan, of.dmz]), what: 'tcp', port: random.pick([80, 443]) },
    { from: 'box', to: of.dmz, what: 'udp', port: 5353 },
  )
}

/** Networks behind the router's neighbours that these cannot reach, and a link that takes no long packets. */
export function errors({ nobody, hosts, setup, sendings, family, rules, known }: Draft, random: Random): void {
  const net = family === 'ip' ? '172.16.9.0/24' : '2001:db8:9::/64'
  const far = family === 'ip' ? '172.16.9.9' : '2001:db8:9::9'
  const ip = family === 'ip' ? 'ip' : 'ip -6'
  const by = family === 'ip' ? '172.16.0.10' : '2001:db8:2::10'
  setup.push(['router', `${ip} route add ${net} via ${by}`])
  setup.push(['box', `sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1`])
  nobody.push(['box', far])
  setup.push(['box', `${ip} route add ${random.pick(['unreachable', 'prohibit', 'blackhole'])} ${net}`])
  if (random.chance(0.6)) hosts.router = { ...hosts.router, mtu: { dmz: 1280 } }
  if (random.chance(0.5))
    insert(rules.forward, random, { match: { protocol: 'icmp' }, target: { kind: random.pick(['drop', 'accept']) } })
  for (const from of ['pc', ...(known ? ['remote'] : []), 'router'])
    if (random.chance(0.7)) {
      const what = random.pick(['tcp', 'udp'] as const)
      sendings.unshift({ from, to: far, what, port: what === 'tcp' ? 80 : 53 })
    }
  sendings.unshift({ from: 'pc', to: by, what: 'udp', port: 5353, bytes: 1400 })
  if (known) setup.push(['remote', `${ip} route add ${net} via ${family === 'ip' ? '203.0.113.1' : '2001:db8:f::1'}`])
}

/** A UDP service that replies from another port than it was asked at. */
export function elsewhere({ watched, sendings, of, family, rules }: Draft, random: Random): void {
  const six = family === 'ip6'
  const host = random.pick(['pc', 'box', 'remote'] as const)
  const program = `const d=require('dgram'),o={type:'udp${six ? 6 : 4}'};const a=d.createSocket(o),b=d.createSocket(o);b.bind(${ELSEWHERE + 1});a.on('message',(m,f)=>b.send(m,f.port,f.address)).bind(${ELSEWHERE})`
  watched.push([host, [process.execPath, '-e', program]])
  const to = of[host]
  if (random.chance(0.5) && host !== 'remote') {
    rules.dnat.unshift({
      match: { d: of.wan, protocol: 'udp', dports: [123] },
      target: { kind: 'dnat', to, port: ELSEWHERE },
    })
    sendings.unshift({ from: 'remote', to: of.wan, what: 'udp', port: 123 })
  }
  sendings.unshift(
    { from: host === 'pc' ? 'box' : 'pc', to, what: 'udp', port: ELSEWHERE },
    { from: 'router', to, what: 'udp', port: ELSEWHERE },
  )
}

/** Another host in the network of pc, and rules of nat that lead back there. */
export function hairpin({ hosts, links, rules, sendings, of, family, bits }: Draft, random: Random): void {
  const own = family === 'ip' ? '192.168.1.20' : '2001:db8:1::20'
  hosts.switch = { bridges: { br0: ['p1', 'p2', 'p3'] } }
  hosts.pc2 = { addresses: { eth0: [`${own}/${bits}`] }, routes: [`default via ${of.lan}`] }
  links.splice(
    links.findIndex(([end]) => end === 'router:lan'),
    1,
    ...([
      ['router:lan', 'switch:p1'],
      ['pc:eth0', 'switch:p2'],
      ['pc2:eth0', 'switch:p3'],
    ] as const),
  )
  const match: Match = { d: of.wan, protocol: 'tcp', dports: [80] }
  if (random.chance(0.3)) match.i = 'wan'
  rules.dnat.unshift({ match, target: { kind: 'dnat', to: of.pc, port: random.pick([80, 8080]) } })
  const [net] = NETS[family]
  if (random.chance(0.5))
    rules.snat.unshift({
      match: { s: net, d: random.pick([of.pc, net, of.box]), o: random.pick(['lan', 'lan', 'wan']) },
      target: { kind: 'masquerade' },
    })
  sendings.unshift(
    { from: 'pc2', to: of.wan, what: 'tcp', port: 80 },
    { from: 'pc', to: of.wan, what: 'tcp', port: 80 },
    { from: 'remote', to: of.wan, what: 'tcp', port: 80 },
  )
}

/** Routes that say which source to take, and rules of OUTPUT and POSTROUTING that choose others for what the router sends. */
export function sources({ rules, setup, of, family, sendings }: Draft, random: Random): void {
  const ip = family === 'ip' ? 'ip' : 'ip -6'
  const [lan, dmz] = NETS[family]
  if (random.chance(0.6))
    setup.push(['router', `${ip} route replace ${dmz} dev dmz src ${random.pick([of.wan, of.lan])}`])
  if (random.chance(0.4)) setup.push(['router', `${ip} route replace ${lan} dev lan src ${of.dmz}`])
  if (random.chance(0.5))
    rules.dnatOut.push({ match: { d: of.remote, protocol: 'tcp' }, target: { kind: 'dnat', to: of.box, port: 80 } })
  if (random.chance(0.5))
    rules.snat.push({
      match: { s: random.pick([of.wan, of.lan, of.dmz]), o: random.pick(DEVICES) },
      target: { kind: 'snat', to: random.pick([of.wan, of.lan, of.dmz]) },
    })
  sendings.unshift(
    { from: 'router', to: of.box, what: 'tcp', port: 80 },
    { from: 'router', to: of.pc, what: 'udp', port: 53 },
    { from: 'router', to: of.remote, what: 'tcp', port: 443 },
    { from: 'router', to: of.box, what: 'ping' },
  )
}
