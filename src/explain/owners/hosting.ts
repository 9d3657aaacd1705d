/** Containers and virtual machines: who connects guests to networks. */
import type { Owner } from './owner.ts'

/** A network, not one address: a rule for a single guest was written by somebody else. */
const NET = '[0-9a-f.:]+/(?!32 |128 )\\d+'
/** Docker's own bridges: user-defined networks are br- and the first twelve digits of the network's id. */
const DOCKER_BRIDGE = '(?:docker0|docker_gwbridge|br-[0-9a-f]{12})'

const DOCKER_NFT = /^ip6? docker-bridges$/

const ofDocker = (row: Pick<Owner, 'instead' | 'lasting' | 'marks'>): Owner => ({
  ...row,
  name: 'docker',
  rewrites: false,
  when: 'when dockerd restarts, firewalld reloads, or a container of the network starts',
})

/** internal/server/network/acl: rules are sorted by their actions. */
const aclOf = (name: string, program: string, brand: string, tables: RegExp): Owner => ({
  name,
  instead: `change the rule that drops, so that it matches less (${program} network acl edit ACL): an ACL applies its drop rules first, then reject, then allow`,
  lasting: 'change the rule of the ACL',
  rewrites: false,
  when: `when the ACL or the network changes, or ${brand} restarts`,
  marks: [{ tables, chains: /^acl(in|out|fwd)?\./ }],
})

export const HOSTING: readonly Owner[] = [
  // DOCKER-USER is a chain of filter: no rule of the user's own in it changes what nat does
  ofDocker({
    instead: "change the container's published ports or its network",
    lasting: "change the container's published ports",
    marks: [
      { tables: / nat$/, chains: /^DOCKER(-INGRESS|_OUTPUT|_POSTROUTING)?$/ },
      {
        tables: / nat$/,
        rules: new RegExp(
          `^POSTROUTING (-s ${NET} ! -o ${DOCKER_BRIDGE}|-o ${DOCKER_BRIDGE} -m addrtype --src-type LOCAL) -j (MASQUERADE|SNAT .*)$`,
        ),
      },
      // a container that reaches itself through its published port
      {
        tables: / nat$/,
        beside: ['DOCKER'],
        rules: /^POSTROUTING -s (\S+) -d \1 -p (\w+) -m \2 --dport \d+ -j MASQUERADE$/,
      },
    ],
  }),
  ofDocker({
    instead: "add a rule of your own to DOCKER-USER, or change the container's published ports or its network",
    lasting: 'use the chain DOCKER-USER',
    // daemon/libnetwork/iptables, daemon/libnetwork/drivers/bridge, service_linux.go; _OUTPUT, _POSTROUTING: inside containers
    marks: [
      {
        chains: /^DOCKER(-(FORWARD|BRIDGE|CT|INTERNAL|INGRESS|ISOLATION(-STAGE-[12])?)|_OUTPUT|_POSTROUTING)?$/,
        jumps: /^DOCKER-USER$/,
      },
      {
        tables: / filter$/,
        rules: new RegExp(
          `^FORWARD (-o ${DOCKER_BRIDGE} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT|-i (${DOCKER_BRIDGE}) (! )?-o \\2 -j (ACCEPT|DROP))$`,
        ),
      },
      {
        tables: /^ip6? (filter|nat)$/,
        rules: new RegExp(
          `^(FORWARD (oifname "${DOCKER_BRIDGE}" ct state related,established accept|iifname ("${DOCKER_BRIDGE}") oifname (!= )?\\3 (accept|drop))|POSTROUTING oifname != "${DOCKER_BRIDGE}" ip6? saddr ${NET} (masquerade|snat to .*))$`,
        ),
      },
    ],
  }),
  // what is sent to a container's own address from outside (filterDirectAccess in daemon/libnetwork/drivers/bridge/endpoint.go)
  ofDocker({
    instead:
      "add the interface to the network's option com.docker.network.bridge.trusted_host_interfaces, or use dockerd --allow-direct-routing: both open only published ports",
    lasting: 'use the option trusted_host_interfaces',
    marks: [
      { tables: DOCKER_NFT, chains: /^raw-PREROUTING$/ },
      { tables: /^ip6? raw$/, rules: new RegExp(`^PREROUTING -d \\S+/(32|128) ! -i ${DOCKER_BRIDGE} -j DROP$`) },
    ],
  }),
  // the nft backend has no DOCKER-USER, and what a table of one's own accepts, docker's still drops (internal/nftabler)
  ofDocker({
    instead:
      'use dockerd --ip-forward-no-drop, so that its policy accepts; its rules for ports that are not published let pass what has the mark of --bridge-accept-fwmark',
    lasting: 'change the options of dockerd',
    marks: [{ tables: DOCKER_NFT, chains: /^filter-FORWARD$/ }],
  }),
  ofDocker({
    instead:
      "change the container's published ports or its network, or mark the packets for dockerd --bridge-accept-fwmark",
    lasting: "change the container's published ports",
    marks: [{ tables: DOCKER_NFT, chains: /^filter-forward-in__/ }],
  }),
  ofDocker({
    instead: "change the container's published ports or its network",
    lasting: "change the container's published ports",
    marks: [{ tables: DOCKER_NFT, whole: true }],
  }),
  {
    name: 'podman',
    instead: "change the container's published ports or its network",
    lasting: "change the container's network",
    rewrites: false,
    when: 'when a container of the network starts, or at podman network reload',
    // netavark's drivers; the dash and the underscore are both its own
    marks: [{ chains: /^NETAVARK[-_]/ }, { tables: /^inet netavark$/, whole: true }],
  },
  {
    name: 'multipass',
    instead: 'put a rule of your own in front of it; Multipass has no setting for its rules',
    lasting: 'put a rule in front of it',
    rewrites: false,
    when: 'when multipassd restarts',
    marks: [{ comments: /^generated for Multipass network / }],
  },
  aclOf('lxd', 'lxc', 'LXD', /^(inet|ip6?|bridge|netdev) lxd$/),
  {
    name: 'lxd',
    instead: 'use lxc network set NETWORK ipv4.firewall, ipv4.nat …, or an ACL or forward of the network',
    lasting: 'use lxc network set or an ACL',
    rewrites: false,
    when: 'when the network or LXD restarts',
    // lxd/firewall/drivers
    marks: [
      { comments: /^generated for LXD (network|network-forward|container) / },
      { tables: /^(inet|ip6?|bridge|netdev) lxd$/, whole: true },
    ],
  },
  aclOf('incus', 'incus', 'Incus', /^(inet|ip6?|bridge|netdev) incus$/),
  {
    name: 'incus',
    instead: 'use incus network set NETWORK ipv4.firewall, ipv4.nat …, or an ACL or forward of the network',
    lasting: 'use incus network set or an ACL',
    rewrites: false,
    when: 'when the network or Incus restarts',
    // internal/server/firewall/drivers; only its first versions wrote iptables rules
    marks: [{ comments: /^generated for Incus / }, { tables: /^(inet|ip6?|bridge|netdev) incus$/, whole: true }],
  },
  {
    name: 'lxc',
    instead: 'change /etc/default/lxc-net, or set USE_LXC_BRIDGE="false" there and create the bridge by hand',
    lasting: 'change /etc/default/lxc-net',
    rewrites: false,
    when: 'when lxc-net restarts',
    // config/init/common/lxc-net.in; Waydroid's copy of it uses the same nft tables, so only the bridge is telling
    marks: [
      { rules: /^FORWARD -[io] lxcbr0 -j ACCEPT$/ },
      { rules: /^INPUT -i lxcbr0 -p (udp|tcp) -m \1 --dport (53|67) -j ACCEPT$/ },
      { rules: /^POSTROUTING -o lxcbr0 -p udp -m udp --dport 68 -j CHECKSUM --checksum-fill$/ },
      { tables: /^(inet|ip6?) lxc$/, rules: /"lxcbr0"/ },
    ],
  },
  {
    name: 'libvirt',
    instead:
      "change the network's forward mode (virsh net-edit), or accept the traffic in front of libvirt's rules from a hook in /etc/libvirt/hooks/network",
    lasting: 'use virsh net-edit or a libvirt hook',
    rewrites: false,
    when: 'when the network starts, libvirtd (virtnetworkd) restarts, or firewalld reloads',
    // src/network/network_iptables.c, network_nftables.c; before 5.1 the rules went straight into the built-in chains
    marks: [
      { chains: /^LIBVIRT_(INP|OUT|FWI|FWO|FWX|PRT)$/ },
      { tables: /^ip6? libvirt_network$/, whole: true },
      { rules: /^FORWARD -[io] virbr\S+ -j REJECT --reject-with icmp6?-port-unreachable$/ },
      { rules: /^FORWARD -i (virbr\S+) -o \1 -j ACCEPT$/ },
      { rules: new RegExp(`^FORWARD -s ${NET} -i virbr\\S+ (-o \\S+ )?-j ACCEPT$`) },
      {
        rules: new RegExp(
          `^FORWARD -d ${NET} (-i \\S+ )?-o virbr\\S+ (-m (conntrack --ctstate|state --state) RELATED,ESTABLISHED )?-j ACCEPT$`,
        ),
      },
      { rules: /^(INPUT -i|OUTPUT -o) virbr\S+ -p (udp|tcp) -m \2 --dport (53|67|68|69|546|547) -j ACCEPT$/ },
      { rules: /^POSTROUTING -o virbr\S+ -p udp -m udp --dport 68 -j CHECKSUM --checksum-fill$/ },
      { rules: /^POSTROUTING -s (\S+) ! -d \1 -p (udp|tcp) -j MASQUERADE --to-ports 1024-65535$/ },
      // the same rules, where iptables-nft wrote them and nft prints them
      { rules: /^FORWARD [io]ifname "virbr[^"]*" reject( with icmp(v6|x)? (type )?port-unreachable)?$/ },
      { rules: /^FORWARD iifname ("virbr[^"]*") oifname \1 accept$/ },
      {
        rules: new RegExp(
          `^FORWARD (iifname "virbr[^"]*" ip6? saddr ${NET} |oifname "virbr[^"]*" ip6? daddr ${NET} (ct state related,established )?)accept$`,
        ),
      },
    ],
  },
  {
    name: 'libvirt',
    instead: "change the network filter of the guest's interface (virsh nwfilter-edit)",
    lasting: 'use virsh nwfilter-edit',
    rewrites: false,
    when: 'when the guest starts, its filter changes, or libvirtd restarts',
    // src/nwfilter/nwfilter_ebiptables_driver.c: FO out of, FI into, HI from the guest to the host; then the interface
    marks: [
      { chains: /^libvirt-(in|out|in-post|host-in)$/ },
      { chains: /^(FI|FO|HI)-(vnet|macvtap)\d+$/ },
      { beside: ['libvirt-in', 'libvirt-out'], chains: /^(FI|FO|HI)-/ },
    ],
  },
  {
    name: 'neutron',
    instead: 'change the security group or the allowed address pairs of the port',
    lasting: 'change the security group',
    rewrites: false,
    when: 'when a port on the host or its security group changes, or the agent restarts',
    // neutron/agent/linux/iptables_firewall.py; a chain begins with sixteen letters of its program's name
    marks: [{ chains: /^(neutron|quantum)-(openvswi|linuxbri)-/ }, { sets: /^N?IPv[46][0-9a-f]{8}-/ }],
  },
  {
    name: 'neutron',
    instead: 'change the router, its external gateway, or the floating IP',
    lasting: 'change the router or floating IP',
    rewrites: false,
    when: 'when the router changes or the agent restarts',
    // neutron/agent/linux/iptables_manager.py; until 2013 Neutron was called Quantum
    marks: [{ chains: /^(neutron|quantum)-/ }],
  },
  {
    name: 'nova',
    instead: 'change the security group or the floating IP',
    lasting: 'change the security group',
    rewrites: false,
    when: 'when an instance of the host changes, or the service restarts',
    // nova-network (until 2019) and nova-api-metadata
    marks: [{ chains: /^nova-(api|network|compute|dhcpbridge|filter-top|postrouting-bottom|metadat)/ }],
  },
  {
    name: 'proxmox',
    instead: 'change the firewall of the guest, host or datacenter (/etc/pve/firewall/*.fw)',
    lasting: 'change /etc/pve/firewall',
    rewrites: false,
    when: "when the firewall's configuration for the chain changes, or within ten seconds if the whole chain is gone",
    // pve-firewall's Firewall.pm (a digest in each chain's PVESIG comment, so a single missing rule goes unnoticed); proxmox-firewall for the nft tables
    marks: [
      { chains: /^PVEFW-/, comments: /^PVESIG:/ },
      { chains: /^(tap|veth)\d+i\d+-(IN|OUT)$/ },
      { beside: ['PVEFW-INPUT', 'PVEFW-FORWARD'], chains: /^GROUP-.+-(IN|OUT)$/ },
      { tables: /^inet proxmox-firewall$|^bridge proxmox-firewall-guests$/, whole: true },
    ],
  },
  {
    name: 'qubes',
    instead: 'use qvm-firewall in dom0, or the chains custom-input and custom-forward of the net qube',
    lasting: 'use qvm-firewall or a custom- chain',
    rewrites: false,
    when: "when the qube's firewall settings change or a qube starts",
    // qubes-core-agent-linux
    marks: [
      { chains: /^PR-QBS(-SERVICES)?$/ },
      { tables: /^ip6? qubes(-firewall)?$/, chains: /^(?!custom-)/, jumps: /^custom-(input|forward)$/ },
    ],
  },
]
