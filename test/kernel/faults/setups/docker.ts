/** A Docker host: published ports, containers' way out, isolation stages, an administrator's DOCKER-USER. */
import { type MakeSetup, tcp, udp } from '../setup.ts'

export const docker: MakeSetup = (random, { sides, hosts, far }) => {
  const { left, right } = sides
  const bridge = right.interface
  const [web, mail] = hosts.filter(({ side }) => side === 'right').map(({ ip }) => ip) as [string, string]
  const [client, other] = hosts.filter(({ side }) => side === 'left').map(({ ip }) => ip) as [string, string]
  const published = random.int(8000, 8999)
  const inside = random.pick([80, 3000, 5000])
  const guarded = random.chance(0.5)
  return {
    name: 'Docker',
    about: `published ${published} → ${inside}${guarded ? ', DOCKER-USER lets in two networks' : ''}`,
    tables: [
      {
        name: 'nat',
        chains: [
          { name: 'PREROUTING', policy: 'ACCEPT', rules: ['-m addrtype --dst-type LOCAL -j DOCKER'] },
          { name: 'INPUT', policy: 'ACCEPT', rules: [] },
          { name: 'OUTPUT', policy: 'ACCEPT', rules: ['! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER'] },
          {
            name: 'POSTROUTING',
            policy: 'ACCEPT',
            rules: [
              `-s ${right.net} ! -o ${bridge} -j MASQUERADE`,
              `-s ${web}/32 -d ${web}/32 -p tcp -m tcp --dport ${inside} -j MASQUERADE`,
              `-s ${mail}/32 -d ${mail}/32 -p udp -m udp --dport 514 -j MASQUERADE`,
            ],
          },
          {
            name: 'DOCKER',
            rules: [
              `-i ${bridge} -j RETURN`,
              `! -i ${bridge} -p tcp -m tcp --dport ${published} -j DNAT --to-destination ${web}:${inside}`,
              `! -i ${bridge} -p udp -m udp --dport 514 -j DNAT --to-destination ${mail}:514`,
              `! -i ${bridge} -p tcp -m tcp --dport ${published + 1000} -j DNAT --to-destination ${mail}:25`,
            ],
          },
        ],
      },
      {
        name: 'filter',
        chains: [
          { name: 'INPUT', policy: 'ACCEPT', rules: [] },
          {
            name: 'FORWARD',
            policy: 'DROP',
            rules: [
              '-j DOCKER-USER',
              '-j DOCKER-ISOLATION-STAGE-1',
              `-o ${bridge} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
              `-o ${bridge} -j DOCKER`,
              `-i ${bridge} ! -o ${bridge} -j ACCEPT`,
              `-i ${bridge} -o ${bridge} -j ACCEPT`,
            ],
          },
          { name: 'OUTPUT', policy: 'ACCEPT', rules: [] },
          {
            name: 'DOCKER',
            rules: [
              `-d ${web}/32 ! -i ${bridge} -o ${bridge} -p tcp -m tcp --dport ${inside} -j ACCEPT`,
              `-d ${mail}/32 ! -i ${bridge} -o ${bridge} -p udp -m udp --dport 514 -j ACCEPT`,
              `-d ${mail}/32 ! -i ${bridge} -o ${bridge} -p tcp -m tcp --dport 25 -j ACCEPT`,
            ],
          },
          {
            name: 'DOCKER-ISOLATION-STAGE-1',
            rules: [`-i ${bridge} ! -o ${bridge} -j DOCKER-ISOLATION-STAGE-2`, '-j RETURN'],
          },
          { name: 'DOCKER-ISOLATION-STAGE-2', rules: [`-o ${bridge} -j DROP`, '-j RETURN'] },
          {
            name: 'DOCKER-USER',
            rules: guarded
              ? [
                  `-i ${left.interface} -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN`,
                  `-s ${left.net} -i ${left.interface} -j RETURN`,
                  `-s ${far.left.net} -i ${left.interface} -p tcp -m conntrack --ctorigdstport ${published} -j RETURN`,
                  `-i ${left.interface} -j DROP`,
                  '-j RETURN',
                ]
              : ['-j RETURN'],
          },
        ],
      },
    ],
    servers: [{ protocol: 'tcp', port: 22 }],
    services: [
      { ip: web, protocol: 'tcp', port: inside },
      { ip: mail, protocol: 'tcp', port: 25 },
      { ip: mail, protocol: 'udp', port: 514 },
      { ip: far.left.ip, protocol: 'tcp', port: 443 },
    ],
    probes: [
      tcp('published port', 'left', client, left.ip, published),
      tcp('published port from the internet', 'left', far.left.ip, left.ip, published),
      tcp('container to the internet', 'right', web, far.left.ip, 443),
      udp('published log port', 'left', other, left.ip, 514),
      tcp('published mail', 'left', client, left.ip, published + 1000),
      tcp('ssh to the host', 'left', client, left.ip, 22),
      tcp('a port that is not published', 'left', client, web, 9999),
      tcp('the mail container directly', 'left', other, mail, 110),
    ],
  }
}
