/** Docker's rules, and what stands beside them. */
import { bridged, FORWARDS, WEB } from '../machines.ts'
import type { Problem } from '../problem.ts'

const BRIDGE = 'docker0'
const NET = '172.17.0.1/16'

/** As Docker writes them, with port 8080 published; `forward`, `user`: in front of its own. */
export const docker = ({ input = '', forward = '', user = '', policy = 'DROP', output = 'ACCEPT' } = {}) => `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ${policy} [0:0]
:OUTPUT ${output} [0:0]
:DOCKER - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
:DOCKER-USER - [0:0]
${input}${forward}-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
-A DOCKER-ISOLATION-STAGE-2 -j RETURN
${user}-A DOCKER-USER -j RETURN
COMMIT
`

const published = { from: 'client', what: 'tcp', to: '192.0.2.1', port: 8080 } as const
const outbound = { from: 'c1', what: 'tcp', to: '192.0.2.9', port: 80 } as const

export const DOCKER: Problem[] = [
  {
    name: 'docker-user-drops-replies',
    thread: {
      title: 'doc: allow returning traffic in DOCKER-USER custom chain',
      address: 'https://github.com/canonical/lxd/pull/11140',
    },
    backend: 'iptables-nft',
    ...withLxd({ v4: docker({ user: '-A DOCKER-USER -i lxdbr0 -o eth0 -j ACCEPT\n' }) }),
    fails: { from: 'guest', what: 'tcp', to: '192.0.2.9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: published, seen: 'answered' },
      { sending: { from: 'client', what: 'tcp', to: '10.150.0.2', port: 22 }, seen: 'nothing' },
    ],
    truth: {
      words: "DOCKER-USER accepts what the guest sends, and nothing accepts the replies: FORWARD's policy drops them.",
      causes: [{ policy: 'filter FORWARD' }, { chain: 'filter DOCKER-USER' }],
      status: ['reply-lost'],
    },
    mend: [['host', 'iptables -I DOCKER-USER -o lxdbr0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT']],
  },
  {
    name: 'lxd-nft-accepts-docker-drops',
    thread: {
      title: 'NAT not working on lxdbr0 after upgrade.',
      address: 'https://github.com/canonical/lxd/issues/8716',
    },
    backend: 'iptables-nft',
    ...withLxd({
      v4: docker(),
      nft: `table inet lxd {
  chain fwd.lxdbr0 {
    type filter hook forward priority filter; policy accept;
    oifname "lxdbr0" accept
    iifname "lxdbr0" accept
  }
}
`,
    }),
    fails: { from: 'guest', what: 'tcp', to: '192.0.2.9', port: 80 },
    seen: 'nothing',
    others: [{ sending: published, seen: 'answered' }],
    truth: {
      words: "The table of LXD accepts it, and Docker's FORWARD at the same hook drops it by its policy all the same.",
      causes: [{ policy: 'filter FORWARD' }],
      status: ['dropped'],
    },
    mend: [['host', 'iptables -I DOCKER-USER -i lxdbr0 -j ACCEPT; iptables -I DOCKER-USER -o lxdbr0 -j ACCEPT']],
  },
  {
    name: 'docker-output-policy-drop',
    thread: {
      title: 'Conflict with default DROP policy on filter:OUTPUT chain',
      address: 'https://github.com/moby/libnetwork/issues/2156',
    },
    backend: 'iptables-legacy',
    ...bridged(BRIDGE, NET, {
      rules: {
        v4: docker({
          output: 'DROP',
          input: '-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n',
        }),
      },
    }),
    fails: { from: 'host', what: 'tcp', to: '192.0.2.1', port: 8080 },
    seen: 'nothing',
    others: [
      { sending: published, seen: 'answered' },
      { sending: { from: 'host', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'nothing' },
    ],
    truth: {
      words:
        "nat sends the host's own packet to the container, and OUTPUT, which has no rule for it, drops it by its policy.",
      causes: [{ policy: 'filter OUTPUT' }],
      status: ['dropped'],
    },
    mend: [['host', 'iptables -A OUTPUT -d 172.17.0.2 -p tcp --dport 80 -j ACCEPT']],
  },
  {
    name: 'docker-ufw-input-blocks-container',
    thread: {
      title: 'Cannot access service on host from container',
      address: 'https://github.com/chaifeng/ufw-docker/issues/53',
    },
    backend: 'iptables-nft',
    ...bridged(BRIDGE, NET, {
      listeners: [{ protocol: 'tcp', port: 5432 }],
      rules: {
        v4: docker({
          input: `:ufw-before-input - [0:0]
:ufw-user-input - [0:0]
:ufw-skip-to-policy-input - [0:0]
-A INPUT -j ufw-before-input
-A INPUT -j ufw-skip-to-policy-input
-A ufw-before-input -i lo -j ACCEPT
-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-input -m conntrack --ctstate INVALID -j DROP
-A ufw-before-input -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A ufw-before-input -j ufw-user-input
-A ufw-user-input -p tcp -m tcp --dport 22 -j ACCEPT
-A ufw-skip-to-policy-input -j DROP
`,
        }),
      },
    }),
    fails: { from: 'c1', what: 'tcp', to: '172.17.0.1', port: 5432 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 5432 }, seen: 'nothing' },
      { sending: published, seen: 'answered' },
      { sending: outbound, seen: 'answered' },
    ],
    truth: {
      words: 'A container that asks the host itself comes to INPUT, where ufw has no rule for it.',
      causes: [{ rule: '-j DROP', chain: 'filter ufw-skip-to-policy-input' }, { chain: 'filter ufw-user-input' }],
      status: ['dropped'],
    },
    mend: [['host', 'iptables -A ufw-user-input -i docker0 -p tcp --dport 5432 -j ACCEPT']],
  },
  {
    name: 'docker-network-isolation',
    thread: {
      title: 'Services published ports are unreacheable from others/same service containers.',
      address: 'https://github.com/moby/moby/issues/25463',
    },
    backend: 'iptables-legacy',
    ...withLxd(
      {
        v4: docker()
          .replace(
            '-A DOCKER-ISOLATION-STAGE-1 -j RETURN',
            '-A DOCKER-ISOLATION-STAGE-1 -i br-other ! -o br-other -j DOCKER-ISOLATION-STAGE-2\n-A DOCKER-ISOLATION-STAGE-1 -j RETURN',
          )
          .replace(
            '-A FORWARD -i docker0 -o docker0 -j ACCEPT\n',
            '-A FORWARD -i docker0 -o docker0 -j ACCEPT\n-A FORWARD -o br-other -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n-A FORWARD -i br-other ! -o br-other -j ACCEPT\n',
          )
          .replace(
            '-A POSTROUTING -s 172.17.0.0/16',
            '-A POSTROUTING -s 10.150.0.0/24 ! -o br-other -j MASQUERADE\n-A POSTROUTING -s 172.17.0.0/16',
          ),
      },
      'br-other',
    ),
    fails: { from: 'guest', what: 'tcp', to: '192.0.2.1', port: 8080 },
    seen: 'nothing',
    others: [
      { sending: published, seen: 'answered' },
      { sending: { from: 'guest', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        'nat leads to a container of another network of Docker, and what goes from one of them to another is dropped.',
      causes: [{ rule: '-o docker0 -j DROP', chain: 'filter DOCKER-ISOLATION-STAGE-2' }],
      status: ['dropped'],
    },
    mend: [
      [
        'host',
        'iptables -I DOCKER-USER -i br-other -o docker0 -d 172.17.0.2 -p tcp --dport 80 -j ACCEPT; iptables -I DOCKER-USER -i docker0 -o br-other -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
      ],
    ],
  },
  {
    name: 'docker-forward-off',
    thread: {
      title: 'virtualisation/docker: net.ipv4.conf.default.forwarding not enabled in sysctl.d',
      address: 'https://github.com/NixOS/nixpkgs/issues/118656',
    },
    backend: 'iptables-legacy',
    ...bridged(BRIDGE, NET, { rules: { v4: docker() }, sysctls: { 'net.ipv4.ip_forward': '0' } }),
    fails: published,
    seen: 'nothing',
    others: [{ sending: { from: 'host', what: 'tcp', to: '172.17.0.2', port: 80 }, seen: 'answered' }],
    truth: {
      words: 'Forwarding is off.',
      causes: [{ code: 'vanished-forwarding-off' }],
      status: ['lost'],
    },
    mend: [['host', 'sysctl -w net.ipv4.ip_forward=1']],
  },
  {
    name: 'docker-masquerade-gone',
    thread: {
      title: 'docker containers lose route to outside after an iptables restart',
      address: 'https://github.com/openshift/origin/issues/1089',
    },
    backend: 'iptables-legacy',
    ...bridged(BRIDGE, NET, {
      rules: { v4: docker({ policy: 'ACCEPT' }).split('COMMIT\n').slice(1).join('COMMIT\n') },
    }),
    fails: outbound,
    seen: 'nothing',
    setup: [['client', 'ip route del default']],
    others: [{ sending: { from: 'host', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' }],
    truth: {
      words: 'nat is empty: packets leave with the private address of the container, which nobody can answer.',
      causes: [{ code: 'not-masqueraded' }, { chain: 'nat POSTROUTING' }],
      status: ['unanswered'],
    },
    mend: [['host', 'iptables -t nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE']],
  },
  {
    name: 'docker-br-netfilter-vm',
    thread: {
      title: 'Docker br_netfilter silently blocks KVM VM bridge traffic on SEAPATH nodes',
      address: 'https://github.com/seapath/ansible/issues/909',
    },
    backend: 'iptables-nft',
    hosts: {
      peer: { addresses: { eth0: ['192.0.2.9/24'] } },
      host: {
        bridges: { br0: ['eth0', 'vnet0'] },
        addresses: { br0: ['192.0.2.1/24'] },
        sysctls: FORWARDS,
        listeners: WEB,
        rules: { v4: docker() },
      },
      vm: { addresses: { eth0: ['192.0.2.20/24'] }, listeners: WEB },
    },
    links: [
      ['peer:eth0', 'host:eth0'],
      ['host:vnet0', 'vm:eth0'],
    ],
    traced: 'host',
    setup: [['host', 'sysctl -qw net.bridge.bridge-nf-call-iptables=1']],
    fails: { from: 'peer', what: 'tcp', to: '192.0.2.20', port: 80 },
    seen: 'nothing',
    others: [{ sending: { from: 'peer', what: 'tcp', to: '192.0.2.1', port: 80 }, seen: 'answered' }],
    truth: {
      words: 'br_netfilter hands bridged frames to FORWARD, whose policy is DROP since Docker is there.',
      causes: [{ policy: 'filter FORWARD' }, { code: 'bridge-nf-call' }],
      status: ['dropped'],
    },
    mend: [['host', 'sysctl -w net.bridge.bridge-nf-call-iptables=0']],
  },
]

/** A second bridge, with a guest of its own, which listens on 22. */
function withLxd(rules: { v4: string; nft?: string }, bridge = 'lxdbr0'): Pick<Problem, 'hosts' | 'links' | 'traced'> {
  const { hosts, links, traced } = bridged(BRIDGE, NET, { rules })
  const host = hosts.host!
  return {
    hosts: {
      ...hosts,
      host: {
        ...host,
        bridges: { ...host.bridges, [bridge]: ['veth2'] },
        addresses: { ...host.addresses, [bridge]: ['10.150.0.1/24'] },
      },
      guest: {
        addresses: { eth0: ['10.150.0.2/24'] },
        routes: ['default via 10.150.0.1'],
        listeners: [{ protocol: 'tcp', port: 22 }],
      },
    },
    links: [...links, ['host:veth2', 'guest:eth0']],
    traced,
  }
}
