/** Rules for other services, and none for this one. */
import { describe, expect, it } from 'vitest'
import { findingsOf, LISTENS_ON, played, TO_ROUTER, told } from './played.ts'

const rules = (...more: string[]) => ({
  filter: [
    '-P FORWARD DROP',
    '[9:540] -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    '-A FORWARD -o eth1 -j web',
    ...more,
  ],
})

describe('missing-rule', () => {
  it('names the chain where ufw has what it is told to allow, if it has no rules', () => {
    const ufw = (...more: string[]) =>
      told(
        {
          rules: { filter: ['-P INPUT DROP', '-N ufw-user-input', '-A INPUT -j ufw-user-input', ...more] },
          packet: TO_ROUTER,
        },
        'missing-rule',
      )
    expect(ufw()).toEqual({
      message:
        'ufw-user-input, where ufw puts what it is told to allow, has no rules: nothing was allowed, or the rules were not loaded.',
      rules: ['filter INPUT rule 1'],
    })
    expect(ufw('-A ufw-user-input -p udp -m udp --dport 53 -j ACCEPT')?.message ?? '').not.toContain('has no rules')
  })

  it('names the rules of other services', () => {
    const found = told(
      {
        rules: rules(
          '[3:180] -A web -p tcp -m tcp --dport 443 -j ACCEPT',
          '[1:60] -A web -p tcp -m tcp --dport 25 -j ACCEPT',
        ),
      },
      'missing-rule',
    )
    expect(found?.message).toBe(
      'No rule accepts tcp 10.0.2.2:80. The closest, filter web rule 1 (1 more like it), only matches --dport 443.',
    )
    expect(found?.fix).toBe(
      'iptables -I web 2 -s 10.0.1.2 -d 10.0.2.2 -i eth0 -o eth1 -p tcp --dport 80 -j ACCEPT → forwarded',
    )
  })

  it('says that a router may have lost the DNAT rule of a port that none of its programs has', () => {
    const filter = ['-P INPUT DROP', '-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT']
    const off = { sysctls: new Map([['net.ipv4.ip_forward', '0']]) }
    const sends = (end: string) => `-A PREROUTING ${end} -p tcp -m tcp --dport 443 -j DNAT --to-destination 10.0.2.2`
    const said = (host: object = {}, ...nat: string[]) =>
      told({ rules: { filter, nat }, packet: TO_ROUTER, host: { ...LISTENS_ON(22), ...host } }, 'missing-rule')
        ?.message ?? ''
    const lost = 'If this host is to forward port 80 to another host, the DNAT rule is missing.'
    const ofUplink = sends('-i eth0')
    expect(said({}, ofUplink)).toContain(lost)
    expect(said({}, sends('-d 10.0.1.1/32'))).toContain(lost)
    expect(said({}, '-A PREROUTING -i eth0 -j pf', sends('').replace('PREROUTING', 'pf'))).toContain(lost)
    expect(said(LISTENS_ON(22, 80), ofUplink)).not.toContain(lost)
    expect(said({ sockets: [] }, ofUplink)).not.toContain(lost)
    expect(said(off, ofUplink)).not.toContain(lost)
    const dnat = '-A PREROUTING -i eth1 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.2.2'
    expect(said({}, ofUplink, dnat)).not.toContain(lost)
    // what a scanner asks a router, or a host of containers
    expect(said()).not.toContain(lost)
    expect(said({}, sends('-i eth1'))).not.toContain(lost)
    expect(
      said(
        {},
        '-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER',
        sends('! -i docker0').replace('PREROUTING', 'DOCKER'),
      ),
    ).not.toContain(lost)
  })

  it('names the jump to a chain without rules, by the way that the packet takes', () => {
    const empty = (jump: string) => told({ rules: { filter: ['-P FORWARD DROP', '-N web', jump] } }, 'missing-rule')
    expect(empty('-A FORWARD -o eth1 -j web')).toEqual({
      message: 'filter FORWARD rule 1 jumps to web, which has no rules: nothing accepts the packet there.',
      rules: ['filter FORWARD rule 1'],
    })
    // for what somebody may add one day
    expect(empty('-A FORWARD -j web')).toBeUndefined()
    expect(empty('-A FORWARD -m mark --mark 0x0/0x1 -j web')).toBeUndefined()
  })

  it('names no chain that a zone has for rules of its own, and that is asked for no more than the zone', () => {
    const zone = (jump: string) =>
      told({ rules: { filter: ['-P FORWARD DROP', '-N web', '-A FORWARD -i eth0 -j zone', jump] } }, 'missing-rule')
    expect(zone('-A zone -i eth0 -j web')).toBeUndefined()
    expect(zone('-A zone -o eth1 -j web')?.rules).toEqual(['filter zone rule 1'])
  })

  it('says nothing of a chain without rules where it is said that the packet came back from there', () => {
    const filter = ['-P FORWARD DROP', '-N web', '-A FORWARD -p tcp -m multiport --dports 22,80 -j web']
    expect(told({ rules: { filter } }, 'missing-rule')).toBeUndefined()
    expect(told({ rules: { filter } }, 'came-back')?.message).toBe(
      'filter FORWARD rule 1 sent it to web (tcp, --dports 22,80), but no rule there accepted it.',
    )
  })

  it('names the DNAT rules of other services, where nobody listens', () => {
    const nat = { nat: ['[3:180] -A PREROUTING -i eth0 -p tcp -m tcp --dport 443 -j DNAT --to-destination 10.0.2.9'] }
    const one = { rules: { ...nat, filter: [] }, packet: TO_ROUTER }
    expect(told({ ...one, host: LISTENS_ON(22) }, 'missing-rule')).toEqual({
      message:
        'No rule exists for tcp 10.0.1.1:80. The closest, nat PREROUTING rule 1, only matches --dport 443. That rule sends its port on to 10.0.2.9.',
      rules: ['nat PREROUTING rule 1'],
      fix: 'iptables -t nat -A PREROUTING -i eth0 -p tcp --dport 80 -j DNAT --to-destination 10.0.2.9 → forwarded',
    })
    // without an address or an interface the rule is for whatever comes
    const any = { nat: [nat.nat[0]!.replace(' -i eth0', '')], filter: [] }
    expect(told({ ...one, rules: any, host: LISTENS_ON(22) }, 'missing-rule')?.fix).toBeUndefined()
    // another port there is another service's
    const other = { nat: [`${nat.nat[0]}:8443`], filter: [] }
    expect(told({ ...one, rules: other, host: LISTENS_ON(22) }, 'missing-rule')?.fix).toBeUndefined()
    expect(told({ ...one, host: LISTENS_ON(80) }, 'missing-rule')).toBeUndefined()
    // its service has a rule, which leads elsewhere
    const own = { nat: [...nat.nat, '[1:60] -A PREROUTING -p tcp -m tcp --dport 80 -j web'], filter: [] }
    expect(told({ rules: own, packet: TO_ROUTER, host: LISTENS_ON(22) }, 'missing-rule')).toBeUndefined()
  })

  it.each([
    ['127.0.0.1', 2, 'iptables -t nat -A PREROUTING -s 10.0.1.2 -d 10.0.1.1 -i eth0 -p tcp --dport 80 '],
    ['10.0.2.1', 2, 'iptables -t nat -A PREROUTING -s 10.0.1.2 -d 10.0.1.1 -i eth0 -p tcp --dport 80 '],
    ['203.0.113.9', 1, 'iptables -t nat -I PREROUTING 2 -s 10.0.1.2 -d 10.0.1.1 -i eth0 -p tcp --dport 80 '],
  ])(
    'takes the rule for this service on %s, if that is an address of this host, for the closest',
    (address, at, fix) => {
      const nat = [
        '[3:180] -A PREROUTING -i eth0 -p tcp -m tcp --dport 443 -j DNAT --to-destination 10.0.2.9:443',
        `[0:0] -A PREROUTING -d ${address}/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.2.9:80`,
      ]
      const found = told({ rules: { nat, filter: [] }, packet: TO_ROUTER, host: LISTENS_ON(22) }, 'missing-rule')
      expect(found?.rules).toEqual([`nat PREROUTING rule ${at}`])
      expect(found?.fix).toBe(fix && `${fix}-j DNAT --to-destination 10.0.2.9:80 → forwarded`)
    },
  )

  it('is none of nat, of what is for another host and that no rule of nat names', () => {
    const nat = [
      '-N ports',
      '-A PREROUTING -p tcp -j ports',
      '[3:180] -A PREROUTING -i eth0 -p tcp -m tcp --dport 443 -j DNAT --to-destination 10.0.2.9',
    ]
    expect(told({ rules: { nat, filter: ['-P FORWARD DROP'] } }, 'missing-rule')).toBeUndefined()
    const named = nat.map((line) => line.replace('-p tcp -j ports', '-d 10.0.2.2/32 -p tcp -j ports'))
    expect(told({ rules: { nat: named, filter: ['-P FORWARD DROP'] } }, 'missing-rule')?.message).toBe(
      "nat PREROUTING rule 1 jumps to ports, which has no rules: nothing rewrites the packet's destination.",
    )
  })

  it('names the chain without rules that the sender of a packet sent back to it was led to', () => {
    const nat = [
      ...['-N MARK-MASQ', '-N PORT', '-A PREROUTING -d 10.0.1.1/32 -p tcp -m tcp --dport 80 -j PORT'],
      ...['-A PORT -s 10.0.1.2/32 -j MARK-MASQ', '-A PORT -p tcp -j DNAT --to-destination 10.0.1.2:8080'],
    ]
    const sent = (status: string[], of = nat) => {
      const original = { src: '10.0.1.2', dst: '10.0.1.1', sport: 40_000, dport: 80 }
      const reply = { src: '10.0.1.2', dst: '10.0.1.2', sport: 8080, dport: 40_000 }
      const listed = [{ family: 'ip' as const, protocol: 'tcp', status, original, reply }]
      return told({ rules: { nat: of, filter: [] }, packet: TO_ROUTER, listed }, 'missing-rule')?.message
    }
    expect(sent(['unreplied', 'dnat'])).toBe(
      'nat PORT rule 1 jumps to MARK-MASQ for packets of this sender, but MARK-MASQ has no rules: nothing rewrites their source, or marks them for that.',
    )
    expect(sent(['dnat', 'assured'])).toBeUndefined()
    expect(sent(['unreplied', 'dnat'], [...nat, '-A MARK-MASQ -j MARK --set-xmark 0x4000/0x4000'])).toBeUndefined()
    expect(
      sent(
        ['unreplied', 'dnat'],
        nat.map((line) => line.replace('-s 10.0.1.2/32 ', '')),
      ),
    ).toBeUndefined()
  })

  it('names a chain of nat that has none, where nobody listens', () => {
    const nat = ['-N ports', '-A PREROUTING -p tcp -j ports', '-A POSTROUTING -o eth1 -j MASQUERADE']
    const one = { rules: { nat, filter: [] }, packet: TO_ROUTER }
    expect(told({ ...one, host: LISTENS_ON(22) }, 'missing-rule')).toEqual({
      message: "nat PREROUTING rule 1 jumps to ports, which has no rules: nothing rewrites the packet's destination.",
      rules: ['nat PREROUTING rule 1'],
    })
    expect(told({ ...one, host: LISTENS_ON(80) }, 'missing-rule')).toBeUndefined()
    // at another address: that is why it is closed
    const [socket] = LISTENS_ON(80).sockets!
    const host = { sockets: [{ ...socket!, address: '127.0.0.1' }] }
    expect(told({ ...one, host }, 'missing-rule')).toBeUndefined()
    expect(told(one, 'missing-rule')).toBeUndefined()
    // whoever writes such chains writes their rules, too
    const owned = {
      ...one,
      rules: { ...one.rules, nat: nat.map((line) => line.replace('ports', 'CNI-HOSTPORT-DNAT')) },
    }
    const [found] = findingsOf(played({ ...owned, host: LISTENS_ON(22) }), 'missing-rule')
    expect(found?.fix.map(({ description }) => description)).toEqual([
      'if cni-plugins should publish this port, make cni-plugins write the rules of CNI-HOSTPORT-DNAT again; it writes them when a container of the network starts',
    ])
  })

  it('is an error where the packet has the very port that is led to the empty chain', () => {
    const severityOf = (ports: string, host = LISTENS_ON(22)) => {
      const nat = ['-N ports', `-A PREROUTING -p tcp${ports} -j ports`, '-A POSTROUTING -o eth1 -j MASQUERADE']
      const filter = ['-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT', '-A INPUT -j REJECT']
      const all = findingsOf(played({ rules: { nat, filter }, packet: TO_ROUTER, host }), 'missing-rule')
      const found = all.find(({ message }) => message.includes('to ports'))
      return found && [found.severity, found.message]
    }
    const led = "nat PREROUTING rule 1 jumps to ports, which has no rules: nothing rewrites the packet's destination"
    expect(severityOf(' -m tcp --dport 80')).toEqual([
      'error',
      `${led}, and no program of this host listens on port 80.`,
    ])
    expect(severityOf('')).toEqual(['note', `${led}.`])
    expect(severityOf(' -m tcp --dport 80', LISTENS_ON(80))).toBeUndefined()
    // a program has that port, and only its address is the wrong one
    const onLoopback = LISTENS_ON(80).sockets!.map((one) => ({ ...one, address: '127.0.0.1' }))
    expect(severityOf(' -m tcp --dport 80', { sockets: onLoopback })).toEqual(['note', `${led}.`])
  })

  it.each([
    ['they are for another protocol', rules('[3:180] -A web -p icmp -j ACCEPT')],
    [
      'one is there, for others',
      rules(
        '[3:180] -A web -p tcp -m tcp --dport 443 -j ACCEPT',
        '[3:180] -A web -s 10.0.3.0/24 -p tcp -m tcp --dport 80 -j ACCEPT',
      ),
    ],
    ['they are for another source', rules('[3:180] -A web -s 10.0.1.9/32 -p tcp -m tcp --dport 443 -j ACCEPT')],
    ['one of them was meant for it', rules('[0:0] -A web -p tcp -m tcp --dport 81 -j ACCEPT')],
    [
      'a rule stops just such packets',
      rules('[3:180] -A web -p tcp -m tcp --dport 443 -j ACCEPT', '-A FORWARD -p tcp -m tcp --dport 80 -j DROP'),
    ],
  ])('is not told where %s', (_name, filter) => {
    expect(told({ rules: filter }, 'missing-rule')).toBeUndefined()
  })
})
