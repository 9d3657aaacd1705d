/** What a network plugin's rules leave out, leave behind and keep from conntrack, from threads about Calico and Cilium. */
import { FORWARDS } from '../machines.ts'
import type { Problem } from '../problem.ts'
import { FILTER, MANGLE, NAT, RAW, saved } from './services-astray.ts'

const HTTP = { protocol: 'tcp', port: 80 } as const

/** Felix's comment, with a hash as it looks. */
const cali = (hash: string) => `-m comment --comment "cali:${hash}"`
const note = (words: string) => `-m comment --comment "${words}"`

/** The chains that Felix has for a workload's interface; `policy`: what is asked in place of the profiles. */
function endpoint(iface: string, policy?: string): string {
  const chain = (way: 'fw' | 'tw', profile: string) => {
    const name = `cali-${way}-${iface}`
    const own = `-A ${name} ${cali(`${way}${iface.slice(4, 10)}A1`)} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ${name} ${cali(`${way}${iface.slice(4, 10)}B2`)} -m conntrack --ctstate INVALID -j DROP
-A ${name} ${cali(`${way}${iface.slice(4, 10)}C3`)} -j MARK --set-xmark 0x0/0x10000
`
    const encapsulated = `-A ${name} -p udp ${cali(`fw${iface.slice(4, 10)}D4`)} ${note('Drop VXLAN encapped packets originating in workloads')} -m multiport --dports 4789 -j DROP
-A ${name} -p ipencap ${cali(`fw${iface.slice(4, 10)}E5`)} ${note('Drop IPinIP encapped packets originating in workloads')} -j DROP
`
    const asked =
      way === 'tw' && policy
        ? `-A ${name} ${cali(`tw${iface.slice(4, 10)}F6`)} ${note('Start of policies')} -j MARK --set-xmark 0x0/0x20000
-A ${name} ${cali(`tw${iface.slice(4, 10)}G7`)} -m mark --mark 0x0/0x20000 -j ${policy}
-A ${name} ${cali(`tw${iface.slice(4, 10)}H8`)} ${note('Return if policy accepted')} -m mark --mark 0x10000/0x10000 -j RETURN
-A ${name} ${cali(`tw${iface.slice(4, 10)}I9`)} ${note('Drop if no policies passed packet')} -m mark --mark 0x0/0x20000 -j DROP
`
        : ''
    return `${own}${way === 'fw' ? encapsulated : ''}${asked}-A ${name} ${cali(`${way}${iface.slice(4, 10)}J0`)} -j ${profile}
-A ${name} ${cali(`${way}${iface.slice(4, 10)}K1`)} ${note('Return if profile accepted')} -m mark --mark 0x10000/0x10000 -j RETURN
-A ${name} ${cali(`${way}${iface.slice(4, 10)}L2`)} ${note('Drop if no profiles matched')} -j DROP
`
  }
  return `${chain('fw', 'cali-pro-kns.default')}${chain('tw', 'cali-pri-kns.default')}`
}

const CALI_CHAINS =
  'cali-FORWARD cali-INPUT cali-OUTPUT cali-cidr-block cali-from-hep-forward cali-from-wl-dispatch cali-pri-kns.default cali-pro-kns.default cali-to-hep-forward cali-to-wl-dispatch cali-wl-to-host'

/** What is there whatever workloads there are. */
const forwarding = (prefix: string) => `-A INPUT ${cali('Cz_u1IQiXIMmKD4c')} -j cali-INPUT
-A FORWARD ${cali('wUHhoiAYhphO9Mso')} -j cali-FORWARD
-A FORWARD ${cali('S93hcgKJrXEqnTfs')} ${note('Policy explicitly accepted packet.')} -m mark --mark 0x10000/0x10000 -j ACCEPT
-A OUTPUT ${cali('tVnHkvAo15HuiPy0')} -j cali-OUTPUT
-A cali-FORWARD ${cali('vjrMJCRpqwy5oRoX')} -j MARK --set-xmark 0x0/0xe0000
-A cali-FORWARD ${cali('A_sPAO0mcxbT9mOV')} -m mark --mark 0x0/0x10000 -j cali-from-hep-forward
-A cali-FORWARD -i ${prefix}+ ${cali('8ZoYfO5HKXWbB3pk')} -j cali-from-wl-dispatch
-A cali-FORWARD -o ${prefix}+ ${cali('jdEuaPBe14V2hutn')} -j cali-to-wl-dispatch
-A cali-FORWARD ${cali('12bc6HljsMKsmfr-')} -j cali-to-hep-forward
-A cali-FORWARD ${cali('NOSxoaGx8OIstr1z')} -j cali-cidr-block
-A cali-INPUT -i ${prefix}+ ${cali('FewJpBykm9iJ-YNH')} -g cali-wl-to-host
-A cali-INPUT ${cali('hder3ARWznqqv8Va')} -m mark --mark 0x10000/0x10000 -j ACCEPT
-A cali-OUTPUT ${cali('Mq1_rAdXXH3YkrzW')} -m mark --mark 0x10000/0x10000 -j ACCEPT
-A cali-OUTPUT -o ${prefix}+ ${cali('69FkRTJDvD5Vu6Vl')} -j RETURN
-A cali-pri-kns.default ${cali('WMSw8BmYOknRHfsz')} ${note('Profile kns.default ingress')} -j MARK --set-xmark 0x10000/0x10000
-A cali-pri-kns.default ${cali('z015PrgIcZ4BJ3Vs')} -m mark --mark 0x10000/0x10000 -j RETURN
-A cali-pro-kns.default ${cali('8P6QRbXGmsZMm9YO')} ${note('Profile kns.default egress')} -j MARK --set-xmark 0x10000/0x10000
-A cali-pro-kns.default ${cali('-tV8ORIapz6tdcpU')} -m mark --mark 0x10000/0x10000 -j RETURN
-A cali-wl-to-host ${cali('Ee9Sbo10IpVujdIY')} -j cali-from-wl-dispatch
-A cali-wl-to-host ${cali('nSZbcOoG1xPONxb8')} ${note('Configured DefaultEndpointToHostAction')} -j ACCEPT
`

const OLD_POD = 'azv58948d172f9'
const SIBLING = 'azv1330ab8c2e1'
const NEW_POD = 'azv117298236ff'

const DISPATCH = (['from', 'to'] as const)
  .map((way) => {
    const [option, goal] = way === 'from' ? ['-i', 'fw'] : ['-o', 'tw']
    const unknown = (chain: string) =>
      `-A ${chain} ${cali(`un${chain.slice(-6)}`)} ${note('Unknown interface')} -j DROP\n`
    return `-A cali-${way}-wl-dispatch ${option} azv1+ ${cali(`${way}Dsp1xx`)} -g cali-${way}-wl-dispatch-1
-A cali-${way}-wl-dispatch ${option} ${OLD_POD} ${cali(`${way}Dsp5xx`)} -g cali-${goal}-${OLD_POD}
${unknown(`cali-${way}-wl-dispatch`)}-A cali-${way}-wl-dispatch-1 ${option} ${SIBLING} ${cali(`${way}Dsp13x`)} -g cali-${goal}-${SIBLING}
${unknown(`cali-${way}-wl-dispatch-1`)}`
  })
  .join('')

export const PLANE_LEFTOVERS: Problem[] = [
  {
    name: 'calico-dispatch-does-not-know-the-new-pods-interface',
    thread: {
      title: 'Iptables are not updated when a new pod is created',
      address: 'https://github.com/projectcalico/calico/issues/8243',
    },
    backend: 'iptables-nft',
    hosts: {
      newpod: { addresses: { eth0: ['10.240.0.18/30'] }, routes: ['default via 10.240.0.17'], listeners: [HTTP] },
      oldpod: { addresses: { eth0: ['10.240.0.22/30'] }, routes: ['default via 10.240.0.21'], listeners: [HTTP] },
      node: {
        addresses: { eth0: ['192.0.2.1/24'], [NEW_POD]: ['10.240.0.17/30'], [OLD_POD]: ['10.240.0.21/30'] },
        routes: ['default via 192.0.2.9'],
        sysctls: FORWARDS,
        rules: {
          v4: `${saved(
            'raw',
            RAW,
            'cali-OUTPUT cali-PREROUTING cali-rpf-skip',
            `-A PREROUTING ${cali('6gwbT8clXdHdC1b1')} -j cali-PREROUTING
-A OUTPUT ${cali('tVnHkvAo15HuiPy0')} -j cali-OUTPUT
-A cali-PREROUTING ${cali('XFX5xbM8B9qR10JG')} -j MARK --set-xmark 0x0/0xf0000
-A cali-PREROUTING -i azv+ ${cali('EWMPb0zVROM-woQp')} -j MARK --set-xmark 0x40000/0x40000
-A cali-PREROUTING ${cali('PWuxTAIaFCtsg5Qa')} -m mark --mark 0x40000/0x40000 -j cali-rpf-skip
-A cali-PREROUTING ${cali('fSSbGND7dgyemWU7')} -m mark --mark 0x40000/0x40000 -m rpfilter --validmark --invert -j DROP
-A cali-PREROUTING ${cali('mLLkMJkeg7-3DKnG')} -m mark --mark 0x10000/0x10000 -j ACCEPT
`,
          )}${saved(
            'filter',
            'INPUT FORWARD OUTPUT',
            `${CALI_CHAINS} cali-from-wl-dispatch-1 cali-to-wl-dispatch-1 cali-fw-${OLD_POD} cali-tw-${OLD_POD}
cali-fw-${SIBLING} cali-tw-${SIBLING} KUBE-FIREWALL KUBE-FORWARD`,
            `${forwarding('azv')}-A INPUT -j KUBE-FIREWALL
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment "block incoming localnet connections" -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
${DISPATCH}${endpoint(OLD_POD)}${endpoint(SIBLING)}`,
          )}`,
        },
      },
      server: { addresses: { eth0: ['192.0.2.9/24'] }, routes: ['10.240.0.0/16 via 192.0.2.1'], listeners: [HTTP] },
    },
    links: [
      ['newpod:eth0', `node:${NEW_POD}`],
      ['oldpod:eth0', `node:${OLD_POD}`],
      ['node:eth0', 'server:eth0'],
    ],
    traced: 'node',
    fails: { from: 'newpod', what: 'tcp', to: '192.0.2.9', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'oldpod', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'server', what: 'tcp', to: '10.240.0.22', port: 80 }, seen: 'answered' },
      { sending: { from: 'server', what: 'tcp', to: '10.240.0.18', port: 80 }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        "The chains that dispatch by a workload's interface have no rule for the new pod's: what it sends comes to the last rule and is dropped as from an unknown interface, and the reply would be, too.",
      causes: [
        { rule: 'Unknown interface', chain: 'filter cali-from-wl-dispatch-1' },
        { rule: 'Unknown interface', chain: 'filter cali-to-wl-dispatch-1' },
      ],
      status: ['dropped'],
    },
    mend: (['fw from -i', 'tw to -o'] as const).map((words) => {
      const [goal, way, option] = words.split(' ')
      const chain = `cali-${goal}-${NEW_POD}`
      return [
        'node',
        `iptables -N ${chain}; iptables -A ${chain} -j MARK --set-xmark 0x10000/0x10000; iptables -I cali-${way}-wl-dispatch-1 ${option} ${NEW_POD} -g ${chain}`,
      ] as const
    }),
  },
  {
    name: 'calico-legacy-policy-stays-after-the-backend-changed',
    thread: {
      title: 'Clean up iptables-mode rules via the nftables view',
      address: 'https://github.com/projectcalico/calico/pull/13328',
    },
    backend: 'mixed',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] }, routes: ['default via 192.0.2.1'], listeners: [HTTP] },
      node: {
        addresses: { eth0: ['192.0.2.1/24'], cali97f907a8190: ['10.244.0.1/30'], cali3f1c2b4d5e6: ['10.244.0.5/30'] },
        sysctls: FORWARDS,
        rules: {
          ipset: 'create cali40s:prometheus hash:net\nadd cali40s:prometheus 10.244.9.9\n',
          v4: `${saved(
            'filter',
            FILTER,
            `${CALI_CHAINS} cali-fw-cali97f907a8190 cali-tw-cali97f907a8190 cali-fw-cali3f1c2b4d5e6 cali-tw-cali3f1c2b4d5e6
cali-pi-_UKBfvmdEoZTfK8rAOz3`,
            `${forwarding('cali')}-A cali-from-wl-dispatch -i cali3f1c2b4d5e6 ${cali('Lq6jnlGt7rVTOq2q')} -g cali-fw-cali3f1c2b4d5e6
-A cali-from-wl-dispatch -i cali97f907a8190 ${cali('zTj6P0TIgYvgz-md')} -g cali-fw-cali97f907a8190
-A cali-from-wl-dispatch ${cali('GaCWWUhnyq7h0ozv')} ${note('Unknown interface')} -j DROP
-A cali-to-wl-dispatch -o cali3f1c2b4d5e6 ${cali('7KNphB1nNHw80nIO')} -g cali-tw-cali3f1c2b4d5e6
-A cali-to-wl-dispatch -o cali97f907a8190 ${cali('xH4xxZtfFlVbXUz1')} -g cali-tw-cali97f907a8190
-A cali-to-wl-dispatch ${cali('_6fkJ3Yi_wHDmvUb')} ${note('Unknown interface')} -j DROP
-A cali-pi-_UKBfvmdEoZTfK8rAOz3 -p tcp ${cali('4NkJtfGqsC1EEjGf')} ${note('Policy shop/knp.default.scrape-only ingress')} -m set --match-set cali40s:prometheus src -m multiport --dports 80 -j MARK --set-xmark 0x10000/0x10000
-A cali-pi-_UKBfvmdEoZTfK8rAOz3 ${cali('0wFtWDsVIa0BbJUh')} -m mark --mark 0x10000/0x10000 -j RETURN
${endpoint('cali97f907a8190', 'cali-pi-_UKBfvmdEoZTfK8rAOz3')}${endpoint('cali3f1c2b4d5e6')}`,
          )}`,
          // as iptables-nft has them: the policy is gone here
          nft: `table ip filter {
  chain cali-pri-kns.default { counter meta mark set meta mark | 0x00010000; meta mark & 0x00010000 == 0x00010000 counter return; }
  chain cali-pro-kns.default { counter meta mark set meta mark | 0x00010000; meta mark & 0x00010000 == 0x00010000 counter return; }
  chain cali-tw-cali97f907a8190 {
    ct state related,established counter accept
    ct state invalid counter drop
    counter meta mark set meta mark & 0xfffeffff
    counter jump cali-pri-kns.default
    meta mark & 0x00010000 == 0x00010000 counter return
    counter drop
  }
  chain cali-tw-cali3f1c2b4d5e6 {
    ct state related,established counter accept
    ct state invalid counter drop
    counter meta mark set meta mark & 0xfffeffff
    counter jump cali-pri-kns.default
    meta mark & 0x00010000 == 0x00010000 counter return
    counter drop
  }
  chain cali-fw { ct state related,established counter accept; ct state invalid counter drop; counter jump cali-pro-kns.default; meta mark & 0x00010000 == 0x00010000 counter return; counter drop; }
  chain cali-from-wl-dispatch {
    iifname "cali3f1c2b4d5e6" counter goto cali-fw
    iifname "cali97f907a8190" counter goto cali-fw
    counter drop
  }
  chain cali-to-wl-dispatch {
    oifname "cali3f1c2b4d5e6" counter goto cali-tw-cali3f1c2b4d5e6
    oifname "cali97f907a8190" counter goto cali-tw-cali97f907a8190
    counter drop
  }
  chain cali-FORWARD {
    iifname "cali*" counter jump cali-from-wl-dispatch
    oifname "cali*" counter jump cali-to-wl-dispatch
  }
  chain FORWARD {
    type filter hook forward priority filter; policy accept;
    counter jump cali-FORWARD
    meta mark & 0x00010000 == 0x00010000 counter accept
  }
}
`,
        },
      },
      shop: { addresses: { eth0: ['10.244.0.2/30'] }, routes: ['default via 10.244.0.1'], listeners: [HTTP] },
      other: { addresses: { eth0: ['10.244.0.6/30'] }, routes: ['default via 10.244.0.5'], listeners: [HTTP] },
    },
    links: [
      ['client:eth0', 'node:eth0'],
      ['node:cali97f907a8190', 'shop:eth0'],
      ['node:cali3f1c2b4d5e6', 'other:eth0'],
    ],
    traced: 'node',
    fails: { from: 'client', what: 'tcp', to: '10.244.0.2', port: 80 },
    seen: 'nothing',
    others: [
      { sending: { from: 'client', what: 'tcp', to: '10.244.0.6', port: 80 }, seen: 'answered' },
      { sending: { from: 'shop', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
      { sending: { from: 'other', what: 'tcp', to: '10.244.0.2', port: 80 }, seen: 'nothing', either: true },
    ],
    truth: {
      words:
        'Felix writes to nf_tables now, where the policy is gone; in iptables-legacy, which it wrote to before, the policy is still in force and drops what it does not allow.',
      causes: [
        { rule: 'Drop if no policies passed packet', chain: 'filter cali-tw-cali97f907a8190' },
        { code: 'mixed-backends', words: ['cali-tw-cali97f907a8190'] },
      ],
      status: ['dropped'],
      alsoTrue: ['mixed-backends', 'ambiguous-hook-order', 'mark-missing'],
    },
    mend: [['node', 'iptables -F; iptables -X']],
  },
  {
    name: 'cilium-keeps-proxy-replies-to-a-node-port-from-conntrack',
    thread: {
      title: 'datapath: Only NOTRACK proxy return traffic going to Cilium datapath',
      address: 'https://github.com/cilium/cilium/pull/11899',
    },
    backend: 'iptables-nft',
    hosts: {
      client: { addresses: { eth0: ['192.0.2.9/24'] }, listeners: [HTTP] },
      node: {
        // the pod's address is where the proxy answers for it; its mark is told by that in place of the proxy's socket
        addresses: { eth0: ['192.0.2.1/24'], lo: ['10.217.1.215/32'], lxc4e8a7b9: ['10.217.1.1/24'] },
        sysctls: FORWARDS,
        listeners: [{ protocol: 'tcp', address: '10.217.1.215', port: 80 }],
        rules: {
          v4: `${saved(
            'raw',
            RAW,
            'CILIUM_OUTPUT_raw CILIUM_PRE_raw',
            `-A PREROUTING -m comment --comment "cilium-feeder: CILIUM_PRE_raw" -j CILIUM_PRE_raw
-A OUTPUT -s 10.217.1.215/32 -p tcp -m tcp --sport 80 -m comment --comment "in place of the proxy's SO_MARK" -j MARK --set-xmark 0xa00/0xffffffff
-A OUTPUT -m comment --comment "cilium-feeder: CILIUM_OUTPUT_raw" -j CILIUM_OUTPUT_raw
-A CILIUM_OUTPUT_raw -m mark --mark 0xa00/0xfffffeff -m comment --comment "cilium: NOTRACK for proxy return traffic" -j CT --notrack
-A CILIUM_PRE_raw -m mark --mark 0x200/0xf00 -m comment --comment "cilium: NOTRACK for proxy traffic" -j CT --notrack
`,
          )}${saved(
            'mangle',
            MANGLE,
            'CILIUM_POST_mangle CILIUM_PRE_mangle',
            `-A PREROUTING -m comment --comment "cilium-feeder: CILIUM_PRE_mangle" -j CILIUM_PRE_mangle
-A POSTROUTING -m comment --comment "cilium-feeder: CILIUM_POST_mangle" -j CILIUM_POST_mangle
-A CILIUM_PRE_mangle -m socket --transparent -m comment --comment "cilium: any->pod redirect proxied traffic to host proxy" -j MARK --set-xmark 0x200/0xffffffff
`,
          )}${saved(
            'nat',
            NAT,
            `CILIUM_OUTPUT_nat CILIUM_POST_nat CILIUM_PRE_nat KUBE-MARK-MASQ KUBE-NODEPORTS KUBE-POSTROUTING KUBE-SEP-DAOTDVOKBRLKCRQV
KUBE-SERVICES KUBE-SVC-4N57TFCL4MD7ZTDA`,
            `-A PREROUTING -m comment --comment "cilium-feeder: CILIUM_PRE_nat" -j CILIUM_PRE_nat
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "cilium-feeder: CILIUM_OUTPUT_nat" -j CILIUM_OUTPUT_nat
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "cilium-feeder: CILIUM_POST_nat" -j CILIUM_POST_nat
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A CILIUM_POST_nat -s 10.217.0.0/16 ! -d 10.217.0.0/16 ! -o cilium_+ -m comment --comment "cilium masquerade non-cluster" -j MASQUERADE
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-NODEPORTS -p tcp -m comment --comment "default/web" -m tcp --dport 30080 -j KUBE-MARK-MASQ
-A KUBE-NODEPORTS -p tcp -m comment --comment "default/web" -m tcp --dport 30080 -j KUBE-SVC-4N57TFCL4MD7ZTDA
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE
-A KUBE-SEP-DAOTDVOKBRLKCRQV -p tcp -m comment --comment "default/web" -m tcp -j DNAT --to-destination 10.217.1.215:80
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-SVC-4N57TFCL4MD7ZTDA -m comment --comment "default/web" -j KUBE-SEP-DAOTDVOKBRLKCRQV
`,
          )}${saved(
            'filter',
            FILTER,
            'CILIUM_FORWARD CILIUM_INPUT CILIUM_OUTPUT',
            `-A INPUT -m comment --comment "cilium-feeder: CILIUM_INPUT" -j CILIUM_INPUT
-A FORWARD -m comment --comment "cilium-feeder: CILIUM_FORWARD" -j CILIUM_FORWARD
-A OUTPUT -m comment --comment "cilium-feeder: CILIUM_OUTPUT" -j CILIUM_OUTPUT
-A CILIUM_FORWARD -i lxc+ -m comment --comment "cilium: cluster->any on lxc+ forward accept" -j ACCEPT
-A CILIUM_INPUT -m mark --mark 0x200/0xf00 -m comment --comment "cilium: ACCEPT for proxy traffic" -j ACCEPT
-A CILIUM_OUTPUT -m mark --mark 0xa00/0xfffffeff -m comment --comment "cilium: ACCEPT for proxy return traffic" -j ACCEPT
-A CILIUM_OUTPUT -m mark ! --mark 0xe00/0xf00 -m mark ! --mark 0xd00/0xf00 -m mark ! --mark 0xa00/0xe00 -m comment --comment "cilium: host->any mark as from host" -j MARK --set-xmark 0xc00/0xf00
`,
          )}`,
        },
      },
      pod: { addresses: { eth0: ['10.217.1.20/24'] }, routes: ['default via 10.217.1.1'] },
    },
    links: [
      ['client:eth0', 'node:eth0'],
      ['node:lxc4e8a7b9', 'pod:eth0'],
    ],
    traced: 'node',
    fails: { from: 'client', what: 'tcp', to: '192.0.2.1', port: 30080 },
    seen: 'nothing',
    others: [
      { sending: { from: 'pod', what: 'tcp', to: '10.217.1.215', port: 80 }, seen: 'answered' },
      { sending: { from: 'pod', what: 'tcp', to: '192.0.2.9', port: 80 }, seen: 'answered' },
    ],
    truth: {
      words:
        "The proxy's replies carry a mark, and a rule of raw keeps all that does from conntrack: so nobody restores the node's address and port, and the client gets the pod's, which it never asked.",
      causes: [
        { rule: '--mark 0xa00/0xfffffeff', chain: 'raw CILIUM_OUTPUT_raw' },
        { code: 'untracked', words: ['CILIUM_OUTPUT_raw'] },
      ],
      status: ['reply-lost', 'unanswered'],
    },
    mend: [
      [
        'node',
        'iptables -t raw -R CILIUM_OUTPUT_raw 1 -o lxc+ -m mark --mark 0xa00/0xfffffeff -m comment --comment "cilium: NOTRACK for proxy return traffic" -j CT --notrack',
      ],
    ],
  },
]
