/** The rule is there, and nothing leads to it. */
import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { explainLog, worldOf } from '../../journey/journeys.ts'
import { dmesg, trace } from '../../journey/kernel-lines.ts'
import { ROUTER } from '../../simulate/world.ts'
import { type Case, findingsOf, LISTENS_ON, played, SYN, saved, TO_ROUTER, told } from './played.ts'

const ESTABLISHED = '[9:540] -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'
const filter = (...more: string[]) => ({ rules: { filter: ['-P FORWARD DROP', ESTABLISHED, ...more] } })
const WEB = '-A web -p tcp -m tcp --dport 80 -j ACCEPT'

describe('never-reached', () => {
  it('is a chain that nothing jumps to', () => {
    expect(told(filter(WEB), 'never-reached')).toEqual({
      message: 'filter web rule 1 would have accepted it, but nothing jumps to web.',
      rules: ['filter web rule 1'],
      fix: 'iptables -A FORWARD -i eth0 -j web → forwarded',
    })
  })

  it('is the chain that a jump should lead to, which leads where another one does', () => {
    const FRWD = ['-A loc_frwd -p udp -j ACCEPT', '-A FORWARD -i eth1 -j loc_frwd']
    const misled = filter(...FRWD, '-A FORWARD -i eth0 -j loc_frwd', '-A FORWARD -p icmp -j ACCEPT', WEB)
    expect(told(misled, 'never-reached')).toEqual({
      message:
        'filter web rule 1 would have accepted it, but nothing jumps to web. FORWARD rule 3, which matches it, jumps to loc_frwd, as rule 2 does.',
      rules: ['filter web rule 1', 'filter FORWARD rule 3'],
      fix: 'iptables -R FORWARD 3 -i eth0 -j web → forwarded',
    })
  })

  it.each([
    [
      'all that nothing accepts goes there',
      ['-A FORWARD -j rest', '-A INPUT -j rest', '-A rest -p icmp -j ACCEPT', WEB],
    ],
    [
      'no other rule leads there',
      ['-A FORWARD -i eth0 -j rest', '-A FORWARD -p icmp -j ACCEPT', '-A rest -p udp -j ACCEPT', WEB],
    ],
    [
      'the chain is a part of where it leads',
      [
        '-A FORWARD -i eth0 -j in',
        '-A INPUT -j in',
        '-A FORWARD -p icmp -j ACCEPT',
        '-A in -p udp -j ACCEPT',
        WEB.replace('web', 'in_web'),
      ],
    ],
  ])('leaves a jump alone where %s', (_name, rules) => {
    expect(told(filter(...rules), 'never-reached')?.message).toMatch(/but nothing jumps to \w*web\.$/)
  })

  it('leaves a jump as it is, where packets of its are accepted', () => {
    const lan = ['-A lan -p tcp -m tcp --dport 22 -j ACCEPT', '-A FORWARD -i eth1 -j lan', '-A FORWARD -i eth0 -j lan']
    const found = told(filter(...lan, '-A FORWARD -p icmp -j ACCEPT', WEB), 'never-reached')
    expect(found?.message).toMatch(/jumps to lan, as rule 2 does\.$/)
    expect(found?.fix).toMatch(/^iptables -[AI] FORWARD .*-j web → forwarded/)
  })

  it('is given its service alone, where it accepts whatever some senders ask for', () => {
    const fix = (rule: string) => told(filter(rule, WEB), 'never-reached')?.fix
    expect(fix('-A web -s 10.0.1.9/32 -j ACCEPT')).toBe(
      'iptables -A FORWARD -d 10.0.2.2 -p tcp --dport 80 -j web → forwarded',
    )
    expect(fix('-A web -s 10.0.1.9/32 -p icmp -j ACCEPT')).toBe('iptables -A FORWARD -i eth0 -j web → forwarded')
  })

  it('lets in nobody else where the chain accepts whatever comes', () => {
    const on = ['-A on -o eth1 -j open', '-A open -j ACCEPT', '-A FORWARD -i eth7 -j other', '-A other -j DROP']
    expect(told(filter(...on), 'never-reached')?.fix).toMatch(
      /^iptables -A FORWARD -s 10\.0\.1\.2 -d 10\.0\.2\.2 -i eth0 -o eth1 -p tcp --dport 80 -j on → forwarded/,
    )
  })

  it('is a chain whose limits nothing has used', () => {
    const limited = [
      '-A web -m recent --update --seconds 9 --hitcount 5 --name x -j DROP',
      `${WEB.replace('-j', '-m limit --limit 9/sec -j')}`,
    ]
    expect(told(filter(...limited), 'never-reached')?.message).toBe(
      'filter web rule 2 would have accepted it, but nothing jumps to web.',
    )
    const above = '-A web -m hashlimit --hashlimit-above 9/sec --hashlimit-mode srcip --hashlimit-name y -j DROP'
    expect(told(filter(above, WEB), 'never-reached')?.rules).toEqual(['filter web rule 2'])
    const open = '-A web -p tcp -m connlimit --connlimit-above 50 -j REJECT'
    expect(told(filter(open, WEB), 'never-reached')?.rules).toEqual(['filter web rule 2'])
  })

  it('is a rule of OUTPUT for what comes in', () => {
    const nat = ['-A OUTPUT -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.0.2.9:80']
    const one = (dport: number): Case => ({
      ...{ rules: { nat, filter: ['-P INPUT DROP'] }, packet: { ...TO_ROUTER, dport }, host: LISTENS_ON(22) },
    })
    expect(told(one(8080), 'never-reached')).toEqual({
      message:
        'nat OUTPUT rule 1 would have rewritten its destination, but only packets that this host sends traverse OUTPUT.',
      rules: ['nat OUTPUT rule 1'],
      fix: 'iptables -t nat -A PREROUTING -s 10.0.1.2 -d 10.0.1.1 -i eth0 -p tcp --dport 8080 -j DNAT --to-destination 10.0.2.9:80 → forwarded',
    })
    expect(told(one(8081), 'never-reached')).toBeUndefined()
  })

  it('is a chain of nat that a rule of the other hook alone leads to', () => {
    const nat = ['-A OUTPUT -j SERVICES', '-A SERVICES -d 10.0.9.9/32 -p tcp -m tcp --dport 80 -j DNAT --to 10.0.2.9']
    const packet = { ...SYN, dst: '10.0.9.9' }
    const message = (...more: string[]) =>
      told({ rules: { nat: [...nat, ...more], filter: [] }, packet }, 'never-reached')?.message
    expect(message()).toBe(
      'nat SERVICES rule 1 would have rewritten its destination, but OUTPUT rule 1 alone leads to this chain, and this packet traverses PREROUTING.',
    )
    expect(message('-A OUTPUT -p udp -j SERVICES')).toContain(
      'but rules of OUTPUT alone lead to this chain, and this packet traverses PREROUTING.',
    )
    // rules of two hooks lead there
    expect(message('-A PREROUTING -p udp -j SERVICES')).not.toContain('alone leads')
  })

  it('is no chain that rules of another hook lead to for other interfaces: it is another zone’s', () => {
    const filter = ['-P FORWARD DROP', '-A zone_lan_forward -p tcp -m tcp --dport 80 -j ACCEPT']
    const [eth0, eth1] = ['eth0', 'eth1'].map((link) => `-A INPUT -i ${link} -j zone_lan_forward`)
    expect(told({ rules: { filter: [...filter, eth1!] } }, 'never-reached')).toBeUndefined()
    expect(told({ rules: { filter: [...filter, eth1!, eth0!] } }, 'never-reached')?.fix).toMatch(
      /^iptables -A FORWARD -i eth0 -j zone_lan_forward → forwarded/,
    )
  })

  it('names the chain on the way that has no rules; of several the one that has some at another hook', () => {
    const filter = [
      '-P FORWARD DROP',
      '-N FORWARD_pre',
      '-N FORWARD_RULES',
      '-A FORWARD -j FORWARD_pre',
      '-A FORWARD -j FORWARD_RULES',
      '-A web -p tcp -m tcp --dport 80 -j ACCEPT',
    ]
    const message = (...more: string[]) => told({ rules: { filter: [...filter, ...more] } }, 'never-reached')?.message
    const only = 'filter web rule 1 would have accepted it, but nothing jumps to web.'
    expect(message()).toBe(only)
    expect(message('-A INPUT -j INPUT_RULES', '-A INPUT_RULES -p udp -j ACCEPT')).toBe(
      `${only} FORWARD_RULES, which the packet traversed, has no rules.`,
    )
    expect(message('-A FORWARD_pre -p udp -j DROP')).toBe(
      `${only} FORWARD_RULES, which the packet traversed, has no rules.`,
    )
  })

  it('names no chain that another program has left without rules, as ufw leaves ufw-track-input', () => {
    const ufw = [
      '-P FORWARD DROP',
      '-N ufw-track-forward',
      '-A FORWARD -j ufw-track-forward',
      '-A OUTPUT -j ufw-track-output',
      '-A ufw-track-output -p udp -j ACCEPT',
    ]
    const message = (web: string) => told({ rules: { filter: [...ufw, web] } }, 'never-reached')?.message
    const own = message('-A web -p tcp -m tcp --dport 80 -j ACCEPT')
    expect(own).toBe('filter web rule 1 would have accepted it, but nothing jumps to web.')
    expect(message('-A ufw-user-forward -p tcp -m tcp --dport 80 -j ACCEPT')).toMatch(
      / ufw-track-forward, which the packet traversed, has no rules\.$/,
    )
  })

  it('is no chain that accepts whatever comes, as one for what was logged: who jumps there has chosen', () => {
    const filter = (accept: string) => ['-P FORWARD DROP', '-A FORWARD -p udp -j ACCEPT', accept]
    expect(told({ rules: { filter: filter('-A logged -j ACCEPT') } }, 'never-reached')).toBeUndefined()
    expect(
      told({ rules: { filter: filter('-A web -p tcp -m tcp --dport 80 -j ACCEPT') } }, 'never-reached'),
    ).toBeDefined()
  })

  it('is no chain that does nothing for the packet, whatever a limit behind it does', () => {
    const rules = (port: number) => [
      '-A FORWARD -p tcp -j flood',
      '-A FORWARD -j REJECT',
      '-A flood -m limit --limit 25/sec -j RETURN',
      '-A flood -j DROP',
      '-A web -j web2',
      `-A web2 -p tcp -m tcp --dport ${port} -j ACCEPT`,
    ]
    const at = (point: string) => trace(point, { in: 'eth0', out: 'eth1', src: '10.0.1.2', dst: '10.0.2.2', dport: 80 })
    const lines = ['rule:1', 'rule:2'].map((point) => at(`filter:FORWARD:${point}`))
    const log = dmesg([lines[0]!, at('filter:flood:rule:1'), lines[1]!])
    const codes = (port: number) =>
      explainLog(log, worldOf(saved({ filter: rules(port) }))).journeys[0]?.findings.map(({ code }) => code)
    expect(codes(80)).toContain('never-reached')
    expect(codes(81)).not.toContain('never-reached')
  })

  it('is no chain by which a program marks for its services, while it has none: rules by hand may lack the jump', () => {
    const nat = (mark: string) => [
      '-A POSTROUTING -j KUBE-POSTROUTING',
      '-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN',
      '-A KUBE-POSTROUTING -j MASQUERADE',
      `-A ${mark} -j MARK --set-xmark 0x4000/0x4000`,
    ]
    const said = (mark: string) =>
      played({ rules: { nat: nat(mark), filter: [] }, packet: { ...SYN, dst: '198.51.100.7' } })
        .findings.map(({ code, severity }) => `${severity} ${code}`)
        .filter((one) => /never-reached|mark-missing/.test(one))
    expect(said('OUR-MARK')).toEqual(['warning mark-missing', 'warning never-reached'])
    expect(said('KUBE-MARK-MASQ')).toEqual([])
    expect(said('NETAVARK-HOSTPORT-SETMARK')).toEqual([])
  })

  it('is a chain of a destination that a rule leads to only for another one', () => {
    const nat = (to: string) => [
      `[0:0] -A PREROUTING -d ${to}/32 -p tcp -m tcp --dport 80 -j vip`,
      '-A vip -s 10.0.2.0/24 -d 10.0.9.9/32 -p tcp -m tcp --dport 80 -j mark',
      '-A vip -p tcp -j DNAT --to-destination 10.0.2.9',
      '-A mark -j MARK --set-xmark 0x1/0x1',
    ]
    const packet = { ...SYN, dst: '10.0.9.9' }
    const found = told({ rules: { nat: nat('10.0.7.7'), filter: [] }, packet }, 'never-reached')
    expect(found?.message).toBe(
      'nat vip rule 2 would have rewritten its destination, but PREROUTING rule 1 leads to this chain only for -d 10.0.7.7/32.',
    )
    expect(found?.rules).toEqual(['nat PREROUTING rule 1', 'nat vip rule 2'])
    expect(told({ rules: { nat: nat('10.0.9.9'), filter: [] }, packet }, 'never-reached')).toBeUndefined()
  })

  it('is one for its very destination, though other packets are led there in another way', () => {
    const nat = [
      '-A PREROUTING -p tcp -m tcp --dport 30080 -j ext',
      '-A ext -j vip',
      '-A vip -s 10.0.2.0/24 -d 10.0.9.9/32 -p tcp -m tcp --dport 80 -j mark',
      '-A vip -p tcp -j DNAT --to-destination 10.0.2.9',
      '-A mark -j MARK --set-xmark 0x1/0x1',
    ]
    const found = told({ rules: { nat, filter: [] }, packet: { ...SYN, dst: '10.0.9.9' } }, 'never-reached')
    expect(found?.message).toBe(
      'nat vip rule 2 would have rewritten its destination, but no rule led this packet to that chain.',
    )
    expect(found?.fix).toBe('iptables -t nat -A PREROUTING -d 10.0.9.9 -p tcp --dport 80 -j vip → forwarded')
  })

  it('is the chain of the same service, to which the one that the packet came to does not jump', () => {
    const [ext, svc] = ['KUBE-EXT-XGLOHA7QRQ3V22RZ', 'KUBE-SVC-XGLOHA7QRQ3V22RZ']
    const nat = [
      `-A PREROUTING -p tcp -m tcp --dport 80 -j ${ext}`,
      `-A PREROUTING -d 10.0.9.9/32 -p tcp -m tcp --dport 8000 -j ${svc}`,
      `-A ${ext} -j mark`,
      '-A mark -j MARK --set-xmark 0x4000/0x4000',
      `-A ${svc} -p tcp -j DNAT --to-destination 10.0.2.9:3000`,
    ]
    const one = { packet: TO_ROUTER, host: LISTENS_ON(22) }
    expect(told({ rules: { nat, filter: [] }, ...one }, 'never-reached')).toMatchObject({
      message: `nat ${svc} rule 1 would have rewritten its destination, but ${ext}, which led the packet nowhere, does not jump to this chain.`,
      fix: `iptables -t nat -A ${ext} -d 10.0.1.1 -p tcp --dport 80 -j ${svc} → forwarded`,
    })
    const renamed = nat.map((rule) => rule.replaceAll(svc, 'KUBE-SVC-TCOU7JCQXEZGVUNU'))
    expect(told({ rules: { nat: renamed, filter: [] }, ...one }, 'never-reached')).toBeUndefined()
  })

  it('is a chain for this hook by its name, to which a rule of another hook alone leads', () => {
    const at = (chain: string) =>
      told(
        filter(`-A ${chain} -i eth0 -j zone_lan_forward`, '-A zone_lan_forward -p tcp -m tcp --dport 80 -j ACCEPT'),
        'never-reached',
      )
    expect(at('INPUT')).toEqual({
      message:
        'filter zone_lan_forward rule 1 would have accepted it, but INPUT rule 1 alone leads to this chain, and this packet traverses FORWARD.',
      rules: ['filter INPUT rule 1', 'filter zone_lan_forward rule 1'],
      fix: 'iptables -A FORWARD -i eth0 -j zone_lan_forward → forwarded',
    })
    expect(at('FORWARD')).toBeUndefined()
  })

  it('is given the jump that the table has for the other IP version, as wide as that is', () => {
    const save = (version: string, ...rules: string[]) =>
      `# Generated by ${version}-save\n${saved({ filter: ['-P FORWARD DROP', ...rules, '-A custom -i eth0 -j ACCEPT'] })}`
    const explained = (...sixes: string[]) => {
      const world = worldOf(save('iptables'), save('ip6tables', ...sixes))
      Object.assign(world.host, ROUTER)
      const lines = dmesg([
        trace('filter:FORWARD:policy:1', { src: '10.0.1.2', dst: '10.0.2.2', in: 'eth0', out: 'eth1' }),
      ])
      const [found] = findingsOf(explainLog(lines, world, [], { engine: modelEngine }).journeys[0]!, 'never-reached')
      return [found?.message, found && String(fixCommands(found.fix[0]!).command), found?.fix[0]?.note]
    }
    expect(explained('-A FORWARD -j custom')).toEqual([
      'filter custom rule 1 would have accepted it, but nothing jumps to custom. For IPv6, filter FORWARD rule 1 jumps there.',
      'iptables -A FORWARD -j custom',
      'the same jump as filter FORWARD rule 1; opens whatever custom accepts',
    ])
    expect(explained('-A FORWARD -i eth0 -j custom')[1]).toBe('iptables -A FORWARD -i eth0 -j custom')
    // what is for others there, and where none is
    for (const six of [['-A FORWARD -i eth1 -j custom'], [], ['-A INPUT -j custom']])
      expect(explained(...six)).toEqual([
        'filter custom rule 1 would have accepted it, but nothing jumps to custom.',
        expect.stringMatching(/^iptables -A FORWARD .*-d 10\.0\.2\.2 .*-j custom$/),
        'check whether the jump should match more packets, or fewer',
      ])
  })

  it('is no chain that leads back to where the jump would stand', () => {
    const rules = ['-A FORWARD -j refuse', '-A refuse -p tcp -j DROP', '-A refused_too -j refuse']
    expect(told(filter(...rules), 'never-reached')).toBeUndefined()
  })

  it('is a chain of nat that only what this host sends comes to, and whose rule nearly matches', () => {
    const nat = (rule: string) => ['-A OUTPUT -j ports', `[0:0] -A ports ${rule} -j DNAT --to-destination 10.0.2.9`]
    const to = (rule: string) => ({ rules: { nat: nat(rule), filter: [] }, packet: TO_ROUTER, host: LISTENS_ON(22) })
    expect(told(to('-p udp -m udp --dport 80'), 'never-reached')).toMatchObject({
      message:
        'nat ports rule 1 would have rewritten its destination, but only matches -p udp, and no rule led this packet to that chain.',
      fix: 'iptables -t nat -A PREROUTING -j ports → delivered, but nothing listens there',
    })
    expect(told(to('-p tcp -m tcp --dport 443'), 'never-reached')).toBeUndefined()
  })

  it('is one that a rule leads to but for the interface, and that has one more fault', () => {
    const to = (...wan: string[]) => ({
      rules: { nat: ['-A PREROUTING -i eth9 -j wan', ...wan], filter: [] },
      packet: TO_ROUTER,
      host: LISTENS_ON(22),
    })
    const dnat = '-A wan -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.2.9'
    expect(told(to('-A wan -s 10.0.1.2/32 -j ACCEPT', dnat), 'never-reached')).toEqual({
      message:
        'nat wan rule 2 would have rewritten its destination, but nat wan rule 1 accepts or returns it earlier, and PREROUTING rule 1 leads to this chain only for -i eth9.',
      rules: ['nat PREROUTING rule 1', 'nat wan rule 2'],
      fix: 'iptables -t nat -I PREROUTING 1 -i eth0 -j wan → delivered, but nat would not rewrite its destination',
    })
    expect(told(to(`[0:0] ${dnat.replace('80', '81')}`), 'never-reached')?.message).toBe(
      'nat wan rule 1 would have rewritten its destination, but only matches --dport 81, and PREROUTING rule 1 leads to this chain only for -i eth9.',
    )
    const others = to(`[0:0] ${dnat.replace('80', '81')}`)
    others.rules.nat[0] = '-A PREROUTING ! -i eth0 -j wan'
    expect(told(others, 'never-reached')?.fix).toMatch(/^iptables -t nat -[IR] PREROUTING 1 .*-j wan → /)
    // whose port others have asked for is for these
    expect(told(to(`[5:300] ${dnat.replace('80', '81')}`), 'never-reached')).toBeUndefined()
  })

  it('is one that nothing leads to, and in which something else takes the packet first', () => {
    const to = (...rules: string[]) => ({ rules: { nat: rules, filter: [] }, packet: TO_ROUTER, host: LISTENS_ON(22) })
    const dnat = '-A wan -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.2.9'
    const early = told(to('-A wan -s 10.0.1.2/32 -j ACCEPT', dnat), 'never-reached')
    expect(early?.message).toBe(
      'nat wan rule 2 would have rewritten its destination, but nat wan rule 1 accepts or returns it earlier, and nothing jumps to wan.',
    )
    const left = to(
      '-A PREROUTING -m ttl --ttl-gt 200 -j wan',
      '-A wan -p tcp -g mark',
      dnat,
      '-A mark -j MARK --set-mark 1',
    )
    expect(told(left, 'never-reached')?.message).toBe(
      'nat wan rule 2 would have rewritten its destination, but nat wan rule 1 leaves its chain by goto, and PREROUTING rule 1 leads to this chain only for --ttl-gt 200.',
    )
    // whom a rule chooses by address, port or mark are others
    for (const asked of [
      '-s 10.7.7.7/32',
      '-p tcp -m tcp --sport 7',
      '-m mark --mark 7',
      '-m addrtype --dst-type MULTICAST',
    ]) {
      left.rules.nat[0] = `-A PREROUTING ${asked} -j wan`
      expect(told(left, 'never-reached'), asked).toBeUndefined()
    }
  })

  it.each([
    ['its rule is for another port', filter('-A web -p tcp -m tcp --dport 81 -j ACCEPT')],
    ['the packet was in it', filter('-A FORWARD -j web', '-A web -p tcp -m tcp --dport 81 -j ACCEPT')],
    ['it would stop the packet, too', filter('-A web -p tcp -m tcp --dport 80 -j DROP')],
    [
      'it would have come later',
      filter(
        '-A FORWARD -j user',
        '-A FORWARD -j web',
        '-A user -i eth0 -j DROP',
        '-A web -d 10.0.2.2/32 -p tcp -m tcp --dport 80 -j ACCEPT',
      ),
    ],
    ['the packet passed', { rules: { filter: [WEB] } }],
    [
      "a chain of another hook's takes whatever comes",
      {
        rules: {
          nat: ['-A OUTPUT -p tcp -j all', '-A all -p tcp -j REDIRECT --to-ports 15001'],
          filter: ['-P INPUT DROP'],
        },
        packet: TO_ROUTER,
        host: LISTENS_ON(22),
      },
    ],
  ])('is none where %s', (_name, one) => {
    expect(told(one, 'never-reached')).toBeUndefined()
  })
})
