import type { Incident } from '../incident.ts'

export const rpFilter: Incident = {
  name: 'rp-filter',
  title: 'a server with two uplinks drops packets that come in on the second one',
  story:
    'A server has two uplinks, and its default route uses the first. Packets that come in on the second vanish ' +
    'after PREROUTING: no rule drops them, but the reverse path filter (rp_filter) does.',
  backend: 'nft',
  hosts: {
    client: {
      addresses: { eth0: ['203.0.113.7/24'] },
      routes: ['198.51.100.0/24 via 203.0.113.1'],
    },
    isp: {
      addresses: { eth0: ['203.0.113.1/24'], eth1: ['198.51.100.1/24'], eth2: ['192.0.2.1/24'] },
      sysctls: { 'net.ipv4.ip_forward': '1' },
    },
    server: {
      addresses: { wan1: ['192.0.2.2/24'], wan2: ['198.51.100.2/24'] },
      routes: ['default via 192.0.2.1'],
      sysctls: { 'net.ipv4.conf.all.rp_filter': '1' },
      rules: {
        nft: `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    tcp dport 443 accept
  }
}
`,
      },
      listeners: [{ protocol: 'tcp', port: 443 }],
    },
  },
  links: [
    ['client:eth0', 'isp:eth0'],
    ['isp:eth2', 'server:wan1'],
    ['isp:eth1', 'server:wan2'],
  ],
  traced: 'server',
  packet: { from: 'client', what: 'tcp', to: '198.51.100.2', port: 443 },
  expected: {
    outcome: 'vanished',
    sender: 'nothing',
    findings: ['vanished-rp-filter'],
    fix: {
      words: 'Make the filter loose on that interface: it then accepts any route back.',
      command: 'sysctl -w net.ipv4.conf.wan2.rp_filter=2',
      proposed: true,
    },
    after: { outcome: 'delivered', sender: 'answered' },
  },
}
