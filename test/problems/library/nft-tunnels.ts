/** Docker's tables in nft's words, and tunnels beside them: Mullvad, WireGuard. */
import { FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = [{ protocol: 'tcp', port: 22 }] as const

export const NFT_TUNNELS: Problem[] = [
  {
    name: 'nft-mullvad-rejects-to-container',
    thread: {
      title: 'Allowed incoming connections are not forwarded to Docker containers',
      address: 'https://github.com/mullvad/mullvadvpn-app/issues/5560',
    },
    backend: 'nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] } },
      host: {
        bridges: { docker0: ['veth1'] },
        addresses: { eth0: ['192.0.2.1/24'], docker0: ['172.17.0.1/16'], 'wg0-mullvad': ['10.64.0.2/24'] },
        sysctls: FORWARDS,
        listeners: SSH,
        rules: {
          nft: `table ip nat {
  chain PREROUTING {
    type nat hook prerouting priority dstnat; policy accept;
    fib daddr type local counter jump DOCKER
  }
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 172.17.0.0/16 oifname != "docker0" counter masquerade
  }
  chain DOCKER {
    iifname != "docker0" tcp dport 80 counter dnat to 172.17.0.2:80
  }
}
table inet mullvad {
  chain prerouting {
    type filter hook prerouting priority -199; policy accept;
    iifname != "wg0-mullvad" ct mark 0x00000f41 meta mark set 0x6d6f6c65
  }
  chain output {
    type filter hook output priority filter; policy drop;
    oifname "lo" accept
    ct mark 0x00000f41 accept
    oifname "wg0-mullvad" accept
    reject
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept
    ct mark 0x00000f41 accept
    iifname "wg0-mullvad" accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct mark 0x00000f41 accept
    oifname "wg0-mullvad" accept
    iifname "wg0-mullvad" ct state established accept
    reject
  }
}
table inet excludeTraffic {
  chain allowIncoming {
    type filter hook input priority -100; policy accept;
    tcp dport { 22, 80, 443, 25565 } ct mark set 0x00000f41 meta mark set 0x6d6f6c65
  }
  chain allowOutgoing {
    type route hook output priority -100; policy accept;
    tcp sport { 22, 80, 443, 25565 } ct mark set 0x00000f41 meta mark set 0x6d6f6c65
  }
}
`,
        },
      },
      c1: { addresses: { eth0: ['172.17.0.2/16'] }, routes: ['default via 172.17.0.1'], listeners: WEB },
      vpn: { addresses: { eth0: ['10.64.0.1/24'] }, listeners: WEB },
    },
    links: [
      ['client:eth0', 'host:eth0'],
      ['host:veth1', 'c1:eth0'],
      ['host:wg0-mullvad', 'vpn:eth0'],
    ],
    traced: 'host',
    setup: [
      [
        'host',
        'ip route add default via 10.64.0.1 table 100; ip rule add not fwmark 0x6d6f6c65 table 100; ip rule add table main suppress_prefixlength 0',
      ],
    ],
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 80 },
    // the answer of the rejection is not let out, either
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '10.64.0.1', port: 80 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'tcp', to: '10.64.0.1', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "What is for a container is forwarded and never comes to input, where the exception marks it: Mullvad's forward rejects it.",
      causes: [
        { rule: 'reject', chain: 'inet mullvad forward' },
        { rule: 'ct mark set 0x00000f41', chain: 'inet excludeTraffic allowIncoming' },
      ],
      status: ['rejected', 'dropped'],
    },
    mend: [
      [
        'host',
        'nft "add chain inet excludeTraffic incoming { type filter hook prerouting priority mangle; }"; nft add rule inet excludeTraffic incoming iifname eth0 tcp dport 80 ct mark set 0x00000f41 meta mark set 0x6d6f6c65',
      ],
    ],
  },
  {
    name: 'nft-docker-raw-drops-wireguard',
    thread: {
      title: '[BUG] Docker 28 raw table PREROUTING rules block WireGuard traffic to containers',
      address: 'https://github.com/psviderski/uncloud/issues/293',
    },
    backend: 'nft',
    hosts: {
      peer: { addresses: { eth0: ['10.210.255.2/24'] }, routes: ['10.210.1.0/24 via 10.210.255.1'], listeners: WEB },
      host: {
        bridges: { 'br-15fc2fdf8f2c': ['veth1'] },
        addresses: { uncloud: ['10.210.255.1/24'], 'br-15fc2fdf8f2c': ['10.210.1.1/24'] },
        sysctls: FORWARDS,
        rules: {
          nft: `table ip raw {
  chain PREROUTING {
    type filter hook prerouting priority raw; policy accept;
    ip daddr 10.210.1.24 iifname != "br-15fc2fdf8f2c" counter drop
    ip daddr 10.210.1.28 iifname != "br-15fc2fdf8f2c" counter drop
  }
}
table ip filter {
  chain FORWARD {
    type filter hook forward priority filter; policy drop;
    counter jump DOCKER-USER
    oifname "br-15fc2fdf8f2c" ct state related,established counter accept
    iifname "br-15fc2fdf8f2c" oifname != "br-15fc2fdf8f2c" counter accept
  }
  chain DOCKER-USER {
    iifname "uncloud" oifname "br-15fc2fdf8f2c" counter accept
  }
}
table ip nat {
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    oifname != "br-15fc2fdf8f2c" ip saddr 10.210.1.0/24 counter masquerade
  }
}
`,
        },
      },
      c1: { addresses: { eth0: ['10.210.1.24/24'] }, routes: ['default via 10.210.1.1'], listeners: WEB },
    },
    links: [
      ['peer:eth0', 'host:uncloud'],
      ['host:veth1', 'c1:eth0'],
    ],
    traced: 'host',
    fails: { from: 'peer', what: 'tcp', to: '10.210.1.24', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'host', what: 'tcp', to: '10.210.1.24', port: 80 }, seen: 'answered' },
      { sending: { from: 'c1', what: 'ping', to: '10.210.255.2' }, seen: 'answered' },
    ],
    truth: {
      words:
        'A rule for this container in raw drops what comes by another interface than its bridge, before DOCKER-USER.',
      causes: [{ rule: '10.210.1.24', chain: 'ip raw PREROUTING' }],
      status: ['dropped'],
    },
    mend: [['host', 'nft insert rule ip raw PREROUTING iifname uncloud accept']],
  },
]
