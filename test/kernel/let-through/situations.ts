/** A ban that does not act on a packet, and why; what the kernel lets through comes to who listens. */
import type { Situation } from '../nat-and-routes/situation.ts'

const local = { from: 'world', what: 'tcp', to: '203.0.113.1', port: 22 } as const
const TIME = { what: 'udp', port: 123, sport: 40123 } as const
const published = { ...local, port: 8080 } as const
const outbound = { from: 'server', what: 'tcp', to: '192.0.2.80', port: 80 } as const
const DNAT = '-A PREROUTING -i wan -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.9.0.10:80'
/** Of one protocol: IPv6 asks for neighbours by ICMP. */
const BAN = '-s 203.0.113.7/32 -p tcp -j DROP'
/** iptables' number, or nft's handle. */
const rule = (chain: string, number: number) => `${chain} (rule ${number}|handle \\d+)`

type Told = Omit<Situation, 'sees' | 'mended' | 'truth'> & { truth: string; mended?: Situation['mended'] }

const situation = ({ truth, mended = 'nothing', ...one }: Told): Situation => ({
  ...one,
  sees: 'answered',
  truth: new RegExp(`^let-through: .*${truth}`),
  mended,
})

export const LET_THROUGH: readonly Situation[] = [
  situation({
    name: 'behind the accept of a port',
    rules: { filter: ['-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT', `-A INPUT ${BAN}`] },
    packet: local,
    truth: `${rule('INPUT', 2)} drops such packets .* but .*${rule('INPUT', 1)} .*accepts them first`,
  }),
  situation({
    name: 'behind the accept of connections that are established',
    rules: {
      filter: [
        '-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
        '-A INPUT -p udp -m udp --dport 123 -j ACCEPT',
        '-A INPUT -s 203.0.113.7/32 -p udp -j DROP',
      ],
    },
    earlier: { sendings: [{ ...local, ...TIME }], change: ['true'] },
    packet: { ...local, ...TIME },
    truth: `${rule('INPUT', 3)} drops .* but .*${rule('INPUT', 1)} .*accepts them first`,
  }),
  situation({
    name: 'rejects in a chain behind the accept',
    rules: {
      filter: [
        '-N f2b-web',
        '-A INPUT -p tcp -m tcp --dport 20:25 -j ACCEPT',
        '-A INPUT -p tcp -j f2b-web',
        '-A f2b-web -s 203.0.113.7/32 -p tcp -j REJECT --reject-with tcp-reset',
        '-A f2b-web -j RETURN',
      ],
    },
    packet: local,
    truth: `${rule('f2b-web', 1)} rejects such packets .* but .*${rule('INPUT', 1)} .*accepts them first`,
    mended: 'refused',
  }),
  situation({
    name: 'in INPUT, and the packet is sent on by DNAT',
    rules: { nat: [DNAT], filter: [`-A INPUT ${BAN}`] },
    packet: published,
    truth: `FORWARD policy accepted it.*${rule('INPUT', 1)} drops .* is in INPUT: the packet got another destination by NAT and was forwarded`,
  }),
  situation({
    name: 'of a published port in INPUT',
    rules: {
      nat: [DNAT],
      filter: [
        '-N DOCKER-USER',
        '-A INPUT -p tcp -m tcp --dport 8080 -j DROP',
        '-A FORWARD -j DOCKER-USER',
        '-A FORWARD -d 10.9.0.10/32 -o lan -p tcp -m tcp --dport 80 -j ACCEPT',
        '-A DOCKER-USER -j RETURN',
      ],
    },
    packet: published,
    truth: `${rule('FORWARD', 2)} accepted it.*${rule('INPUT', 1)} drops .*is in INPUT`,
  }),
  situation({
    name: 'behind the RETURN of DOCKER-USER',
    rules: {
      nat: [DNAT],
      filter: ['-N DOCKER-USER', '-A FORWARD -j DOCKER-USER', '-A DOCKER-USER -j RETURN', `-A DOCKER-USER ${BAN}`],
    },
    packet: published,
    truth: `${rule('DOCKER-USER', 2)} drops .* but .*${rule('DOCKER-USER', 1)} returns them from DOCKER-USER first`,
  }),
  situation({
    name: 'in FORWARD, for the port before DNAT',
    rules: { nat: [DNAT], filter: ['-A FORWARD -p tcp -m tcp --dport 8080 -j DROP'] },
    packet: published,
    truth: `FORWARD policy accepted it.*${rule('FORWARD', 1)} drops .* but NAT has rewritten the destination by then`,
  }),
  situation({
    name: 'behind NAT, for the source before it',
    rules: {},
    nft: `table ip nat { chain post { type nat hook postrouting priority 100; oifname "wan" masquerade; }; }
table ip own {
  chain forward { type filter hook forward priority 0; }
  chain out { type filter hook postrouting priority 150; ip saddr 10.9.0.10 drop; }
}`,
    programs: ['nft'],
    packet: outbound,
    truth: `own out handle \\d+ drops .* but NAT has rewritten the source by then`,
  }),
  situation({
    name: 'in OUTPUT, and the packet is forwarded',
    rules: { filter: ['-A OUTPUT -d 192.0.2.80/32 -j DROP'] },
    setup: { world: ['ip route add 10.9.0.0/24 via 203.0.113.1'] },
    packet: outbound,
    truth: `${rule('OUTPUT', 1)} drops .* is in OUTPUT: the packet was forwarded`,
  }),
  situation({
    name: 'in a chain that nothing jumps to',
    rules: { filter: ['-N bans', `-A bans ${BAN}`] },
    packet: local,
    truth: `${rule('bans', 1)} drops .* but nothing jumps to bans`,
  }),
  situation({
    name: 'in an ipset that a chain asks to which nothing jumps',
    rules: { filter: ['-N bans'] },
    programs: ['legacy', 'xtables-nft'],
    versions: [4],
    setup: {
      router: [
        'ipset create banned hash:ip',
        'ipset add banned 203.0.113.7',
        'iptables -A bans -m set --match-set banned src -j DROP',
      ],
    },
    packet: local,
    truth: `${rule('bans', 1)} drops such packets .--match-set banned src., but nothing jumps to bans`,
  }),
  situation({
    name: 'in a set that a chain asks to which nothing jumps',
    rules: {},
    nft: `table ip own {
  set banned { type ipv4_addr; elements = { 203.0.113.7 }; }
  chain input { type filter hook input priority 0; tcp dport 22 accept; }
  chain bans { ip saddr @banned drop; }
}`,
    programs: ['nft'],
    versions: [4],
    packet: local,
    truth: `bans handle \\d+ drops such packets .ip saddr @banned., but nothing jumps to bans`,
  }),
  situation({
    name: 'in a chain for another port',
    rules: { filter: ['-N f2b-sshd', '-A INPUT -p tcp -m tcp --dport 22 -j f2b-sshd', `-A f2b-sshd ${BAN}`] },
    listeners: [{ protocol: 'tcp', port: 443 }],
    packet: { ...local, port: 443 },
    truth: `${rule('f2b-sshd', 1)} drops .* but .*${rule('INPUT', 1)} jumps to f2b-sshd only for .*22`,
  }),
  situation({
    name: 'in a table of the other backend, behind an accept',
    rules: { filter: ['-A INPUT -p icmp -j ACCEPT'] },
    programs: ['legacy'],
    versions: [4],
    setup: {
      router: [
        'printf "table ip own { chain input { type filter hook input priority -10; tcp dport 22 accept; ip saddr 203.0.113.7 drop; }; }" | nft -f -',
      ],
    },
    packet: local,
    truth: `own input handle \\d+ drops .* but ip own input handle \\d+ .*accepts them first`,
  }),
  situation({
    name: 'in a table that is dormant',
    rules: {},
    nft: `table ip old { flags dormant; chain input { type filter hook input priority 0; ip saddr 203.0.113.7 drop; }; }
table ip own { chain input { type filter hook input priority 0; }; }`,
    programs: ['nft'],
    packet: local,
    truth: `old input handle \\d+ drops .* but table old is dormant`,
  }),
  situation({
    name: 'at the ingress of another device',
    rules: {},
    nft: `table netdev old { chain in { type filter hook ingress device "lan" priority 0; ip saddr 203.0.113.7 drop; }; }
table ip own { chain input { type filter hook input priority 0; tcp dport 22 accept; }; }`,
    programs: ['nft'],
    packet: local,
    truth: `netdev old in handle \\d+ drops .* the packet did not come in on lan, to which the chain of the rule is attached`,
  }),
  situation({
    name: 'in family bridge, and the packet is routed',
    rules: {},
    nft: `table bridge old { chain in { type filter hook forward priority 0; ip saddr 203.0.113.7 drop; }; }
table ip own { chain input { type filter hook input priority 0; }; }`,
    programs: ['nft'],
    packet: local,
    truth: `bridge old in handle \\d+ drops .* family bridge only sees frames`,
  }),
]
