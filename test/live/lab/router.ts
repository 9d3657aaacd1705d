/** A place between two others: a client, a router that is traced, a server. Rules of one meaning for each packet filter. */
import { TestPlace, type WhenOver } from './place.ts'

export const ADDRESSES = {
  ip: { client: '192.0.2.2', router: '192.0.2.1', inside: '198.51.100.1', server: '198.51.100.2', itself: '127.0.0.1' },
  ip6: {
    client: '2001:db8:1::2',
    router: '2001:db8:1::1',
    inside: '2001:db8:2::1',
    server: '2001:db8:2::2',
    itself: '::1',
  },
} as const

export type Family = keyof typeof ADDRESSES

export interface Network {
  client: TestPlace
  router: TestPlace
  server: TestPlace
}

export async function openNetwork(whenOver: WhenOver, without: readonly string[]): Promise<Network> {
  const [router, client, server] = await Promise.all([
    TestPlace.open(whenOver, { without }),
    TestPlace.open(whenOver),
    TestPlace.open(whenOver),
  ])
  const set = async (place: TestPlace, script: string) => {
    const { status, output } = await place.run(`set -e\n${script}`)
    if (status !== 0) throw new Error(`the network could not be made:\n${output}`)
  }
  const { ip, ip6 } = ADDRESSES
  await set(
    router,
    `
ip link add outside type veth peer name eth0 netns ${client.pid}
ip link add inside type veth peer name eth0 netns ${server.pid}
ip link set outside up; ip link set inside up
ip addr add ${ip.router}/24 dev outside; ip addr add ${ip.inside}/24 dev inside
ip addr add ${ip6.router}/64 dev outside nodad; ip addr add ${ip6.inside}/64 dev inside nodad
sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1`,
  )
  for (const [place, role, way] of [
    [client, 'client', 'router'],
    [server, 'server', 'inside'],
  ] as const)
    await set(
      place,
      `
ip link set eth0 up
ip addr add ${ip[role]}/24 dev eth0; ip addr add ${ip6[role]}/64 dev eth0 nodad
ip route add default via ${ip[way]}; ip -6 route add default via ${ip6[way]}`,
    )
  return { client, router, server }
}

/** For iptables-restore of either kind. */
export const iptablesRules = (family: Family): string => {
  const { server } = ADDRESSES[family]
  return `*mangle
:PREROUTING ACCEPT
-A PREROUTING -p udp --dport 82 -j MARK --set-mark 7
COMMIT
*nat
:PREROUTING ACCEPT
-A PREROUTING -p udp --dport 8080 -j DNAT --to-destination ${family === 'ip' ? `${server}:80` : `[${server}]:80`}
COMMIT
*filter
:INPUT ACCEPT
:FORWARD ACCEPT
:OUTPUT ACCEPT
-A INPUT -i lo -p udp --dport 91 -j DROP
-A INPUT -p udp --dport 92 -j ACCEPT
-A FORWARD -p udp --dport 80 -j ACCEPT
-A FORWARD -p udp --dport 81 -j DROP
-A FORWARD -m mark --mark 7 -j DROP
-A OUTPUT -p udp --dport 90 -j ACCEPT
COMMIT
`
}

/** The same in nft's words, with the same names. */
export const nftRules = (family: Family): string => {
  const { server } = ADDRESSES[family]
  return `
table ${family} mangle {
  chain PREROUTING { type filter hook prerouting priority -150; policy accept;
    udp dport 82 meta mark set 7
  }
}
table ${family} nat {
  chain PREROUTING { type nat hook prerouting priority -100; policy accept;
    udp dport 8080 dnat to ${family === 'ip' ? `${server}:80` : `[${server}]:80`}
  }
}
table ${family} filter {
  chain INPUT { type filter hook input priority 0; policy accept;
    iifname "lo" udp dport 91 drop
    udp dport 92 accept
  }
  chain FORWARD { type filter hook forward priority 0; policy accept;
    udp dport 80 accept
    udp dport 81 drop
    meta mark 7 drop
  }
  chain OUTPUT { type filter hook output priority 0; policy accept;
    udp dport 90 accept
  }
}
`
}
