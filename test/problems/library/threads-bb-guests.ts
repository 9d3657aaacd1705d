/** From threads, by nft: guests of a farm that shares its network with others, and chains whose names are not their hooks. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'

const SSH = { protocol: 'tcp', port: 22 } as const

const HTTPS = { protocol: 'tcp', port: 443 } as const

const WEB = { protocol: 'tcp', port: 80 } as const

const DNS = { protocol: 'udp', port: 53 } as const

const SMB = { protocol: 'tcp', port: 445 } as const

/** What a farm's node puts in front of its guests: the network that it shares is not theirs, but for the gateway. */
const ZOS = `table inet filter {
  chain input {
    type filter hook input priority filter; policy accept;
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    ct state established,related counter accept
    iifname "br-my" oifname "zos" ip daddr 192.168.1.1 counter accept
    iifname "br-my" oifname "zos" ip daddr != 192.168.1.0/24 counter accept
    iifname "br-my" oifname "zos" ip daddr 192.168.1.0/24 counter drop
  }
  chain output {
    type filter hook output priority filter; policy accept;
  }
}
table inet nat {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "zos" masquerade fully-random
  }
}
`

/** As it was planned for guests with public addresses: three chains, and each of them hooks input. */
const ZOS_HOOKS = `table inet filter {
  chain input {
    type filter hook input priority filter; policy accept;
    iifname "br-pub" tcp dport 22 drop
  }
  chain forward {
    type filter hook input priority filter; policy accept;
    iifname "br-pub" jump guests
  }
  chain output {
    type filter hook input priority filter; policy accept;
  }
  chain guests {
    ct state established,related accept
    ip daddr { 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 } counter drop
  }
}
`

export const THREADS_BB_GUESTS: Problem[] = [
  {
    name: 'farm-guests-may-ask-the-gateway-and-not-the-name-server-beside-it',
    thread: {
      title: 'farmer local network security',
      address: 'https://github.com/threefoldtech/zos/issues/2455',
    },
    backend: 'nft',
    hosts: {
      remote: { addresses: { eth0: ['203.0.113.9/24'] }, listeners: [HTTPS] },
      gateway: {
        addresses: { wan: ['203.0.113.1/24'], eth0: ['192.168.1.1/24'] },
        bridges: { eth0: ['p1', 'p2', 'p3'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        listeners: [DNS],
        rules: {
          nft: 'table ip nat { chain post { type nat hook postrouting priority srcnat; oifname "wan" masquerade; }; }\n',
        },
      },
      node: {
        addresses: { zos: ['192.168.1.40/24'], 'br-my': ['10.20.2.1/24'] },
        bridges: { 'br-my': ['tap0'] },
        routes: ['default via 192.168.1.1'],
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        listeners: [SSH],
        rules: { nft: ZOS },
      },
      guest: { addresses: { eth0: ['10.20.2.7/24'] }, routes: ['default via 10.20.2.1'] },
      resolver: {
        addresses: { eth0: ['192.168.1.53/24'] },
        routes: ['default via 192.168.1.1'],
        listeners: [DNS, WEB],
      },
      nas: { addresses: { eth0: ['192.168.1.20/24'] }, routes: ['default via 192.168.1.1'], listeners: [SMB, DNS] },
    },
    links: [
      ['remote:eth0', 'gateway:wan'],
      ['gateway:p1', 'node:zos'],
      ['gateway:p2', 'resolver:eth0'],
      ['gateway:p3', 'nas:eth0'],
      ['node:tap0', 'guest:eth0'],
    ],
    traced: 'node',
    fails: { from: 'guest', what: 'udp', to: '192.168.1.53', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'guest', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'guest', what: 'udp', to: '192.168.1.1', port: 53 }, seen: 'answered' },
      { sending: { from: 'node', what: 'udp', to: '192.168.1.53', port: 53 }, seen: 'answered' },
      { sending: { from: 'guest', what: 'tcp', to: '192.168.1.53', port: 80 }, seen: 'nothing' },
      { sending: { from: 'guest', what: 'udp', to: '192.168.1.20', port: 53 }, seen: 'nothing' },
      { sending: { from: 'guest', what: 'tcp', to: '192.168.1.20', port: 445 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The network that the node shares is closed to guests, but for its gateway. Here the name server is another machine of it.',
      causes: [{ rule: 'ip daddr 192.168.1.0/24', chain: 'inet filter forward' }],
      status: ['dropped'],
    },
    mend: [['node', 'nft insert rule inet filter forward iifname "br-my" ip daddr 192.168.1.53 udp dport 53 accept']],
  },
  {
    name: 'chain-that-is-called-forward-hooks-input',
    thread: {
      title: "Proper host filtering and firewalling for vms with public IP's",
      address: 'https://github.com/threefoldtech/zos/issues/1102',
    },
    backend: 'nft',
    hosts: {
      remote: {
        addresses: { eth0: ['203.0.113.9/24'] },
        routes: ['10.1.2.0/24 via 203.0.113.1'],
        listeners: [HTTPS],
      },
      host: {
        addresses: { eth0: ['203.0.113.1/24'], 'br-pub': ['10.1.2.1/24'], eth1: ['192.168.9.1/24'] },
        bridges: { 'br-pub': ['tap0', 'tap1'] },
        sysctls: { ...FORWARDS, 'net.bridge.bridge-nf-call-iptables': '0' },
        listeners: [SSH, DNS, WEB],
        rules: { nft: ZOS_HOOKS },
      },
      vm1: { addresses: { eth0: ['10.1.2.10/24'] }, routes: ['default via 10.1.2.1'], listeners: [HTTPS] },
      vm2: { addresses: { eth0: ['10.1.2.11/24'] }, routes: ['default via 10.1.2.1'] },
      store: {
        addresses: { eth0: ['192.168.9.20/24'] },
        routes: ['default via 192.168.9.1'],
        listeners: [SMB],
      },
    },
    links: [
      ['remote:eth0', 'host:eth0'],
      ['host:tap0', 'vm1:eth0'],
      ['host:tap1', 'vm2:eth0'],
      ['host:eth1', 'store:eth0'],
    ],
    traced: 'host',
    fails: { from: 'vm1', what: 'udp', to: '10.1.2.1', port: 53 },
    seen: 'nothing',
    others: [
      { sending: { from: 'vm1', what: 'tcp', to: '203.0.113.9', port: 443 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '10.1.2.10', port: 443 }, seen: 'answered' },
      { sending: { from: 'remote', what: 'tcp', to: '203.0.113.1', port: 22 }, seen: 'answered' },
      { sending: { from: 'vm1', what: 'tcp', to: '10.1.2.1', port: 22 }, seen: 'nothing' },
      { sending: { from: 'vm1', what: 'tcp', to: '10.1.2.1', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words:
        'The chains forward and output were added with the hook input: what guests were not to be forwarded to is dropped on its way to the host itself.',
      causes: [
        { rule: 'counter drop', chain: 'inet filter guests' },
        { rule: 'jump guests', chain: 'inet filter forward' },
      ],
      status: ['dropped'],
    },
    mend: [['host', 'nft insert rule inet filter guests ip daddr 10.1.2.1 udp dport 53 accept']],
  },
]
