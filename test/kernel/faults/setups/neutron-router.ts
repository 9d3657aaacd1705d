/** OpenStack's router namespace: floating addresses both ways, source NAT, the metadata proxy, address scopes by mark. */
import { type MakeSetup, tcp } from '../setup.ts'

export const neutronRouter: MakeSetup = (random, { sides, hosts, far }) => {
  const [inner, outer] = [sides.left, sides.right]
  const [vm, plain] = hosts.filter(({ side }) => side === 'left').map(({ ip }) => ip) as [string, string]
  const floating = outer.ip.replace(/\d+$/, String(random.int(200, 240)))
  const scopes = random.chance(0.5)
  const [innerScope, outerScope] = ['0x4000000/0xffff0000', '0x4010000/0xffff0000']
  const prefix = 'neutron-l3-agent'
  const port = random.pick([22, 80, 443])
  return {
    name: 'neutron router',
    about: `floating ${floating}${scopes ? ', address scopes' : ''}`,
    tables: [
      {
        name: 'mangle',
        chains: [
          { name: 'PREROUTING', policy: 'ACCEPT', rules: [`-j ${prefix}-PREROUTING`] },
          { name: 'INPUT', policy: 'ACCEPT', rules: [] },
          { name: 'FORWARD', policy: 'ACCEPT', rules: [] },
          { name: 'OUTPUT', policy: 'ACCEPT', rules: [] },
          { name: 'POSTROUTING', policy: 'ACCEPT', rules: [] },
          {
            name: `${prefix}-PREROUTING`,
            rules: [
              `-j ${prefix}-mark`,
              ...(scopes ? [`-j ${prefix}-scope`] : []),
              `-d 169.254.169.254/32 -i ${inner.interface} -p tcp -m tcp --dport 80 -j MARK --set-xmark 0x1/0xffff`,
            ],
          },
          { name: `${prefix}-mark`, rules: [`-i ${outer.interface} -j MARK --set-xmark 0x2/0xffff`] },
          {
            name: `${prefix}-scope`,
            rules: [
              `-i ${inner.interface} -j MARK --set-xmark ${innerScope}`,
              `-i ${outer.interface} -j MARK --set-xmark ${outerScope}`,
              `-d ${floating}/32 -i ${outer.interface} -j MARK --set-xmark ${innerScope}`,
              `-i ${outer.interface} -m conntrack --ctstate RELATED,ESTABLISHED -j MARK --set-xmark ${innerScope}`,
            ],
          },
        ],
      },
      {
        name: 'nat',
        chains: [
          { name: 'PREROUTING', policy: 'ACCEPT', rules: [`-j ${prefix}-PREROUTING`] },
          { name: 'INPUT', policy: 'ACCEPT', rules: [] },
          { name: 'OUTPUT', policy: 'ACCEPT', rules: [`-j ${prefix}-OUTPUT`] },
          {
            name: 'POSTROUTING',
            policy: 'ACCEPT',
            rules: [`-j ${prefix}-POSTROUTING`, '-j neutron-postrouting-bottom'],
          },
          { name: `${prefix}-OUTPUT`, rules: [`-d ${floating}/32 -j DNAT --to-destination ${vm}`] },
          {
            name: `${prefix}-POSTROUTING`,
            rules: [`! -o ${outer.interface} -m conntrack ! --ctstate DNAT -j ACCEPT`],
          },
          {
            name: `${prefix}-PREROUTING`,
            rules: [
              `-d 169.254.169.254/32 -i ${inner.interface} -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 9697`,
              `-d ${floating}/32 -j DNAT --to-destination ${vm}`,
            ],
          },
          { name: `${prefix}-float-snat`, rules: [`-s ${vm}/32 -j SNAT --to-source ${floating}`] },
          {
            name: `${prefix}-snat`,
            rules: [
              `-j ${prefix}-float-snat`,
              `-o ${outer.interface} -j SNAT --to-source ${outer.ip}`,
              `-m mark ! --mark 0x2/0xffff -m conntrack --ctstate DNAT -j SNAT --to-source ${outer.ip}`,
            ],
          },
          {
            name: 'neutron-postrouting-bottom',
            rules: [`-m comment --comment "Perform source NAT on outgoing traffic." -j ${prefix}-snat`],
          },
        ],
      },
      {
        name: 'filter',
        chains: [
          { name: 'INPUT', policy: 'ACCEPT', rules: [`-j ${prefix}-INPUT`] },
          { name: 'FORWARD', policy: 'ACCEPT', rules: ['-j neutron-filter-top', `-j ${prefix}-FORWARD`] },
          { name: 'OUTPUT', policy: 'ACCEPT', rules: ['-j neutron-filter-top'] },
          { name: 'neutron-filter-top', rules: [`-j ${prefix}-local`] },
          { name: `${prefix}-local`, rules: [] },
          {
            name: `${prefix}-INPUT`,
            rules: ['-m mark --mark 0x1/0xffff -j ACCEPT', '-p tcp -m tcp --dport 9697 -j DROP'],
          },
          { name: `${prefix}-FORWARD`, rules: scopes ? [`-j ${prefix}-scope`] : [] },
          { name: `${prefix}-scope`, rules: [`-o ${inner.interface} -m mark ! --mark ${innerScope} -j DROP`] },
        ],
      },
    ],
    servers: [{ protocol: 'tcp', port: 9697 }],
    services: [
      { ip: vm, protocol: 'tcp', port },
      { ip: far.right.ip, protocol: 'tcp', port: 443 },
    ],
    probes: [
      tcp('floating address', 'right', far.right.ip, floating, port),
      tcp('vm with a floating address to the internet', 'left', vm, far.right.ip, 443),
      tcp('vm to the internet', 'left', plain, far.right.ip, 443),
      tcp('metadata', 'left', plain, '169.254.169.254', 80),
      tcp('metadata proxy directly', 'left', plain, inner.ip, 9697),
      tcp('vm without a floating address', 'right', far.right.ip, plain, port),
    ],
  }
}
