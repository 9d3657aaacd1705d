import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Mark } from '../../src/explain/owners/owner.ts'
import { OWNERS, ownerOf, type Place } from '../../src/explain/owners/owners.ts'

/** `family table chain`, or `table chain` in ip; then, where there is one, the rule; then the chains beside. */
function place(where: string, text?: string, beside: string[] = []): Place {
  const words = where.split(' ')
  const [family, table, chain] = words.length === 3 ? words : ['ip', ...words]
  const contents = { chains: new Map(beside.map((name) => [name, { name, rules: [] }])) }
  return { family: family!, table: table!, chain: chain!, contents, ...(text === undefined ? {} : { rule: { text } }) }
}

const FIREWALLD = ['INPUT_direct', 'FORWARD_direct']
const OPENWRT = ['input_rule', 'forwarding_rule', 'output_rule']
const CSF = ['LOCALINPUT', 'LOCALOUTPUT', 'LOGDROPIN', 'LOGDROPOUT']

describe('a chain', () => {
  test.each<[string, string, string[]?]>([
    ['kube-proxy', 'nat KUBE-NODEPORTS'],
    ['kube-proxy', 'nat KUBE-XLB-VETHOZVMBYUVK3NB'],
    ['kube-proxy', 'ip6 nat KUBE-SVC-ERIFXISQEP7F7OF4'],
    ['kube-proxy', 'filter KUBE-PROXY-FIREWALL'],
    ['kube-proxy', 'nat KUBE-FIREWALL'],
    ['kube-proxy', 'ip kube-proxy service-2QRHZV4L-default/kubernetes/tcp/https'],
    ['kubelet', 'filter KUBE-FIREWALL'],
    ['kubelet', 'nat KUBE-MARK-DROP'],
    ['kubelet', 'mangle KUBE-KUBELET-CANARY'],
    ['kubelet or CRI-O', 'nat KUBE-HP-5N7UH5JAXCVP5UJR'],
    ['cri-o', 'nat CRIO-HOSTPORTS-MASQ'],
    ['kube-router', 'filter KUBE-POD-FW-7ZTCVDUH3JPDBY6W'],
    ['kube-router', 'filter KUBE-NWPLCY-DEFAULT'],
    ['calico', 'raw cali-from-host-endpoint'],
    ['calico', 'ip calico filter-cali-FORWARD'],
    ['cilium', 'mangle CILIUM_PRE_mangle'],
    ['flannel', 'nat FLANNEL-POSTRTG'],
    ['flannel', 'ip6 flannel-ipv6 postrtg'],
    ['weave', 'nat WEAVE'],
    ['weave', 'filter WEAVE-NPC-EGRESS-ACCEPT'],
    ['antrea', 'filter ANTREA-POL-INGRESS-RULES'],
    ['ovn-kubernetes', 'nat OVN-KUBE-NODEPORT'],
    ['openshift-sdn', 'nat OPENSHIFT-MASQUERADE'],
    ['cni-plugins', 'nat CNI-HOSTPORT-DNAT'],
    ['cni-plugins', 'nat CNI-DN-bfd599665540dd91d5d28'],
    ['cni-plugins', 'filter CNI-ISOLATION-STAGE-1'],
    ['cni-plugins', 'inet cni_hostport hostports'],
    ['aws-vpc-cni', 'nat AWS-SNAT-CHAIN-0'],
    ['ip-masq-agent', 'nat IP-MASQ-AGENT'],
    ['azure-npm', 'filter AZURE-NPM-INGRESS'],
    ['istio', 'nat ISTIO_IN_REDIRECT'],
    ['istio-cni', 'nat ISTIO_POSTRT'],
    ['istio', 'inet istio-proxy-nat istio-output'],
    ['linkerd', 'nat PROXY_INIT_REDIRECT'],
    ['kuma', 'nat KUMA_MESH_INBOUND_REDIRECT'],
    ['consul', 'nat CONSUL_PROXY_IN_REDIRECT'],
    ['docker', 'nat DOCKER'],
    ['docker', 'filter DOCKER-ISOLATION-STAGE-2'],
    ['docker', 'ip docker-bridges filter-FORWARD'],
    ['podman', 'nat NETAVARK-HOSTPORT-DNAT'],
    ['podman', 'filter NETAVARK_FORWARD'],
    ['podman', 'inet netavark FORWARD'],
    ['lxd', 'inet lxd fwd.lxdbr0'],
    ['incus', 'inet incus acl.incusbr0'],
    ['firewalld', 'inet firewalld_policy_drop filter_input'],
    ['incus', 'inet incus pstrt.incusbr0'],
    ['libvirt', 'filter LIBVIRT_FWI'],
    ['libvirt', 'filter FI-vnet0'],
    ['libvirt', 'filter FO-web', ['libvirt-in', 'libvirt-out']],
    ['libvirt', 'ip libvirt_network guest_input'],
    ['neutron', 'nat quantum-l3-agent-POSTROUTING'],
    ['neutron', 'filter neutron-openvswi-sg-chain'],
    ['neutron', 'nat neutron-postrouting-bottom'],
    ['nova', 'nat nova-api-snat'],
    ['proxmox', 'filter PVEFW-HOST-IN'],
    ['proxmox', 'filter tap100i0-IN'],
    ['proxmox', 'filter GROUP-web-IN', ['PVEFW-INPUT', 'PVEFW-FORWARD']],
    ['proxmox', 'bridge proxmox-firewall-guests vm-in'],
    ['fail2ban', 'filter f2b-sshd'],
    ['fail2ban', 'filter fail2ban-ssh'],
    ['fail2ban', 'inet f2b-table f2b-chain'],
    ['crowdsec', 'filter CROWDSEC_CHAIN'],
    ['crowdsec', 'ip6 crowdsec6 crowdsec6-chain-input'],
    ['sshguard', 'filter sshguard'],
    ['psad', 'filter PSAD_BLOCK_INPUT'],
    ['fwknop', 'filter FWKNOP_INPUT'],
    ['banip', 'inet banIP wan-input'],
    ['tailscale', 'filter ts-forward'],
    ['netbird', 'filter NETBIRD-RT-FWD-IN'],
    ['wg-quick', 'ip wg-quick-wg0 preraw'],
    ['networkmanager', 'filter nm-sh-fw-eth1'],
    ['networkmanager', 'ip nm-shared-eth1 nat_postrouting'],
    ['systemd-networkd', 'ip io.systemd.nat postrouting'],
    ['connman', 'nat connman-POSTROUTING'],
    ['miniupnpd', 'nat MINIUPNPD'],
    ['miniupnpd', 'inet fw4 upnp_forward'],
    ['mwan3', 'mangle mwan3_policy_balanced'],
    ['pbr', 'inet fw4 pbr_prerouting'],
    ['keepalived', 'ip keepalived in'],
    ['openvpn-as', 'nat AS0_NAT_PRE'],
    ['firewalld', 'filter FORWARD_IN_ZONES_SOURCE'],
    ['firewalld', 'mangle PRE_public_allow'],
    ['firewalld', 'filter IN_mine', FIREWALLD],
    ['firewalld', 'mangle PRE_public', ['PREROUTING_direct']],
    ['firewalld', 'filter INPUT_dispatch', FIREWALLD],
    ['firewalld', 'nat PREROUTING_direct'],
    ['firewalld', 'inet firewalld filter_INPUT'],
    ['ufw', 'filter ufw-before-input'],
    ['ufw', 'ip6 filter ufw6-user-input'],
    ['openwrt', 'filter zone_wan_dest_REJECT'],
    ['openwrt', 'filter delegate_input'],
    ['openwrt', 'filter reject', OPENWRT],
    ['openwrt', 'filter input_wan_rule', OPENWRT],
    ['openwrt', 'nat prerouting_lan', ['prerouting_rule', 'postrouting_rule']],
    ['openwrt', 'inet fw4 reject_to_wan'],
    ['vyos', 'ip vyos_nat POSTROUTING'],
    ['synology', 'filter DOS_PROTECT', ['DOS_PROTECT', 'DEFAULT_INPUT']],
    ['csf', 'filter DENYIN', CSF],
    ['shorewall', 'filter net-fw', ['shorewall', 'net-fw']],
    ['shorewall', 'filter loc2fw', ['dynamic', 'reject', 'net2fw', 'loc2fw']],
    ['shorewall', 'filter net2loc', ['shorewall', 'net2loc']],
    ['qubes', 'nat PR-QBS'],
    ['rancher', 'nat CATTLE_PREROUTING'],
    ['mullvad', 'inet mullvad output'],
  ])('%s owns %s', (owner, where, beside) => {
    expect(ownerOf(place(where, undefined, beside))?.name).toBe(owner)
  })
})

// texts as iptables-save 1.8.9 and nft 1.0.6 print them after the owner's own commands
describe('a rule in a chain that is not its own', () => {
  test.each<[string, string, string, string[]?]>([
    ['libvirt', 'filter FORWARD', '-A FORWARD -o virbr1 -j REJECT --reject-with icmp-port-unreachable'],
    ['libvirt', 'ip6 filter FORWARD', '-A FORWARD -i virbr1 -j REJECT --reject-with icmp6-port-unreachable'],
    ['libvirt', 'filter FORWARD', '-A FORWARD -s 192.168.101.0/24 -i virbr1 -j ACCEPT'],
    ['libvirt', 'filter FORWARD', '-A FORWARD -i virbr1 -o virbr1 -j ACCEPT'],
    [
      'libvirt',
      'filter FORWARD',
      '-A FORWARD -d 192.168.101.0/24 -o virbr1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    ],
    ['libvirt', 'filter INPUT', '-A INPUT -i virbr1 -p udp -m udp --dport 53 -j ACCEPT'],
    [
      'libvirt',
      'nat POSTROUTING',
      '-A POSTROUTING -s 192.168.101.0/24 ! -d 192.168.101.0/24 -p udp -j MASQUERADE --to-ports 1024-65535',
    ],
    ['libvirt', 'filter FORWARD', 'oifname "virbr1" counter packets 0 bytes 0 reject'],
    ['docker', 'filter FORWARD', '-A FORWARD -j DOCKER-USER'],
    ['docker', 'raw PREROUTING', '-A PREROUTING -d 172.17.0.2/32 ! -i docker0 -j DROP'],
    ['docker', 'nat POSTROUTING', '-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE'],
    ['docker', 'nat POSTROUTING', '-A POSTROUTING -o docker_gwbridge -m addrtype --src-type LOCAL -j MASQUERADE'],
    ['docker', 'filter FORWARD', '-A FORWARD -i br-0a5ad9e85c71 ! -o br-0a5ad9e85c71 -j ACCEPT'],
    ['docker', 'filter FORWARD', 'iifname "docker0" oifname != "docker0" counter packets 0 bytes 0 accept'],
    [
      'docker',
      'nat POSTROUTING',
      '-A POSTROUTING -s 172.17.0.2/32 -d 172.17.0.2/32 -p tcp -m tcp --dport 80 -j MASQUERADE',
      ['DOCKER'],
    ],
    [
      'kube-proxy',
      'nat PREROUTING',
      '-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
    ],
    ['kubelet', 'filter INPUT', '-A INPUT -j KUBE-FIREWALL'],
    [
      'calico',
      'filter FORWARD',
      '-A FORWARD -m comment --comment "cali:S93hcgKJrXEqnTfs" -m comment --comment "Policy explicitly accepted packet." -m mark --mark 0x10000/0x10000 -j ACCEPT',
    ],
    ['calico', 'raw PREROUTING', '-A PREROUTING -m set --match-set cali40all-hosts-net src -j ACCEPT'],
    ['cilium', 'filter INPUT', '-A INPUT -m comment --comment "cilium-feeder: CILIUM_INPUT" -j CILIUM_INPUT'],
    ['flannel', 'nat POSTROUTING', '-A POSTROUTING -s 10.244.0.0/16 -m comment --comment "flanneld masq" -j RETURN'],
    [
      'node-local-dns',
      'raw PREROUTING',
      '-A PREROUTING -d 169.254.20.10/32 -p udp -m udp --dport 53 -m comment --comment "NodeLocal DNS Cache: skip conntrack" -j NOTRACK',
    ],
    ['aws-vpc-cni', 'mangle PREROUTING', '-A PREROUTING -i eth0 -m comment --comment "AWS, primary ENI" -j CONNMARK'],
    [
      'cni-plugins',
      'nat POSTROUTING',
      '-A POSTROUTING -s 10.88.0.5/32 -m comment --comment "name: \\"podman\\" id: \\"abc\\"" -j CNI-0123456789abcdef01234567',
    ],
    ['cni-plugins', 'filter CNI-FORWARD', '-A CNI-FORWARD -j CNI-ADMIN'],
    [
      'lxd',
      'filter INPUT',
      '-A INPUT -i lxdbr0 -p tcp -m comment --comment "generated for LXD network lxdbr0" -m tcp --dport 53 -j ACCEPT',
    ],
    [
      'multipass',
      'nat POSTROUTING',
      '-A POSTROUTING -s 10.95.75.0/24 ! -d 10.95.75.0/24 -p tcp -m comment --comment "generated for Multipass network mpqemubr0" -j MASQUERADE --to-ports 1024-65535',
    ],
    ['lxc', 'filter FORWARD', '-A FORWARD -i lxcbr0 -j ACCEPT'],
    [
      'wg-quick',
      'raw PREROUTING',
      '-A PREROUTING -d 10.9.0.1/32 ! -i wg0 -m addrtype ! --src-type LOCAL -m comment --comment "wg-quick(8) rule for wg0" -j DROP',
    ],
    ['netbird', 'filter FORWARD', '-A FORWARD -i wt0 -j DROP'],
    ['netbird', 'filter FORWARD', 'iifname "wt0" counter packets 3 bytes 180 drop'],
    ['fail2ban', 'filter INPUT', '-A INPUT -p tcp -m set --match-set f2b-sshd src -j REJECT'],
    ['fail2ban', 'filter INPUT_direct', '-A INPUT_direct -p tcp -m multiport --dports 22 -j f2b-sshd', FIREWALLD],
    ['fail2ban', 'filter DOCKER-USER', '-A DOCKER-USER -p tcp -j f2b-web'],
    ['crowdsec', 'filter INPUT', '-A INPUT -m set --match-set crowdsec-blacklists-0 src -j DROP'],
    [
      'walinuxagent',
      'security OUTPUT',
      '-A OUTPUT -d 168.63.129.16/32 -p tcp -m conntrack --ctstate INVALID,NEW -j DROP',
    ],
    ['firewalld', 'filter INPUT', '-A INPUT -j REJECT --reject-with icmp-host-prohibited', FIREWALLD],
    ['firewalld', 'filter FORWARD', 'counter packets 0 bytes 0 reject with icmp type host-prohibited', FIREWALLD],
    ['firewalld', 'filter INPUT_direct', '-A INPUT_direct -p tcp -m tcp --dport 80 -j ACCEPT', FIREWALLD],
    ['openwrt', 'filter FORWARD', '-A FORWARD -m comment --comment "!fw3" -j reject'],
    ['openwrt', 'filter FORWARD', '-A FORWARD -j reject', OPENWRT],
    ['miniupnpd', 'filter zone_wan_forward', '-A zone_wan_forward -j MINIUPNPD', OPENWRT],
    ['miniupnpd', 'inet fw4 forward', 'jump upnp_forward comment "Hook into miniupnpd forwarding chain"'],
    ['shorewall', 'filter INPUT', '-A INPUT -j LOG --log-prefix "Shorewall:INPUT:REJECT:" --log-level 6'],
    ['shorewall', 'filter INPUT', '-A INPUT -g reject', ['shorewall', 'reject']],
    ['neutron', 'nat POSTROUTING', '-A POSTROUTING -j quantum-postrouting-bottom'],
    ['ufw', 'filter DOCKER-USER', '-A DOCKER-USER -j RETURN', ['ufw-docker-logging-deny']],
  ])('%s wrote in %s: %s', (owner, where, text, beside) => {
    expect(ownerOf(place(where, text, beside))?.name).toBe(owner)
  })

  test('the comment may come apart from the text', () => {
    const rule = { text: 'meta mark 0x10000 accept', comment: 'cali:S93hcgKJrXEqnTfs' }
    expect(ownerOf({ family: 'ip', table: 'filter', chain: 'FORWARD', rule })?.name).toBe('calico')
  })

  test("a chain's owner goes before the owner of what its rules jump to", () => {
    const text = '-A KUBE-XLB-VETHOZVMBYUVK3NB -m comment --comment "a/b has no local endpoints" -j KUBE-MARK-DROP'
    expect(ownerOf(place('nat KUBE-XLB-VETHOZVMBYUVK3NB', text))?.name).toBe('kube-proxy')
  })

  test('the advice fits the chain, where one owner has several', () => {
    const advice = (where: string, text?: string) => ownerOf(place(where, text, FIREWALLD))?.instead
    expect(advice('filter ufw-user-input')).toContain('ufw allow')
    const [localnet, marked] = [
      'block incoming localnet connections',
      'kubernetes firewall for dropping marked packets',
    ]
    const kubelet = (comment: string) =>
      advice('filter KUBE-FIREWALL', `-A KUBE-FIREWALL -m comment --comment "${comment}" -j DROP`)
    expect(kubelet(localnet)).toContain('loopback source')
    expect(kubelet(marked)).toContain('KUBE-MARK-DROP')
    expect(advice('filter ufw-before-input')).toContain('before.rules')
    expect(advice('filter INPUT_direct', '-A INPUT_direct -j DROP')).toContain('--direct')
    expect(advice('filter INPUT', '-A INPUT -j INPUT_direct')).toContain('--zone')
    expect(advice('inet firewalld filter_IN_public')).toContain('--zone')
    expect(advice('filter FORWARD', '-A FORWARD -j REJECT --reject-with icmp-host-prohibited')).toContain('--zone')
    // it stands in front of the policies
    const embedded = 'ip6 daddr { ::/96, 2002::/24 } reject with icmpv6 addr-unreachable'
    expect(advice('inet firewalld filter_FORWARD', embedded)).toContain('RFC3964_IPv4 to no')
    expect(advice('inet firewalld filter_FORWARD', 'reject with icmpx admin-prohibited')).toContain('--add-egress-zone')
    // what is forwarded needs a policy
    for (const chain of ['filter_FORWARD', 'filter_FORWARD_ZONES', 'filter_FORWARD_POLICIES_pre'])
      expect(advice(`inet firewalld ${chain}`)).toContain('--add-egress-zone')
    expect(advice('inet firewalld filter_FORWARD_dnat')).toContain('StrictForwardPorts')
    expect(advice('inet firewalld raw_PREROUTING')).toContain('IPv6_rpfilter')
    expect(advice('filter neutron-linuxbri-i0a1b2c3d-4')).toContain('security group')
    expect(advice('filter neutron-l3-agent-scope')).toContain('router')
  })
})

describe('nobody is named', () => {
  test.each<[string, (string | undefined)?, string[]?]>([
    ['filter LOGDROP'],
    ['filter TCP'],
    ['filter UDP'],
    ['filter bad_packets'],
    ['filter reject'],
    ['filter syn_flood'],
    ['filter logdrop', undefined, ['logdrop', 'reject', 'dynamic']],
    ['filter input_rule'],
    ['filter IN_mine'],
    ['filter IN_public'],
    ['filter PRE_ROUTE', undefined, ['PRE_ROUTE']],
    ['filter DENYIN', undefined, ['DENYIN', 'ALLOWIN']],
    ['filter INVALID'],
    ['filter DOS_PROTECT'],
    ['filter GROUP-web-IN'],
    ['filter HI-there'],
    ['filter net-fw'],
    ['filter docker'],
    ['filter DOCKERIZED'],
    ['filter KUBE'],
    ['filter KUBE-MINE'],
    ['filter cali'],
    ['filter input'],
    ['inet filter input', 'tcp dport 22 accept'],
    ['inet filter forward', 'ct state established,related accept comment "docker and libvirt"'],
    ['ip nat postrouting'],
    ['ip lxc postrouting', 'ip saddr 10.0.3.0/24 ip daddr != 10.0.3.0/24 masquerade'],
    ['inet mullvad_tailscale outgoing'],
    ['filter INPUT', '-A INPUT -j REJECT --reject-with icmp-host-prohibited'],
    ['filter INPUT', '-A INPUT -i lo -j ACCEPT'],
    ['filter FORWARD', '-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'],
    // what people add for one guest or container
    ['filter FORWARD', '-A FORWARD -d 192.168.101.10/32 -o virbr1 -j ACCEPT'],
    ['filter FORWARD', '-A FORWARD -d 192.168.101.10/32 -o virbr1 -p tcp -m tcp --dport 80 -j ACCEPT'],
    ['filter FORWARD', '-A FORWARD -i virbr0 -o eth0 -p tcp -m tcp --dport 25 -j DROP'],
    ['filter FORWARD', 'oifname "virbr1" ip daddr 192.168.101.10 counter packets 0 bytes 0 accept'],
    ['filter INPUT', '-A INPUT -i docker0 -j ACCEPT'],
    ['filter INPUT', '-A INPUT -i virbr0 -p tcp -m tcp --dport 22 -j ACCEPT'],
    ['filter FORWARD', '-A FORWARD -i wg0 -j ACCEPT'],
    ['filter FORWARD', '-A FORWARD -i tailscale0 -j ACCEPT'],
    ['filter FORWARD', '-A FORWARD -i br-lan -o br-lan -j ACCEPT'],
    ['nat POSTROUTING', '-A POSTROUTING -s 10.0.0.0/8 ! -d 10.0.0.0/8 -j MASQUERADE'],
    ['nat POSTROUTING', '-A POSTROUTING -s 10.2.0.0/16 ! -o eth0 -j MASQUERADE'],
    ['nat POSTROUTING', '-A POSTROUTING -s 10.0.0.1/32 -d 10.0.0.1/32 -p tcp -m tcp --dport 80 -j MASQUERADE'],
    // these chains are made for the administrator
    ['filter DOCKER-USER'],
    ['filter DOCKER-USER', '-A DOCKER-USER -s 192.0.2.0/24 -j DROP'],
    ['filter CNI-ADMIN', '-A CNI-ADMIN -j DROP'],
    ['filter OPENSHIFT-ADMIN-OUTPUT-RULES', '-A OPENSHIFT-ADMIN-OUTPUT-RULES -j DROP'],
    ['ip qubes custom-input', 'tcp dport 22 accept'],
    // words in a comment or a log prefix are no jump, set or sign
    ['filter INPUT', '-A INPUT -j LOG --log-prefix "x -j DOCKER "'],
    ['filter INPUT', 'log prefix "x jump DOCKER "'],
    ['filter INPUT', '-A INPUT -m comment --comment "goes to -j DOCKER --match-set f2b-sshd" -j DROP'],
    ['filter INPUT', '-A INPUT -m comment --comment "cali: is not used here" -j DROP'],
    ['filter INPUT', '-A INPUT -m comment --comment "was: kubernetes service portals" -j DROP'],
  ])('%s %s', (where, text, beside) => {
    expect(ownerOf(place(where, text, beside))?.name).toBeUndefined()
  })
})

describe('the table', () => {
  test('each row says what to do in one imperative sentence', () => {
    for (const { name, instead, lasting, when } of OWNERS) {
      expect(`${name}: ${instead}`).toMatch(/^.+: (change|use|put|find|delete|add|send|keep) .+[^.]$/)
      expect(`${name}: ${lasting}`).toMatch(/^.+: (change|use|put|find) .{3,36}[^.…]$/)
      expect(`${name}: ${when}`).toMatch(/^.+: (when|at|within) .+[^.]$/)
    }
  })

  test('no pattern keeps state between calls, and every mark can match', () => {
    for (const mark of OWNERS.flatMap((owner) => owner.marks)) {
      const patterns = [mark.tables, mark.chains, mark.jumps, mark.comments, mark.sets, mark.rules]
      for (const pattern of patterns) expect(pattern?.flags ?? '').toBe('')
      expect(
        mark.whole ? mark.tables : (mark.chains ?? mark.jumps ?? mark.comments ?? mark.sets ?? mark.rules),
      ).toBeDefined()
    }
  })
})

/** docs/owners.md is printed from the table: UPDATE_DOCS=1 npx vitest run test/explain/owners.test.ts */
describe('docs/owners.md', () => {
  const page = new URL('../../docs/owners.md', import.meta.url)

  test('says what the table says', () => {
    if (process.env.UPDATE_DOCS) writeFileSync(page, printPage())
    expect(readFileSync(page, 'utf8')).toBe(printPage())
  })
})

function printPage(): string {
  const rows = OWNERS.map((owner) => {
    const back = owner.rewrites ? owner.when : `only ${owner.when}`
    return `| ${owner.name} | ${[...new Set(owner.marks.flatMap(printMark))].join('<br>')} | ${owner.instead} | ${back} |`
  })
  return `# Who owns a rule

Many chains are written by a program. Whoever deletes such a rule by hand sees it come back, so nfwhy names the owner of
a rule it blames, says what to change instead, and when a deleted rule would be back. Where nothing tells, it names nobody.
A rule's chain tells first; in a chain that anybody may write to, what it jumps to, its comments, its ipsets and its shape do.
The first row that matches wins. Patterns are JavaScript regular expressions; tables are written as \`family name\`.

| owner | recognised by | change instead | a deleted rule is back |
| --- | --- | --- | --- |
${rows.join('\n')}
`
}

function printMark(mark: Mark): string[] {
  const only = [
    ...(mark.tables && !mark.whole ? [`in tables ${code(mark.tables)}`] : []),
    ...(mark.beside ? [`in a table that has the chains ${mark.beside.map((chain) => `\`${chain}\``).join(', ')}`] : []),
  ]
  const signs = [
    ...(mark.whole ? [`all of the tables ${code(mark.tables!)}`] : []),
    ...(mark.chains ? [`chains ${code(mark.chains)}`] : []),
    ...(mark.jumps ? [`jumps to ${code(mark.jumps)}`] : []),
    ...(mark.comments ? [`comments ${code(mark.comments)}`] : []),
    ...(mark.sets ? [`${mark.tables ? 'sets' : 'ipsets'} ${code(mark.sets)}`] : []),
    ...(mark.rules ? [`rules ${code(mark.rules)}`] : []),
  ]
  return signs.map((sign) => [sign, ...only].join(' '))
}

/** In a table's cell a bar has to be escaped, even in code. */
const code = (pattern: RegExp) => `\`${pattern.source.replaceAll('|', '\\|')}\``
