/** A rule of nat for what comes in, where this host sends the packet itself. */
import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import type { Host, Packet } from '../../../src/index.ts'
import { explainFile, worldOf } from '../../journey/journeys.ts'
import { ROUTER } from '../../simulate/world.ts'
import { type Case, findingsOf, LISTENS_ON, played, SYN, told } from './played.ts'

describe('never-reached, of what this host sends itself', () => {
  const OWN: Packet = { ...SYN, out: 'lo', src: '127.0.0.1', dst: '127.0.0.1' }
  delete OWN.in
  const REDIRECT = '-A PREROUTING ! -i eth9 -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8080'
  const own = (host: Host, rule = REDIRECT, packet = OWN): Case => ({
    ...{ rules: { nat: [rule], filter: [] }, packet, host },
  })

  it('needs the rule of PREROUTING without its interface, on its way to this host', () => {
    expect(told(own(LISTENS_ON(8080)), 'never-reached')).toEqual({
      message:
        'nat PREROUTING rule 1 redirects port 80 to 8080, where a program listens, but this host sends the packet itself: such packets traverse nat OUTPUT, not PREROUTING.',
      rules: ['nat PREROUTING rule 1'],
      fix: 'iptables -t nat -A OUTPUT -o lo -p tcp --dport 80 -j REDIRECT --to-ports 8080 → delivered',
    })
  })

  it('needs one that is for what comes in by the link of its destination', () => {
    const forwards = (device: string) => ({
      ...own({}, '', { ...OWN, src: '10.0.1.1', dst: '10.0.1.1' }),
      rules: {
        nat: [
          '-A PREROUTING -j guests',
          `-A guests -d 10.0.1.1/32 -i ${device} -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.2.9:8080`,
        ],
        filter: [],
      },
      host: LISTENS_ON(22),
    })
    expect(findingsOf(played(forwards('eth0')), 'never-reached').map(({ message }) => message)).toEqual([
      'nat guests rule 1 would have rewritten its destination, but this host sends the packet itself: such packets traverse nat OUTPUT, not PREROUTING.',
    ])
    expect(told(forwards('eth0'), 'never-reached')?.fix).toMatch(
      /^iptables -t nat -A OUTPUT -s 10.0.1.1 -d 10.0.1.1 -o lo -p tcp --dport 80 -j DNAT --to-destination 10.0.2.9:8080 → sent/,
    )
    expect(told(forwards('eth1'), 'never-reached')?.message ?? '').not.toContain('sends the packet itself')
  })

  it('names the hook that the packet does not traverse: OUTPUT may lead others to that very chain', () => {
    const docker = [
      '-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER',
      '-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER',
      '-A DOCKER ! -i docker0 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.2.9:80',
    ]
    const one: Case = { ...own(LISTENS_ON(22)), rules: { nat: docker, filter: [] } }
    expect(findingsOf(played(one), 'never-reached').map(({ message }) => message)).toEqual([
      'nat DOCKER rule 1 would have rewritten its destination, but this host sends the packet itself: such packets traverse nat OUTPUT, not PREROUTING.',
    ])
  })

  it('is rewritten alone where the rule is for one interface: what is for others of its addresses stays here', () => {
    const rule = '-A PREROUTING -i eth0 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.2.9:80'
    expect(told(own(LISTENS_ON(22), rule, { ...OWN, src: '10.0.1.1', dst: '10.0.1.1' }), 'never-reached')?.fix).toMatch(
      /^iptables -t nat -A OUTPUT -s 10.0.1.1 -d 10.0.1.1 -o lo -p tcp --dport 80 -j DNAT --to-destination 10.0.2.9:80 → /,
    )
  })

  it('is not told to start the program, which listens where the rule redirects to', () => {
    const words = (rule: string) =>
      findingsOf(played(own(LISTENS_ON(8080), rule)), 'closed-port').flatMap(({ fix }) =>
        fix.map(({ description }) => description),
      )
    expect(words(REDIRECT)).toEqual([])
    expect(words(REDIRECT.replace('--dport 80 ', '--dport 81 '))).toContain(
      'start the program, or make it listen on 127.0.0.1:80',
    )
  })

  it('needs a chain of nft at hook output, which nobody has made', () => {
    const world = worldOf(
      'table ip nat {\n\tchain prerouting {\n\t\ttype nat hook prerouting priority dstnat; policy accept;\n\t\ttcp dport 80 redirect to :8080 # handle 4\n\t}\n}\ntable ip filter {\n\tchain input {\n\t\ttype filter hook input priority filter; policy accept;\n\t}\n}\n',
    )
    Object.assign(world.host, ROUTER, { ...LISTENS_ON(8080), listening: ['tcp'] })
    const text = [
      'trace id 0a0b0c0d ip filter input packet: iif "lo" ip saddr 127.0.0.1 ip daddr 127.0.0.1 ip ttl 64 ip id 7 ip protocol tcp ip length 60 tcp sport 40000 tcp dport 80 tcp flags == syn tcp window 64240 ',
      'trace id 0a0b0c0d ip filter input policy accept ',
      '',
    ]
    const output = text.map((line) => line.replace('input', 'output').replace('iif', 'oif'))
    const hooked = worldOf(
      'table ip filter {\n\tchain output {\n\t\ttype filter hook output priority filter; policy accept;\n\t}\n\tchain input {\n\t\ttype filter hook input priority filter; policy accept;\n\t}\n}\n',
    )
    world.tables.splice(1, 1, ...hooked.tables)
    const { journeys } = explainFile([...output.slice(0, 2), ...text].join('\n'), world)
    const [found] = findingsOf(journeys[0]!, 'never-reached')
    expect(found?.message).toBe(
      'ip nat prerouting handle 4 redirects port 80 to 8080, where a program listens, but this host sends the packet itself: such packets traverse hook output, not prerouting.',
    )
    expect(String(fixCommands(found!.fix[0]!).command)).toMatch(
      /^nft add chain ip nat output .*type nat hook output .* tcp dport 80 redirect to :8080 /s,
    )
  })

  it('takes nothing from a program that has the port on another address, nor what goes elsewhere', () => {
    const beside: Host = {
      sockets: [{ protocol: 'tcp', family: 'ip', state: 'LISTEN', address: '10.0.1.1', port: 80 }],
    }
    const such = 'iptables -t nat -A OUTPUT -s 127.0.0.1 -d 127.0.0.1 -o lo -p tcp --dport 80'
    expect(told(own(beside), 'never-reached')?.fix).toContain(such)
    const chosen = ['-A PREROUTING -p tcp -j web', '-A web -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8080']
    const one = { ...own(LISTENS_ON(8080)), rules: { nat: chosen, filter: [] } }
    expect(told(one, 'never-reached')?.fix).not.toContain('-A OUTPUT -o lo -p tcp --dport 80')
  })
})
