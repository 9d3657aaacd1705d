/** A node as Calico's Felix writes it: a workload's chains, policies that set a mark to accept, sets of who is selected. */
import { type MakeSetup, ping, tcp, udp } from '../setup.ts'

const hash = (name: string) => `-m comment --comment "cali:${name.padEnd(16, 'xQ7k_dZ').slice(0, 16)}"`
const said = (name: string, text: string) => `${hash(name)} -m comment --comment "${text}"`

const ACCEPTED = '0x10000/0x10000'
const KNOWN = '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'

export const calico: MakeSetup = (random, { sides, hosts, far }) => {
  const { left: host, right: workload } = sides
  const pod = hosts.find(({ side }) => side === 'right')!.ip
  const [front, other, node] = hosts.filter(({ side }) => side === 'left').map(({ ip }) => ip) as [
    string,
    string,
    string,
  ]
  const port = random.pick([8080, 3000, 5432])
  const egress = random.chance(0.5)
  const action = random.pick(['RETURN', 'ACCEPT'] as const)
  const cali = workload.interface
  const policies = (direction: 'fw' | 'tw', first: string, profile: boolean) => ({
    name: `cali-${direction}-${cali}`,
    rules: [
      `${hash('a1')} ${KNOWN}`,
      `${hash('a2')} -m conntrack --ctstate INVALID -j DROP`,
      `${hash('a3')} -j MARK --set-xmark 0x0/0x10000`,
      ...(direction === 'fw'
        ? [
            `${said('a4', 'Drop VXLAN encapped packets originating in workloads')} -p udp -m multiport --dports 4789 -j DROP`,
            `${said('a5', 'Drop IPinIP encapped packets originating in workloads')} -p ipencap -j DROP`,
          ]
        : []),
      ...(profile
        ? []
        : [
            `${said('a6', 'Start of policies')} -j MARK --set-xmark 0x0/0x20000`,
            `${hash('a7')} -m mark --mark 0x0/0x20000 -j ${first}`,
            `${said('a8', 'Return if policy accepted')} -m mark --mark ${ACCEPTED} -j RETURN`,
            `${said('a9', 'Drop if no policies passed packet')} -m mark --mark 0x0/0x20000 -j DROP`,
          ]),
      `${hash('b1')} -j cali-pri-kns.shop`,
      `${said('b2', 'Return if profile accepted')} -m mark --mark ${ACCEPTED} -j RETURN`,
      `${said('b3', 'Drop if no profiles matched')} -j DROP`,
    ],
  })
  return {
    name: 'calico',
    about: `port ${port}${egress ? ', with a policy for what leaves' : ''}, accepted packets: ${action}`,
    sets: [
      'create cali40s:frontends hash:net family inet maxelem 1048576',
      `add cali40s:frontends ${front}`,
      `add cali40s:frontends ${far.left.net}`,
      'create cali40s:monitors hash:net family inet maxelem 1048576',
      `add cali40s:monitors ${other}`,
      'create cali40masq-ipam-pools hash:net family inet maxelem 1048576',
      `add cali40masq-ipam-pools ${workload.net}`,
      'create cali40all-ipam-pools hash:net family inet maxelem 1048576',
      `add cali40all-ipam-pools ${workload.net}`,
      'create cali40this-host hash:ip family inet maxelem 1048576',
      `add cali40this-host ${host.ip}`,
    ],
    tables: [
      {
        name: 'nat',
        chains: [
          { name: 'POSTROUTING', policy: 'ACCEPT', rules: [`${hash('O3lYW')} -j cali-POSTROUTING`] },
          { name: 'cali-POSTROUTING', rules: [`${hash('nYKhE')} -j cali-nat-outgoing`] },
          {
            name: 'cali-nat-outgoing',
            rules: [
              `${hash('flqWn')} -m set --match-set cali40masq-ipam-pools src -m set ! --match-set cali40all-ipam-pools dst -j MASQUERADE --random-fully`,
            ],
          },
        ],
      },
      {
        name: 'filter',
        chains: [
          {
            name: 'INPUT',
            policy: 'DROP',
            rules: [
              `${hash('Cz_u1')} -j cali-INPUT`,
              KNOWN,
              '-i lo -j ACCEPT',
              `-s ${node}/32 -p tcp -m tcp --dport 10250 -j ACCEPT`,
            ],
          },
          {
            name: 'FORWARD',
            policy: 'DROP',
            rules: [
              `${hash('wUHho')} -j cali-FORWARD`,
              `${said('S93hc', 'Policy explicitly accepted packet.')} -m mark --mark ${ACCEPTED} -j ACCEPT`,
            ],
          },
          { name: 'OUTPUT', policy: 'ACCEPT', rules: [`${hash('tVnHk')} -j cali-OUTPUT`] },
          {
            name: 'cali-FORWARD',
            rules: [
              `${hash('vjrMJ')} -j MARK --set-xmark 0x0/0xe0000`,
              `${hash('A_sPA')} -m mark --mark 0x0/0x10000 -j cali-from-hep-forward`,
              `${hash('8ZoYf')} -i ${cali.slice(0, 2)}+ -j cali-from-wl-dispatch`,
              `${hash('jdEA6')} -o ${cali} -j cali-to-wl-dispatch`,
              ...(action === 'ACCEPT'
                ? [`${said('NOSxo', 'Policy explicitly accepted packet.')} -m mark --mark ${ACCEPTED} -j ACCEPT`]
                : []),
            ],
          },
          { name: 'cali-from-hep-forward', rules: [] },
          {
            name: 'cali-from-wl-dispatch',
            rules: [`${hash('TxPQ9')} -i ${cali} -g cali-fw-${cali}`, `${said('FTjWH', 'Unknown interface')} -j DROP`],
          },
          {
            name: 'cali-to-wl-dispatch',
            rules: [`${hash('m1q0C')} -o ${cali} -g cali-tw-${cali}`, `${said('WjZWZ', 'Unknown interface')} -j DROP`],
          },
          policies('tw', 'cali-pi-shop/web', false),
          policies('fw', 'cali-po-shop/web', !egress),
          {
            name: 'cali-pi-shop/web',
            rules: [
              `${hash('p1')} -p tcp -m set --match-set cali40s:frontends src -m multiport --dports ${port},9443 -j MARK --set-xmark ${ACCEPTED}`,
              `${hash('p2')} -m mark --mark ${ACCEPTED} -j RETURN`,
              `${hash('p3')} -s ${node}/32 -p icmp -j MARK --set-xmark ${ACCEPTED}`,
              `${hash('p4')} -m mark --mark ${ACCEPTED} -j RETURN`,
              `${hash('p5')} -p udp -m set --match-set cali40s:monitors src -m multiport --dports 161 -j MARK --set-xmark ${ACCEPTED}`,
              `${hash('p6')} -m mark --mark ${ACCEPTED} -j RETURN`,
            ],
          },
          {
            name: 'cali-po-shop/web',
            rules: [
              `${hash('q1')} -d 10.0.0.0/8 -p tcp -m multiport --dports 3306,6379 -j MARK --set-xmark ${ACCEPTED}`,
              `${hash('q2')} -m mark --mark ${ACCEPTED} -j RETURN`,
              `${hash('q3')} -p tcp -m multiport --dports 443 -j MARK --set-xmark ${ACCEPTED}`,
              `${hash('q4')} -m mark --mark ${ACCEPTED} -j RETURN`,
            ],
          },
          {
            name: 'cali-pri-kns.shop',
            rules: [
              `${said('z1', 'Profile kns.shop egress')} -j MARK --set-xmark ${ACCEPTED}`,
              `${hash('z2')} -m mark --mark ${ACCEPTED} -j RETURN`,
            ],
          },
          {
            name: 'cali-INPUT',
            rules: [
              `${hash('msRIe')} -i ${cali} -g cali-wl-to-host`,
              `${hash('1-Lav')} -m mark --mark ${ACCEPTED} -j ACCEPT`,
              `${hash('zUBkm')} -j MARK --set-xmark 0x0/0xf0000`,
            ],
          },
          {
            name: 'cali-wl-to-host',
            rules: [
              `${hash('Ee9Sb')} -j cali-from-wl-dispatch`,
              `${said('nSZbc', 'Configured DefaultEndpointToHostAction')} -j ${action}`,
            ],
          },
          {
            name: 'cali-OUTPUT',
            rules: [
              `${hash('Mq1_r')} -m mark --mark ${ACCEPTED} -j ACCEPT`,
              `${hash('69FkR')} -o ${cali} -j RETURN`,
              `${hash('Fskum')} -j MARK --set-xmark 0x0/0xf0000`,
            ],
          },
        ],
      },
    ],
    servers: [{ protocol: 'tcp', port: 10250 }],
    services: [
      { ip: pod, protocol: 'tcp', port },
      { ip: pod, protocol: 'udp', port: 161 },
      { ip: far.left.ip, protocol: 'tcp', port: 443 },
      { ip: front, protocol: 'tcp', port: 6379 },
    ],
    probes: [
      tcp('web of the pod', 'left', front, pod, port),
      tcp('web of the pod from far away', 'left', far.left.ip, pod, port),
      tcp('pod to the internet', 'right', pod, far.left.ip, 443),
      tcp('pod to its database', 'right', pod, front, 6379),
      udp('monitoring of the pod', 'left', other, pod, 161),
      ping('ping of the pod by the node', 'left', node, pod),
      tcp('kubelet', 'left', node, host.ip, 10250),
      tcp('pod from the node itself', 'router', workload.ip, pod, port),
      tcp('web of the pod by another', 'left', other, pod, port),
      udp('monitoring by another', 'left', front, pod, 161),
    ],
  }
}
