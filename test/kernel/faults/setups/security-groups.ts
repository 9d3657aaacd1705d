/** Security groups as OpenStack's firewall writes them for routed ports: chains of a port, where RETURN lets through, and a set of a group's members. */
import { type MakeSetup, tcp, udp } from '../setup.ts'

export const securityGroups: MakeSetup = (random, { sides, hosts }) => {
  const { right } = sides
  const [vm, otherVm] = hosts.filter(({ side }) => side === 'right')
  const [member, second, stranger] = hosts.filter(({ side }) => side === 'left').map(({ ip }) => ip) as [
    string,
    string,
    string,
  ]
  const id = random.pick(['3d1f9c2e-7', 'a04be611-c', '77c0ffee-1'])
  const set = `NIPv4${random.pick(['c1b4d2a8', '0f3e5d7c'])}`
  const port = random.pick([22, 8080])
  const agent = 'neutron-openvswi'
  const chain = (letter: string) => `${agent}-${letter}${id}`
  return {
    name: 'security groups',
    about: `port ${port} for all, everything for members of ${set}`,
    sets: [`create ${set} hash:net family inet`, `add ${set} ${member}`, `add ${set} ${second}`],
    tables: [
      {
        name: 'filter',
        chains: [
          { name: 'INPUT', policy: 'ACCEPT', rules: [`-j ${agent}-INPUT`] },
          { name: 'FORWARD', policy: 'ACCEPT', rules: ['-j neutron-filter-top', `-j ${agent}-FORWARD`] },
          { name: 'OUTPUT', policy: 'ACCEPT', rules: ['-j neutron-filter-top'] },
          { name: 'neutron-filter-top', rules: [`-j ${agent}-local`] },
          { name: `${agent}-local`, rules: [] },
          { name: `${agent}-INPUT`, rules: [] },
          {
            name: `${agent}-FORWARD`,
            rules: [
              `-o ${right.interface} -m comment --comment "Direct traffic from the VM interface to the security group chain." -j ${agent}-sg-chain`,
              `-i ${right.interface} -m comment --comment "Direct traffic from the VM interface to the security group chain." -j ${agent}-sg-chain`,
            ],
          },
          {
            name: `${agent}-sg-chain`,
            rules: [
              `-d ${vm!.ip}/32 -o ${right.interface} -j ${chain('i')}`,
              `-s ${vm!.ip}/32 -i ${right.interface} -j ${chain('o')}`,
              '-j ACCEPT',
            ],
          },
          {
            name: chain('i'),
            rules: [
              '-m state --state RELATED,ESTABLISHED -m comment --comment "Direct packets associated with a known session to the RETURN chain." -j RETURN',
              `-p tcp -m tcp --dport ${port} -j RETURN`,
              `-m set --match-set ${set} src -j RETURN`,
              '-m state --state INVALID -m comment --comment "Drop packets that appear related to an existing connection." -j DROP',
              `-m comment --comment "Send unmatched traffic to the fallback chain." -j ${agent}-sg-fallback`,
            ],
          },
          {
            name: chain('o'),
            rules: [
              `-j ${chain('s')}`,
              '-p udp -m udp --sport 67 --dport 68 -m comment --comment "Prevent DHCP Spoofing by VM." -j DROP',
              '-m state --state RELATED,ESTABLISHED -m comment --comment "Direct packets associated with a known session to the RETURN chain." -j RETURN',
              '-j RETURN',
              `-m comment --comment "Send unmatched traffic to the fallback chain." -j ${agent}-sg-fallback`,
            ],
          },
          {
            name: chain('s'),
            rules: [
              `-s ${vm!.ip}/32 -m mac --mac-source ${vm!.mac} -m comment --comment "Allow traffic from defined IP/MAC pairs." -j RETURN`,
              '-m comment --comment "Drop traffic without an IP/MAC allow rule." -j DROP',
            ],
          },
          {
            name: `${agent}-sg-fallback`,
            rules: ['-m comment --comment "Default drop rule for unmatched traffic." -j DROP'],
          },
        ],
      },
    ],
    services: [
      { ip: vm!.ip, protocol: 'tcp', port },
      { ip: vm!.ip, protocol: 'tcp', port: 5432 },
      { ip: vm!.ip, protocol: 'udp', port: 514 },
      { ip: stranger, protocol: 'tcp', port: 443 },
    ],
    probes: [
      tcp('database from a member', 'left', member, vm!.ip, 5432),
      tcp('open port', 'left', stranger, vm!.ip, port),
      udp('log from a member', 'left', second, vm!.ip, 514),
      tcp('vm to its neighbour', 'right', vm!.ip, stranger, 443),
      tcp('database from a stranger', 'left', stranger, vm!.ip, 5432),
      tcp('another vm', 'left', stranger, otherVm!.ip, 80),
    ],
  }
}
