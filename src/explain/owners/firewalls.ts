/** Firewall managers: a description of what is allowed goes in, rules come out. */
import { type Command, command } from '../../model/command.ts'
import type { Packet } from '../../model/packet.ts'
import type { Mark, Owner } from './owner.ts'

/** Zones that firewalld and its users' packages ship: their chains can be told without seeing the table. */
const ZONES =
  'public|home|work|internal|external|dmz|trusted|drop|block|docker|libvirt|libvirt-routed|nm-shared|FedoraServer|FedoraWorkstation'

/** fw3 makes these for the user's rules; no other firewall has all of them. */
const FILTER_HOOKS = ['input_rule', 'forwarding_rule', 'output_rule']
const NAT_HOOKS = ['prerouting_rule', 'postrouting_rule']

/** `man ufw`, RULE SYNTAX: what is forwarded has rules of its own. */
function ufwAllows({ in: from, out, protocol, src, dst, dport }: Packet): Command | undefined {
  if ((protocol !== 'tcp' && protocol !== 'udp') || !src || !dst || dport === undefined) return undefined
  const isForwarded = from !== undefined && out !== undefined
  return command(
    ...['ufw', ...(isForwarded ? ['route'] : []), 'allow'],
    ...(from === undefined ? [] : ['in', 'on', from]),
    ...(out === undefined ? [] : ['out', 'on', out]),
    ...['proto', protocol, 'from', src, 'to', dst, 'port', String(dport)],
  )
}

/** firewalld's tables of iptables, since it has policies; before 0.9 it forwarded by direct rules. */
const FORWARDS_BY_POLICY: readonly Mark[] = ['FORWARD_POLICIES_pre', 'FORWARD_dispatch'].map((chain) => ({
  ...{ tables: / filter$/, beside: ['FORWARD_direct', chain] },
}))

/** The end of its FORWARD, as iptables-save and nft print it. */
const FORWARD_END =
  /^FORWARD (-j REJECT --reject-with icmp6?-(host|adm)-prohibited|reject with icmp(v6)? (type )?(host|admin)-prohibited)$/

/** What a zone of firewalld's opens is for this host; from zone to zone only a policy lets something go. */
const zoneToZone = ({
  zones,
  ...row
}: Pick<Owner, 'zoned' | 'lasting' | 'marks' | 'opens'> & { zones: string }): Owner => ({
  ...row,
  name: 'firewalld',
  instead: `add a policy that accepts it: firewall-cmd --permanent --new-policy=NAME, --policy=NAME ${zones}, --policy=NAME --add-service=SERVICE (for everything: --set-target=ACCEPT), then --reload (within one zone: --add-forward)`,
  rewrites: false,
  when: 'at firewall-cmd --reload',
})

export const FIREWALLS: readonly Owner[] = [
  {
    name: 'firewalld',
    instead: 'change IPv6_rpfilter to no in /etc/firewalld/firewalld.conf, then firewall-cmd --reload',
    lasting: 'change /etc/firewalld/firewalld.conf',
    rewrites: false,
    when: 'at firewall-cmd --reload',
    // src/firewall/core/nftables.py, build_rpfilter_rules: nothing else is dropped there
    marks: [{ tables: /^inet firewalld$/, chains: /^(raw|mangle|filter)_PREROUTING$/ }],
  },
  {
    name: 'firewalld',
    instead: 'use firewall-cmd --add-forward-port, or change StrictForwardPorts to no in firewalld.conf, then --reload',
    lasting: 'use firewall-cmd --add-forward-port',
    rewrites: false,
    when: 'at firewall-cmd --reload',
    marks: [{ tables: /^inet firewalld$/, chains: /^filter_FORWARD_dnat$/ }],
  },
  // src/firewall/core/nftables.py, build_set_policy_rules: of raw for panic mode, of filter while it reloads; then deleted
  {
    name: 'firewalld',
    passing: true,
    instead: 'use firewall-cmd --panic-off: panic mode is on',
    lasting: 'use firewall-cmd --panic-off',
    rewrites: false,
    when: 'when panic mode is on',
    marks: [{ tables: /^inet firewalld_policy_drop$/, chains: /^raw_/ }],
  },
  {
    name: 'firewalld',
    passing: true,
    instead: 'delete the left-over table, if no reload is running: nft delete table inet firewalld_policy_drop',
    lasting: 'use firewall-cmd --reload',
    rewrites: false,
    when: 'when it reloads',
    marks: [{ tables: /^inet firewalld_policy_drop$/, whole: true }],
  },
  // 0.9: FWDI_ZONE and FWDO_ZONE; since: FWD_ZONE, of late FWD_ZONE_to_ZONE
  zoneToZone({
    zoned:
      /^(?:filter_)?FWDI?_(?!policy_)(.+?)(?:_to_(?<egress>.+?)|_dispatch_stage2)?(?:_(?:pre|log|deny|allow|post))?$/,
    zones: '--add-ingress-zone=ZONE --add-egress-zone=EGRESS',
    lasting: 'use a policy with ingress zone ZONE',
    marks: [
      { tables: /^inet firewalld$/, chains: /^filter_FWDI?_(?!policy_)/ },
      ...FORWARDS_BY_POLICY.map((policies) => ({ ...policies, chains: /^FWDI?_(?!policy_)/ })),
    ],
  }),
  zoneToZone({
    zoned: /^(?:filter_)?FWDO_(.+?)(?:_(?:pre|log|deny|allow|post))?$/,
    zones: '--add-ingress-zone=INGRESS --add-egress-zone=ZONE',
    lasting: 'use a policy with egress zone ZONE',
    marks: [
      { tables: /^inet firewalld$/, chains: /^filter_FWDO_/ },
      ...FORWARDS_BY_POLICY.map((policies) => ({ ...policies, chains: /^FWDO_/ })),
    ],
  }),
  // src/firewall/core/nftables.py, build_rfc3964_ipv4_rules: it stands in front of all zones and policies
  {
    name: 'firewalld',
    instead: 'change RFC3964_IPv4 to no in /etc/firewalld/firewalld.conf, then firewall-cmd --reload',
    lasting: 'change RFC3964_IPv4 to no in firewalld.conf',
    rewrites: false,
    when: 'at firewall-cmd --reload',
    marks: [
      {
        tables: /^inet firewalld$/,
        rules: /^filter_FORWARD ip6 daddr .*reject with icmpv6 (type )?addr-unreachable$/,
      },
    ],
  },
  // the dispatch to zones and the end of the chain: which zones these are, is not in their names
  zoneToZone({
    opens: true,
    zones: '--add-ingress-zone=INGRESS --add-egress-zone=EGRESS',
    lasting: 'use a policy between the two zones',
    marks: [
      { tables: /^inet firewalld$/, chains: /^filter_FORWARD$/, shared: true },
      { tables: /^inet firewalld$/, chains: /^filter_FORWARD_(IN|OUT|ZONES|POLICIES|dispatch)/ },
      ...FORWARDS_BY_POLICY.map((policies) => ({
        ...policies,
        chains: /^FORWARD_(IN|OUT|ZONES|POLICIES|dispatch)/,
        rules: FORWARD_END,
      })),
    ],
  }),
  {
    name: 'firewalld',
    instead:
      'use a direct rule that accepts it: firewall-cmd --permanent --direct --add-rule ipv4 filter FORWARD 0 … -j ACCEPT, then --reload (firewalld 0.9 and later have policies for this)',
    lasting: 'use firewall-cmd --permanent --direct',
    rewrites: false,
    when: 'at firewall-cmd --reload',
    marks: [{ tables: /^ip filter$/, beside: ['FORWARD_direct'], chains: /^FWD[IO]_/ }],
  },
  {
    name: 'firewalld',
    opens: true,
    zoned:
      /^(?:(?:filter|nat|mangle|raw)_)?(?:PRE|POST|IN|OUT|FWD[IO]?)_(?!policy_)(.+?)(?:_to_.+?|_dispatch_stage2)?(?:_(?:pre|log|deny|allow|post))?$/,
    instead:
      'change the zone or policy: firewall-cmd --permanent --zone=ZONE --add-service, --add-forward-port …, then --reload',
    byDefault:
      'DEVICE is in no zone, so the default zone ZONE applies: add it to the zone it belongs to, firewall-cmd --permanent --zone=NAME --add-interface=DEVICE (zone trusted accepts all), then --reload; a service that is added to ZONE is open to its other interfaces, too',
    lasting: 'use firewall-cmd --permanent --zone=ZONE',
    rewrites: false,
    when: 'at firewall-cmd --reload',
    // src/firewall/core/ipXtables.py; _ZONES_IFACES and _POLICIES: 0.8 to 2.x, _dispatch: since
    marks: [
      { tables: /^(inet|ip6?) firewalld$/, whole: true },
      { jumps: /^(PREROUTING|INPUT|FORWARD|OUTPUT|POSTROUTING)_direct$/ },
      {
        chains:
          /^(PREROUTING|INPUT|FORWARD_IN|FORWARD_OUT|FORWARD|OUTPUT|POSTROUTING)_(ZONES(_SOURCE|_IFACES)?|POLICIES(_pre|_post)?)$/,
      },
      { chains: new RegExp(`^(PRE|POST|IN|FWD|FWDI|FWDO)_(${ZONES})_(pre|log|deny|allow|post)$`) },
      ...['PREROUTING_direct', 'INPUT_direct'].map((direct) => ({
        beside: [direct],
        chains: /^(PRE|POST|IN|OUT|FWD|FWDI|FWDO)_.|^(PREROUTING|INPUT|FORWARD|OUTPUT|POSTROUTING)_(dnat|dispatch)$/,
      })),
      {
        tables: / filter$/,
        beside: ['INPUT_direct', 'FORWARD_direct'],
        rules:
          /^(INPUT|FORWARD) (-m conntrack --ctstate (RELATED,ESTABLISHED(,DNAT)? -j ACCEPT|INVALID -j DROP)|-i lo -j ACCEPT|-j REJECT --reject-with icmp6?-(host|adm)-prohibited|reject with icmp(v6)? (type )?(host|admin)-prohibited)$/,
      },
    ],
  },
  {
    name: 'firewalld',
    instead: 'use firewall-cmd --permanent --direct --remove-rule (--get-all-rules lists them) and --reload',
    lasting: 'use firewall-cmd --permanent --direct',
    rewrites: false,
    when: 'at firewall-cmd --reload, if the rule is in direct.xml',
    marks: [{ chains: /^(PREROUTING|INPUT|FORWARD|OUTPUT|POSTROUTING)_direct$/, shared: true }],
  },
  {
    name: 'ufw',
    instead: 'use ufw allow, ufw delete, ufw route or ufw limit',
    allows: ufwAllows,
    lasting: 'use ufw allow or ufw route',
    holdsAllowed: { list: command('ufw', 'show', 'added'), reload: command('ufw', 'reload') },
    rewrites: false,
    when: 'at ufw reload',
    marks: [{ chains: /^ufw6?-user-/ }],
  },
  // github.com/chaifeng/ufw-docker: a block of after.rules, which begins with `:DOCKER-USER`, so that its rules go at each reload
  {
    name: 'ufw',
    instead:
      "use ufw route allow, or change ufw-docker's rules in /etc/ufw/after.rules (after6.rules), then ufw reload",
    allows: ufwAllows,
    lasting: 'change /etc/ufw/after.rules',
    rewrites: false,
    when: 'at ufw reload',
    marks: [
      { chains: /^ufw6?-docker-/ },
      { beside: ['ufw-docker-logging-deny'], chains: /^DOCKER-USER$/, shared: true },
    ],
  },
  {
    name: 'ufw',
    instead: 'change /etc/ufw/after.rules (after6.rules), then ufw reload',
    allows: ufwAllows,
    lasting: 'change /etc/ufw/after.rules',
    rewrites: false,
    when: 'at ufw reload',
    marks: [{ chains: /^ufw6?-after-/ }],
  },
  {
    name: 'ufw',
    instead: 'change /etc/ufw/before.rules (before6.rules), then ufw reload, or use ufw default',
    allows: ufwAllows,
    lasting: 'change /etc/ufw/before.rules',
    rewrites: false,
    when: 'at ufw reload',
    marks: [{ chains: /^ufw6?-(?!user-)/ }],
  },
  {
    name: 'openwrt',
    instead: 'change /etc/config/firewall (uci, LuCI), then service firewall reload',
    unzoned:
      'add DEVICE (list device) or its network (list network) to a zone in /etc/config/firewall (uci, LuCI), then service firewall reload',
    lasting: 'change /etc/config/firewall',
    joins: {
      chains: /^(?:zone_(.+)_(?:input|output|forward)|(?:input|output|forward)_((?!rule$).+))$/,
      lasting: 'add the interface to zone ZONE in /etc/config/firewall',
    },
    rewrites: false,
    when: 'when the firewall reloads, as it does when an interface comes up',
    // fw3 and fw4 put their name into each comment; the names without it are those of fw2 and early fw3
    marks: [
      { comments: /^!fw[34]\b/ },
      { tables: /^inet fw4$/, whole: true, shared: true },
      {
        chains:
          /^zone_\S+_(input|output|forward|prerouting|postrouting|nat|notrack|MSSFIX|((src|dest)_)?(ACCEPT|REJECT|DROP))$/,
        shared: true,
      },
      { chains: /^delegate_(input|output|forward|prerouting|postrouting|notrack)$/, shared: true },
      {
        beside: FILTER_HOOKS,
        chains:
          /^(input|output|forward|reject|syn_flood|zone_\S+|(input|output|forwarding|nat_reflection)_\S+(?<!_rule))$/,
        jumps: /^(input|output|forwarding)_(\S+_)?rule$/,
      },
      {
        beside: NAT_HOOKS,
        chains: /^((pre|post)routing|nat_reflection)_\S+(?<!_rule)$/,
        jumps: /^(pre|post)routing_(\S+_)?rule$/,
      },
    ],
  },
  {
    name: 'openwrt',
    instead: 'change /etc/firewall.user, then service firewall reload',
    lasting: 'change /etc/firewall.user',
    rewrites: false,
    when: 'when the firewall reloads, as it does when an interface comes up',
    marks: [
      { beside: FILTER_HOOKS, chains: /^(input|output|forwarding)_(\S+_)?rule$/, shared: true },
      { beside: NAT_HOOKS, chains: /^(pre|post)routing_(\S+_)?rule$/, shared: true },
    ],
  },
  {
    name: 'vyos',
    instead: 'use set firewall …, set nat … and commit in configuration mode',
    lasting: 'use set firewall or set nat',
    rewrites: false,
    when: 'at the next commit that touches the firewall, and at boot',
    // vyos-1x, data/templates
    marks: [{ tables: /^(ip6?|bridge|inet|arp) vyos_[a-z_]+$/, whole: true }],
  },
  {
    name: 'synology',
    instead: 'change the firewall or the DoS protection in Control Panel, Security',
    lasting: 'change Control Panel, Security',
    rewrites: false,
    when: 'when the settings are applied, and at boot',
    // dumps of DSM 4 to 6; the names are common, so two of them have to be there
    marks: [
      { beside: ['DOS_PROTECT', 'DEFAULT_INPUT'], chains: /^(DOS_PROTECT|DEFAULT_INPUT)$/ },
      {
        beside: ['DOS_PROTECT', 'INPUT_FIREWALL', 'FORWARD_FIREWALL'],
        chains: /^(DOS_PROTECT|INPUT_FIREWALL|FORWARD_FIREWALL)$/,
      },
    ],
  },
  {
    name: 'csf',
    instead: 'use csf -a, csf -d, csf -dr or /etc/csf/csf.conf, then csf -r',
    lasting: 'use csf -a or csf.conf',
    rewrites: false,
    when: 'at csf -r, and when lfd restarts the firewall',
    marks: [
      {
        beside: ['LOCALINPUT', 'LOCALOUTPUT', 'LOGDROPIN', 'LOGDROPOUT'],
        chains:
          /^(LOCAL(IN|OUT)PUT|LOGDROP(IN|OUT)|G?(DENY|ALLOW)(IN|OUT)|ALLOWDYN(IN|OUT)|INVALID|INVDROP|CC_(DENY|ALLOW\w*)|SMTPOUTPUT|SYNFLOOD|PORTFLOOD|CONNLIMIT|UDPFLOOD)$/,
      },
    ],
  },
  {
    name: 'shorewall',
    instead: 'change /etc/shorewall (rules, policy, zones), then shorewall reload',
    lasting: 'change /etc/shorewall',
    rewrites: false,
    when: 'at shorewall reload',
    // the empty chain `shorewall` tells that it runs; the names are those of Shorewall/{Chains,Misc,Rules}.pm, and FROM-TO or FROM2TO
    marks: [
      {
        tables: /^ip6? filter$/,
        beside: ['shorewall'],
        chains:
          /^(shorewall|dynamic|smurfs|smurflog|tcpflags|logflags|logdrop|logreject|reject|blacklst|blackout|Broadcast|Multicast|Drop|Reject|Limit|(sha|~)\S+|\w+(-|2)\w+|\w+_(frwd|fwd|in|out|iop|oop|fop))$/,
      },
      // a listing may lack it: with its default names of zones
      ...['net2fw', 'net-fw'].map((zones) => ({
        tables: /^ip6? filter$/,
        beside: ['dynamic', 'reject', zones],
        chains:
          /^(dynamic|smurfs|smurflog|tcpflags|logflags|logdrop|logreject|reject|blacklst|blackout|Broadcast|Multicast|Drop|Reject|(sha|~)\S+|\w+(-|2)(fw|net|loc|dmz|all)|(fw|net|loc|dmz)(-|2)\w+)$/,
      })),
      { rules: / -j (LOG|NFLOG|ULOG) .*--(log|nflog|ulog)-prefix "?Shorewall6?:/ },
    ],
  },
]
