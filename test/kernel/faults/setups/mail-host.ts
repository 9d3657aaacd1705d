/** A host with mail and web: a chain for each service, lists of ipset, limits by hashlimit and recent, and an output that is guarded. */
import { type MakeSetup, ping, tcp, udp } from '../setup.ts'

export const mailHost: MakeSetup = (random, { sides, hosts, far }) => {
  const { left: net, right: staff } = sides
  const [relay, monitor] = hosts.filter(({ side }) => side === 'left').map(({ ip }) => ip) as [string, string]
  const [admin, colleague] = hosts.filter(({ side }) => side === 'right').map(({ ip }) => ip) as [string, string]
  const submission = random.pick([587, 465])
  const byNet = random.chance(0.5)
  const recent = '--name ssh --mask 255.255.255.255 --rsource'
  const drop = ['-m limit --limit 5/min -j LOG --log-prefix "mail drop: "', '-j DROP']
  return {
    name: 'mail host',
    about: `submission ${submission}, staff by ${byNet ? 'network' : 'addresses'}`,
    sets: [
      'create staff hash:net family inet',
      ...(byNet ? [`add staff ${staff.net}`] : [`add staff ${admin}`, `add staff ${colleague}`]),
      'create blocked hash:net family inet',
      'add blocked 192.0.2.0/25',
      'create monitors hash:ip family inet',
      `add monitors ${monitor}`,
      'add monitors 192.0.2.200',
    ],
    tables: [
      {
        name: 'nat',
        chains: [
          {
            name: 'PREROUTING',
            policy: 'ACCEPT',
            rules: [`-i ${net.interface} -p tcp -m tcp --dport 2525 -j REDIRECT --to-ports ${submission}`],
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
              '-i lo -j ACCEPT',
              '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
              '-m conntrack --ctstate INVALID -j DROP',
              '-m set --match-set blocked src -j DROP',
              '-p tcp -m tcp --dport 22 -j SSH',
              '-p tcp -m multiport --dports 25,465,587 -j MAIL',
              '-p tcp -m multiport --dports 80,443 -j WEB',
              '-p udp -m udp --dport 161 -m set --match-set monitors src -j ACCEPT',
              '-p icmp -m icmp --icmp-type 8 -m limit --limit 200/sec --limit-burst 100 -j ACCEPT',
              ...drop,
            ],
          },
          {
            name: 'SSH',
            rules: [
              '-m set --match-set staff src -j ACCEPT',
              `-m recent --set ${recent}`,
              `-m recent --update --seconds 1 --hitcount 15 ${recent} -j DROP`,
              `-s ${monitor}/32 -j ACCEPT`,
              '-p tcp -j REJECT --reject-with tcp-reset',
            ],
          },
          {
            name: 'MAIL',
            rules: [
              `-s ${relay}/32 -j ACCEPT`,
              '-p tcp -m tcp --dport 25 -m hashlimit --hashlimit-upto 100/sec --hashlimit-burst 200 --hashlimit-mode srcip --hashlimit-name smtp -j ACCEPT',
              '-s 198.18.0.0/15 -p tcp -m tcp --dport 587 -j DROP',
              `-p tcp -m tcp --dport ${submission} -m conntrack --ctstate NEW -j ACCEPT`,
            ],
          },
          {
            name: 'WEB',
            rules: [
              '-s 192.0.2.128/25 -p tcp -m tcp --dport 80 -j REJECT --reject-with icmp-port-unreachable',
              '-p tcp -m connlimit --connlimit-above 50 --connlimit-mask 32 --connlimit-saddr -j REJECT --reject-with tcp-reset',
              '-j ACCEPT',
            ],
          },
          {
            name: 'OUTPUT',
            policy: 'DROP',
            rules: [
              '-o lo -j ACCEPT',
              '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
              '-p udp -m multiport --dports 53,123 -j ACCEPT',
              '-p tcp -m multiport --dports 25,443 -m conntrack --ctstate NEW -j ACCEPT',
              `-d ${staff.net} -p udp -m udp --dport 514 -j ACCEPT`,
              '-j REJECT --reject-with icmp-admin-prohibited',
            ],
          },
        ],
      },
    ],
    servers: [
      { protocol: 'tcp', port: 22 },
      { protocol: 'tcp', port: 25 },
      { protocol: 'tcp', port: submission },
      { protocol: 'tcp', port: 443 },
      { protocol: 'udp', port: 161 },
    ],
    services: [
      { ip: far.left.ip, protocol: 'udp', port: 53 },
      { ip: admin, protocol: 'udp', port: 514 },
    ],
    probes: [
      tcp('mail from the internet', 'left', far.left.ip, net.ip, 25),
      tcp('submission by its other port', 'left', far.left.ip, net.ip, 2525),
      tcp('submission', 'left', far.left.ip, net.ip, submission),
      tcp('web', 'left', far.left.ip, net.ip, 443),
      tcp('ssh by staff', 'right', colleague, staff.ip, 22),
      tcp('ssh by the monitor', 'left', monitor, net.ip, 22),
      udp('figures for the monitor', 'left', monitor, net.ip, 161),
      udp('name server of another', 'router', net.ip, far.left.ip, 53),
      udp('its own log', 'router', staff.ip, admin, 514),
      ping('ping', 'left', far.left.ip, net.ip),
      tcp('ssh by another', 'left', far.left.ip, net.ip, 22),
      udp('figures for another', 'left', relay, net.ip, 161),
    ],
  }
}
