/** nat sends it to one place, and something else that is there for it speaks of another. */
import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { explainFile, worldOf } from '../../journey/journeys.ts'
import { entry, ROUTER } from '../../simulate/world.ts'
import { type Case, findingsOf, LISTENS_ON, TO_ROUTER, told } from './played.ts'

const ESTABLISHED = '[9:540] -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'
const forward = (to: string, accept: string): Case => ({
  rules: {
    nat: [`-A PREROUTING -d 10.0.1.1/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination ${to}`],
    filter: ['-P FORWARD DROP', ESTABLISHED, accept],
  },
  packet: TO_ROUTER,
})
const WEB = '[0:0] -A FORWARD -d 10.0.2.9/32 -p tcp -m tcp --dport 80 -j ACCEPT'

describe('dnat-mismatch', () => {
  it('is a forward to the destination that the packet has already, where nothing here serves it', () => {
    const itself = (accept: string, ...ports: number[]): Case => ({
      rules: {
        nat: ['-A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.1.1:80'],
        filter: ['-P INPUT DROP', '-A INPUT -m conntrack --ctstate DNAT -j ACCEPT', accept],
      },
      packet: TO_ROUTER,
      host: LISTENS_ON(22, ...ports),
    })
    const ssh = '-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT'
    expect(told(itself(ssh), 'dnat-mismatch')).toMatchObject({
      message:
        'nat PREROUTING rule 1 sends it to 10.0.1.1:80, which is its destination already: nothing is rewritten, and the packet stays on this host, where no program listens on that port.',
      rules: ['nat PREROUTING rule 1'],
    })
    expect(told(itself(ssh, 80), 'dnat-mismatch')).toBeUndefined()
    expect(told({ ...itself(ssh), host: {} }, 'dnat-mismatch')?.message).toMatch(/stays on this host\.$/)
  })

  it('is a filter rule for another address, or port', () => {
    expect(told(forward('10.0.2.8', WEB), 'dnat-mismatch')).toMatchObject({
      rules: ['nat PREROUTING rule 1', 'filter FORWARD rule 2'],
      fix: 'iptables -t nat -R PREROUTING 1 -d 10.0.1.1 -p tcp --dport 80 -j DNAT --to-destination 10.0.2.9 → forwarded',
    })
    expect(told(forward('10.0.2.9:81', WEB), 'dnat-mismatch')?.fix).toMatch(/--to-destination 10.0.2.9:80 → forwarded$/)
  })

  it('is the filter rule that is mended where the forward keeps the port', () => {
    const other = '[0:0] -A FORWARD -d 10.0.2.9/32 -p tcp -m tcp --dport 81 -j ACCEPT'
    expect(told(forward('10.0.2.9:80', other), 'dnat-mismatch')?.fix).toBe(
      'iptables -R FORWARD 2 -d 10.0.2.9 -p tcp --dport 80 -j ACCEPT → forwarded',
    )
  })

  it.each([
    ['-d 10.0.2.9/32 -p tcp -m tcp', '10.0.2.9:30080', '-d 10.0.2.9'],
    ['-i eth0 -p tcp -m tcp', 'port 30080', '-i eth0'],
  ])('is the filter rule for the port of before a forward to another port: %s', (condition, matches, kept) => {
    const rules = {
      nat: [
        '-A PREROUTING -j KUBE-NODEPORTS',
        '-A PREROUTING -i eth9 -p tcp -m tcp --dport 30080 -j KUBE-SEP',
        '-A KUBE-NODEPORTS -p tcp -m multiport --dports 30080,30443 -j KUBE-SEP',
        '-A KUBE-SEP -p tcp -m tcp -j DNAT --to-destination 10.0.2.9:8000',
      ],
      filter: ['-P FORWARD DROP', ESTABLISHED, `[0:0] -A FORWARD ${condition} --dport 30080 -j ACCEPT`],
    }
    expect(told({ rules, packet: { ...TO_ROUTER, dport: 30_080 } }, 'dnat-mismatch')).toEqual({
      message: `nat KUBE-SEP rule 1 sends it to 10.0.2.9:8000, while filter FORWARD rule 2 matches ${matches}, the port it had before NAT.`,
      rules: ['nat KUBE-SEP rule 1', 'filter FORWARD rule 2'],
      fix: `iptables -R FORWARD 2 ${kept} -p tcp --dport 8000 -j ACCEPT → forwarded`,
    })
  })

  it('is the forward where another rule speaks of that host with the port of before', () => {
    const rules = {
      nat: ['-A PREROUTING -d 10.0.1.1/32 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.0.2.9:555'],
      filter: [
        '-P FORWARD DROP',
        ESTABLISHED,
        '-A FORWARD -i eth7 -d 10.0.2.9/32 -p tcp -m tcp --dport 8080 -j ACCEPT',
        '[0:0] -A FORWARD -d 10.0.2.9/32 -p tcp -m tcp --dport 8080 -j ACCEPT',
      ],
    }
    expect(told({ rules, packet: { ...TO_ROUTER, dport: 8080 } }, 'dnat-mismatch')?.fix).toMatch(
      /^iptables -t nat -R PREROUTING 1 .*--to-destination 10.0.2.9:8080 /,
    )
  })

  it('is no other service of this host, where a program listens for what nat sends there', () => {
    const rules = {
      nat: ['-A PREROUTING -i eth0 -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8080'],
      filter: ['-P INPUT DROP', '[0:0] -A INPUT -d 10.0.1.1/32 -p tcp -m tcp --dport 4990 -j ACCEPT'],
    }
    const on = (port: number) =>
      told({ rules, packet: { ...TO_ROUTER, dst: '10.0.2.2' }, host: LISTENS_ON(port) }, 'dnat-mismatch')
    expect(on(8080)).toBeUndefined()
    expect(on(22)?.message).toBe(
      'nat PREROUTING rule 1 sends it to 10.0.1.1:8080, while filter INPUT rule 1 matches 10.0.1.1:4990. Which of the two is right is unknown.',
    )
  })

  it('is a filter rule that comes too late, besides', () => {
    const late: Case = forward('10.0.2.9:81', '-A FORWARD -j REJECT')
    expect(told({ ...late, rules: { ...late.rules, filter: [...late.rules.filter!, WEB] } }, 'dnat-mismatch')).toEqual({
      message:
        'nat PREROUTING rule 1 sends it to 10.0.2.9:81, while filter FORWARD rule 3 matches 10.0.2.9:80. Which of the two is right is unknown.',
      rules: ['nat PREROUTING rule 1', 'filter FORWARD rule 3'],
      fix: 'iptables -t nat -R PREROUTING 1 -d 10.0.1.1 -p tcp --dport 80 -j DNAT --to-destination 10.0.2.9:80 → rejected',
    })
  })

  it('is a filter rule for another host on the way that leads there', () => {
    const rules = ['10.0.1.9', WEB.replace(' -p tcp', ' -o eth1 -p tcp')] as const
    expect(told(forward(...rules), 'dnat-mismatch')?.fix).toMatch(/--to-destination 10.0.2.9 → forwarded$/)
    const other = WEB.replace(' -p tcp', ' -o eth7 -p tcp')
    expect(told(forward('10.0.1.9', other), 'dnat-mismatch')).toBeUndefined()
  })

  it('is the forward, of which there is a copy', () => {
    const { rules, ...one } = forward('10.0.2.8', WEB)
    const [own] = rules.nat!
    const nat = [
      own!.replace(' -p tcp', ' -s 10.0.1.2/32 -p tcp'),
      '-A PREROUTING -i eth7 -j user',
      own!.replace('PREROUTING', 'user'),
    ]
    expect(told({ ...one, rules: { ...rules, nat } }, 'dnat-mismatch')?.fix).toMatch(
      /-R PREROUTING 1 .*10.0.2.9 → forwarded$/,
    )
  })

  it('corrects the filter rule where others speak of where nat sends it', () => {
    const rules = {
      nat: ['-A PREROUTING -d 10.0.1.1/32 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.0.2.9:80'],
      filter: [
        '-P FORWARD DROP',
        ESTABLISHED,
        '-A FORWARD -j user',
        '-A FORWARD -i eth7 -d 10.0.2.9/32 -p tcp -m tcp --dport 80 -j ACCEPT',
        '[0:0] -A user -d 10.0.2.9/32 -p tcp -m tcp --dport 8080 -j ACCEPT',
      ],
    }
    expect(told({ rules, packet: { ...TO_ROUTER, dport: 8080 } }, 'dnat-mismatch')?.fix).toBe(
      'iptables -R user 1 -d 10.0.2.9 -p tcp --dport 80 -j ACCEPT → forwarded',
    )
  })

  it('corrects the filter rule where the host that nat sends it to has answered', () => {
    const neighbour = { family: 'ip', address: '10.0.2.8', device: 'eth1', mac: '02:00:00:00:00:08' } as const
    const found = (host: Case['host']) =>
      told({ ...forward('10.0.2.8', WEB), ...(host ? { host } : {}) }, 'dnat-mismatch')
    expect(found({ neighbours: [{ ...neighbour, state: ['REACHABLE'] }] })?.fix).toMatch(
      /^iptables -R FORWARD 2 .*10.0.2.8/,
    )
    const reply = { src: '10.0.2.8', dst: '10.0.1.7', sport: 80, dport: 40_001 }
    const original = { src: '10.0.1.7', dst: '10.0.1.1', sport: 40_001, dport: 80 }
    expect(found({ conntrack: [entry({ original, reply, status: [] })] })?.fix).toMatch(/^iptables -R FORWARD 2 /)
    expect(found({ conntrack: [entry({ original, reply, status: ['unreplied'] })] })?.fix).toMatch(/-R PREROUTING 1 /)
  })

  it.each([
    [
      'it is for another host and another service',
      '[0:0] -A FORWARD -d 10.0.2.9/32 -p tcp -m tcp --dport 443 -j ACCEPT',
    ],
    [
      'one for the very place is wrong in its protocol',
      WEB,
      '[0:0] -A FORWARD -d 10.0.2.8/32 -p udp -m udp --dport 80 -j ACCEPT',
    ],
  ])('is no filter rule where %s', (_name, accept, ...more) => {
    const one = forward('10.0.2.8', accept)
    expect(
      told({ ...one, rules: { ...one.rules, filter: [...one.rules.filter!, ...more] } }, 'dnat-mismatch'),
    ).toBeUndefined()
  })

  it('is a rule of nat that was to give it a source', () => {
    const rules = {
      nat: [
        '-A PREROUTING -d 10.0.1.1/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.1.9:555',
        '-A PREROUTING -i eth1 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.1.9:554',
        '[0:0] -A POSTROUTING -s 10.0.1.0/24 -d 10.0.1.9/32 -p tcp -m tcp --dport 554 -j SNAT --to-source 10.0.1.1',
      ],
      filter: [],
    }
    expect(told({ rules, packet: TO_ROUTER }, 'dnat-mismatch')).toMatchObject({
      rules: ['nat PREROUTING rule 1', 'nat POSTROUTING rule 1'],
      fix: 'iptables -t nat -R PREROUTING 1 -d 10.0.1.1 -p tcp --dport 80 -j DNAT --to-destination 10.0.1.9:554 → forwarded',
    })
  })

  it('is no filter rule for another port, where nat leaves the port as it is', () => {
    const other = '[0:0] -A FORWARD -d 10.0.2.8/32 -p tcp -m tcp --dport 8443 -j ACCEPT'
    expect(told(forward('10.0.2.8', other), 'dnat-mismatch')).toBeUndefined()
    expect(told(forward('10.0.2.8:81', other), 'dnat-mismatch')?.fix).toMatch(/--to-destination 10.0.2.8:8443 → /)
  })

  it('is none of a rule that took it from the one that was meant for it', () => {
    const one = forward('10.0.2.8', WEB)
    const [skips] = one.rules.nat!
    const meant = skips!.replace('10.0.2.8', '10.0.2.9')
    expect(told({ ...one, rules: { ...one.rules, nat: [skips!, meant] } }, 'dnat-mismatch')).toBeUndefined()
  })

  it('is a comment of kube-proxy', () => {
    const nat = [
      '-A PREROUTING -d 10.0.1.1/32 -p tcp -m tcp --dport 80 -j svc',
      '-A svc -m comment --comment "default/web:http -> 10.0.2.9:8080" -j sep',
      '-A sep -p tcp -m tcp -j DNAT --to-destination 10.0.2.8:8080',
    ]
    const found = told({ rules: { nat, filter: [] }, packet: TO_ROUTER }, 'dnat-mismatch')
    expect(found).toMatchObject({ rules: ['nat sep rule 1', 'nat svc rule 1'] })
    expect(found?.fix).toMatch(/--to-destination 10.0.2.9:8080 → forwarded$/)
    const right = nat.with(2, nat[2]!.replace('10.0.2.8', '10.0.2.9'))
    expect(told({ rules: { nat: right, filter: [] }, packet: TO_ROUTER }, 'dnat-mismatch')).toBeUndefined()
  })

  it('is a program that listens next to it', () => {
    const redirect = (port: number): Case => ({
      rules: { nat: ['-A PREROUTING -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8081'], filter: [] },
      packet: TO_ROUTER,
      host: LISTENS_ON(port),
    })
    expect(told(redirect(8080), 'dnat-mismatch')?.fix).toBe(
      'iptables -t nat -R PREROUTING 1 -p tcp --dport 80 -j REDIRECT --to-ports 8080 → delivered',
    )
    for (const port of [8081, 443]) expect(told(redirect(port), 'dnat-mismatch')).toBeUndefined()
  })

  it('is a program that listens on the address that was asked, where redirect takes another one', () => {
    const redirect = (target: string, address: string): Case => ({
      rules: { nat: [`-A PREROUTING -p tcp -m tcp --dport 80 -j ${target}`], filter: [] },
      packet: { ...TO_ROUTER, dst: '10.0.2.1' },
      host: { sockets: [{ protocol: 'tcp', family: 'ip', state: 'LISTEN', address, port: 8081 }] },
    })
    const found = told(redirect('REDIRECT --to-ports 8081', '10.0.2.1'), 'dnat-mismatch')
    expect(found?.message).toContain('10.0.1.1:8081, where nobody listens, while somebody listens on 10.0.2.1:8081')
    expect(found?.fix).toBe(
      'iptables -t nat -R PREROUTING 1 -p tcp --dport 80 -j DNAT --to-destination 10.0.2.1:8081 → delivered',
    )
    const dnat = told(redirect('DNAT --to-destination 10.0.1.1:8081', '10.0.2.1'), 'dnat-mismatch')
    expect(dnat?.fix).toMatch(/--to-destination 10.0.2.1:8081 → delivered$/)
    for (const address of ['10.0.1.1', '127.0.0.1'])
      expect(told(redirect('REDIRECT --to-ports 8081', address), 'dnat-mismatch')).toBeUndefined()
  })

  it.each([
    ['the rule serves others', forward('10.0.2.8', WEB.replace('[0:0]', '[4:240]'))],
    ['the rule fails for something else, too', forward('10.0.2.8', WEB.replace('-d', '-i eth7 -d'))],
    ['the packet passed', forward('10.0.2.9', WEB)],
  ])('is not told where %s', (_name, one) => {
    expect(told(one, 'dnat-mismatch')).toBeUndefined()
  })
})

describe('a rule for the destination of before nat', () => {
  // Docker's own chain for its users comes behind nat, as all of filter does
  const published = (users: string): Case => ({
    rules: {
      nat: ['-A PREROUTING -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.0.2.2:80'],
      filter: [
        '-P FORWARD DROP',
        '-A FORWARD -j DOCKER-USER',
        ESTABLISHED,
        '-A FORWARD -d 10.0.2.2/32 -p tcp -m tcp --dport 80 -j ACCEPT',
        '-A DOCKER-USER -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN',
        `-A DOCKER-USER ${users}`,
        '-A DOCKER-USER -i eth0 -j DROP',
      ],
    },
    packet: { ...TO_ROUTER, dport: 8080 },
  })

  it('with its address and port is made to ask the connection', () => {
    expect(told(published('-d 10.0.1.1/32 -i eth0 -p tcp -m tcp --dport 8080 -j RETURN'), 'dnat-mismatch')).toEqual({
      message:
        'nat PREROUTING rule 1 sends it to 10.0.2.2:80, while filter DOCKER-USER rule 2 matches 10.0.1.1:8080, the destination it had before NAT.',
      rules: ['nat PREROUTING rule 1', 'filter DOCKER-USER rule 2'],
      fix: 'iptables -R DOCKER-USER 2 -i eth0 -p tcp -m conntrack --ctorigdst 10.0.1.1 --ctorigdstport 8080 -j RETURN → forwarded',
    })
  })

  it('with a list of ports is named, and not changed: conntrack has no list', () => {
    const found = told(published('-d 10.0.1.1/32 -p tcp -m multiport --dports 443,8080 -j RETURN'), 'dnat-mismatch')
    expect(found?.message).toMatch(/rule 2 matches 10.0.1.1:8080, the destination it had before NAT\.$/)
    expect(found?.fix).toBeUndefined()
  })

  it('with a list of one port is made to ask the connection for it', () => {
    const found = told(published('-d 10.0.1.1/32 -p tcp -m multiport --dports 8080 -j RETURN'), 'dnat-mismatch')
    expect(found?.fix).toBe(
      'iptables -R DOCKER-USER 2 -p tcp -m conntrack --ctorigdst 10.0.1.1 --ctorigdstport 8080 -j RETURN → forwarded',
    )
  })

  it('with a port and a list is named, and not changed: conntrack has one option for ports', () => {
    const rule = '-d 10.0.1.1/32 -p tcp -m tcp --dport 8080 -m multiport --dports 8080 -j RETURN'
    const found = told(published(rule), 'dnat-mismatch')
    expect(found?.message).toMatch(/rule 2 matches 10.0.1.1:8080, the destination it had before NAT\.$/)
    expect(found?.fix).toBeUndefined()
  })

  it.each([
    ['-m set --match-set entries dst', 'hash:ip', '10.0.1.1'],
    ['-p tcp -m set --match-set entries dst,dst', 'hash:ip,port', '10.0.1.1,tcp:8080'],
    ['-p tcp -m set --match-set entries dst -m tcp --dport 8080', 'hash:ip', '10.0.1.1'],
  ])('with a set of destinations is named, and not changed: conntrack has no set: %s', (match, type, element) => {
    const one = (rule: string): Case => ({
      ...published(`${rule} -j RETURN`),
      sets: [{ name: 'entries', type, elements: [{ parts: element.split(',') }] }],
    })
    const found = told(one(match), 'dnat-mismatch')
    expect(found?.message).toMatch(/rule 2 matches 10.0.1.1:8080, the destination it had before NAT\.$/)
    expect(found?.fix).toBeUndefined()
    for (const other of [match.replace('--match-set', '! --match-set'), match.replace(/ dst\b/, ' src')])
      expect(told(one(other), 'dnat-mismatch')?.message ?? '').not.toContain('destination it had before NAT')
  })

  it('is the one that accepts, not one before it that returns to the same end', () => {
    const ports = '-p tcp -m multiport --dports 8000:8099'
    const nat = ['-A PREROUTING -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.0.1.1:9100']
    const returns = `-A netpol -d 10.0.1.1/32 ${ports} -j RETURN`
    const filter = ['-P INPUT DROP', '-A INPUT -j netpol', `-A INPUT ${ports} -j ACCEPT`, returns]
    const found = told({ rules: { nat, filter }, packet: { ...TO_ROUTER, dport: 8080 } }, 'dnat-mismatch')
    expect(found?.rules).toEqual(['nat PREROUTING rule 1', 'filter INPUT rule 2'])
  })

  describe('that does not decide by itself', () => {
    const such = '-d 10.0.1.1/32 -p tcp -m tcp --dport 8080'
    const more = (rule: string, ...rules: string[]): Case => {
      const { rules: all, ...one } = published(rule)
      return { ...one, rules: { ...all, filter: [...all.filter!.slice(0, -1), ...rules, '-A DOCKER-USER -j DROP'] } }
    }
    const named = (one: Case) => told(one, 'dnat-mismatch')?.message ?? ''
    const BEFORE = 'filter DOCKER-USER rule 2 matches 10.0.1.1:8080, the destination it had before NAT.'

    it('is named where the mark that it sets would have let the packet pass', () => {
      const sets = `${such} -j MARK --set-xmark 0x1/0x1`
      const asks = '-A DOCKER-USER -m mark --mark 0x1/0x1 -j RETURN'
      expect(named(more(sets, asks))).toContain(BEFORE)
      expect(told(more(sets, asks), 'dnat-mismatch')?.fix).toMatch(
        /^iptables -R DOCKER-USER 2 .*--ctorigdst 10.0.1.1 --ctorigdstport 8080 -j MARK --set-xmark 0x1\/0x1 → forwarded$/,
      )
      // nobody asks for that mark
      expect(named(more(sets))).not.toContain('had before NAT')
    })

    it('is named where the chain that it leads to would have', () => {
      expect(named(more(`${such} -j web`, '-A web -j ACCEPT'))).toContain(BEFORE)
      expect(named(more(`${such} -j web`, '-A web -i eth9 -j ACCEPT'))).not.toContain('had before NAT')
    })

    it('is named in nft, too', () => {
      const world = worldOf(
        'table ip fw {\n\tchain pre {\n\t\ttype nat hook prerouting priority dstnat; policy accept;\n\t\ttcp dport 8080 dnat to 10.0.2.2:80 # handle 3\n\t}\n\tchain allowed {\n\t\tip daddr 10.0.1.1 tcp dport 8080 meta mark set 0x00000001 # handle 5\n\t}\n\tchain fwd {\n\t\ttype filter hook forward priority filter; policy accept;\n\t\tjump allowed # handle 6\n\t\tmeta mark 0x00000001 accept # handle 7\n\t\tdrop # handle 8\n\t}\n}\n',
      )
      Object.assign(world.host, ROUTER)
      const id = 'trace id 0a0b0c0d ip fw'
      const packet = (chain: string, out: string, dst: string, port: number) =>
        `${id} ${chain} packet: iif "eth0"${out} ip saddr 10.0.1.2 ip daddr ${dst} ip ttl 64 ip id 7 ip protocol tcp ip length 60 tcp sport 40000 tcp dport ${port} tcp flags == syn tcp window 64240 `
      const lines = [
        packet('pre', '', '10.0.1.1', 8080),
        `${id} pre rule tcp dport 8080 dnat to 10.0.2.2:80 (verdict accept)`,
        packet('fwd', ' oif "eth1"', '10.0.2.2', 80),
        `${id} fwd rule jump allowed (verdict jump allowed)`,
        `${id} fwd rule drop (verdict drop)`,
        '',
      ]
      const [journey] = explainFile(lines.join('\n'), world).journeys
      const [found] = findingsOf(journey!, 'dnat-mismatch')
      expect(found?.message).toBe(
        'ip fw pre handle 3 sends it to 10.0.2.2:80, while ip fw allowed handle 5 matches 10.0.1.1:8080, the destination it had before NAT.',
      )
      expect(String(fixCommands(found!.fix[0]!).command)).toContain('ct original ip daddr 10.0.1.1')
    })
  })

  it('that would not have matched that destination either is none', () => {
    for (const users of [
      '-d 10.0.1.9/32 -p tcp -m tcp --dport 8080 -j RETURN',
      '-d 10.0.1.1/32 -s 10.9.0.0/16 -p tcp -m tcp --dport 8080 -j RETURN',
      '! -d 10.0.2.0/24 -p tcp -m tcp --dport 8080 -j RETURN',
    ])
      expect(told(published(users), 'dnat-mismatch')?.message ?? '').not.toContain('had before NAT')
  })

  it('what lets later packets go on is not widened to new connections, though a rule behind it names the service', () => {
    const found = told(published('-d 10.0.1.9/32 -p tcp -m tcp --dport 8080 -j RETURN'), 'near-miss')
    expect(found?.fix ?? '').not.toContain('NEW')
  })
})
