import type { Incident } from '../incident.ts'

const RULES = `table inet nat {
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    ip daddr 10.1.2.3 tcp dport 1222 dnat ip to 192.168.70.10:22
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
  }
}
table inet filter {
  set allow_in {
    type ipv4_addr . inet_service
    elements = { 192.168.70.11 . 22, 192.168.70.12 . 80 }
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    ct state established,related accept
    ct status dnat jump allowed_dnats
  }
  chain allowed_dnats {
    ip daddr . tcp dport @allow_in accept
    drop
  }
}
`

export const nftAllowSet: Incident = {
  name: 'nft-allow-set',
  title: 'a port forward in nft is dropped, because its destination is missing in a set',
  story:
    'Port 1222 of a gateway is forwarded to ssh on a machine behind the gateway. nft lists the rule and its ' +
    'counter increases, but nobody can log in.',
  backend: 'nft',
  hosts: {
    client: { addresses: { eth0: ['10.2.1.2/8'] } },
    gateway: {
      addresses: { enp0: ['10.1.2.3/8'], veth21: ['192.168.70.1/24'] },
      sysctls: { 'net.ipv4.ip_forward': '1' },
      rules: { nft: RULES },
    },
    server: {
      addresses: { eth0: ['192.168.70.10/24'] },
      routes: ['default via 192.168.70.1'],
      listeners: [{ protocol: 'tcp', port: 22 }],
    },
  },
  links: [
    ['client:eth0', 'gateway:enp0'],
    ['gateway:veth21', 'server:eth0'],
  ],
  traced: 'gateway',
  packet: { from: 'client', what: 'tcp', to: '10.1.2.3', port: 1222 },
  expected: {
    outcome: 'dropped',
    sender: 'nothing',
    culprit: 'inet filter allowed_dnats',
    findings: ['dropped-by-rule', 'not-in-set', 'dnat-changed-destination'],
    fix: {
      words: 'Add the missing element to the set.',
      command: 'nft add element inet filter allow_in { 192.168.70.10 . 22 }',
      proposed: true,
    },
    after: { outcome: 'forwarded', sender: 'answered' },
  },
}
