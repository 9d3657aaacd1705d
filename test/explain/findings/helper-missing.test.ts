/** Data connections that conntrack was not told of. */
import { describe, expect, it } from 'vitest'
import { fixCommands } from '../../../src/edits/fix.ts'
import { explain } from '../../../src/explain/explain.ts'
import type { ConntrackEntry, Host } from '../../../src/index.ts'
import { modelEngine } from '../../../src/simulate/engine.ts'
import { worldOf } from '../../journey/journeys.ts'
import { ROUTER } from '../../simulate/world.ts'
import { type Case, SYN, told } from './played.ts'

const FTP: ConntrackEntry = {
  ...{ family: 'ip', protocol: 'tcp', status: ['assured'] },
  original: { src: '10.0.1.2', dst: '10.0.2.2', sport: 50_000, dport: 21 },
  reply: { src: '10.0.2.2', dst: '10.0.1.2', sport: 21, dport: 50_000 },
}
/** As `nfwhy collect` lists them. */
const SYSCTLS = ['net.core.somaxconn', 'net.ipv4.ip_forward', 'net.ipv4.icmp_echo_ignore_all']
const host = (entry: Partial<ConntrackEntry> = {}, settings: Record<string, string> = {}): Host => ({
  conntrack: [{ ...FTP, ...entry }],
  sysctls: new Map([...SYSCTLS.map((name): [string, string] => [name, '1']), ...Object.entries(settings)]),
})
const RELATED = '-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'
const passive = (more: Partial<Case> = {}, rules: readonly string[] = [RELATED]): Case => ({
  rules: { raw: [], filter: ['-P FORWARD DROP', ...rules] },
  packet: { ...SYN, dport: 30_400 },
  host: host(),
  ...more,
})

describe('helper-missing', () => {
  it('names the control connection, the rule for what is RELATED, and assigns the helper', () => {
    expect(told(passive(), 'helper-missing')).toEqual({
      message:
        'It may belong to a data connection of ftp. Control connection 10.0.1.2:50000 → 10.0.2.2:21 has no conntrack helper. The packet is NEW; filter FORWARD rule 1 accepts only RELATED packets.',
      rules: ['filter FORWARD rule 1'],
      fix: 'iptables -t raw -A PREROUTING -p tcp --dport 21 -j CT --helper ftp → the model does not read control connections',
    })
  })

  it('what has no ports a rule accepts on the host of the control connection', () => {
    const rules = [
      ':INPUT DROP [0:0]',
      ':FORWARD ACCEPT [0:0]',
      '-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    ]
    const one = worldOf(`*filter\n${rules.join('\n')}\nCOMMIT\n`)
    const ends = { src: '10.0.1.2', dst: '10.0.1.1', sport: 50_000, dport: 1723 }
    const back = { src: '10.0.1.1', dst: '10.0.1.2', sport: 1723, dport: 50_000 }
    Object.assign(one.host, ROUTER, host({ original: ends, reply: back }))
    const gre = { in: 'eth0', protocol: 'gre', src: '10.0.1.2', dst: '10.0.1.1' }
    const { evidence, ended } = modelEngine.play(one, gre)
    const told = explain(evidence, one, { ended }).findings.find(({ code }) => code === 'helper-missing')!
    expect(told.severity).toBe('note')
    expect(told.message).toMatch(/A rule that accepts gre needs no helper\.$/)
    expect(told.fix).toEqual([])
  })

  it('is told of what the server begins', () => {
    const packet = { ...SYN, in: 'eth1', src: '10.0.2.2', sport: 20, dst: '10.0.1.2', dport: 40_123 }
    expect(told(passive({ packet }), 'helper-missing')?.rules).toEqual(['filter FORWARD rule 1'])
  })

  it('is told of kernels that would assign it by themselves, had they not been told otherwise', () => {
    const old = { ...host({}, { 'net.netfilter.nf_conntrack_helper': '0' }), kernel: '5.10.0' }
    expect(told(passive({ host: old }), 'helper-missing')).toBeDefined()
  })

  it('is doubted where a rule names the port as a service', () => {
    const rules = [RELATED, '-A FORWARD -p tcp -m tcp --dport 30400 -s 10.9.9.9 -j ACCEPT']
    const one = told(passive({}, rules), 'helper-missing')
    expect(one?.message).toMatch(/^It may belong/)
    expect(one?.fix).toBeUndefined()
  })

  it.each([
    ["the port is a service's own", passive({ packet: { ...SYN, dport: 443 } })],
    ['the entry has one', passive({ host: host({ helper: 'ftp' }) })],
    [
      'a rule assigns it',
      passive({ rules: { ...passive().rules, raw: ['-A PREROUTING -p tcp -m tcp --dport 21 -j CT --helper ftp'] } }),
    ],
    ['the kernel assigns it', passive({ host: host({}, { 'net.netfilter.nf_conntrack_helper': '1' }) })],
    ['it is not known whether the kernel does', passive({ host: { ...host(), sysctls: new Map() } })],
    ['no control connection is known', passive({ host: { ...host(), conntrack: [] } })],
    ['it is of another host', passive({ packet: { ...SYN, src: '10.0.1.3', dport: 30_400 } })],
    ['nothing is accepted as RELATED', passive({}, ['-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT'])],
    ['it is a protocol that no helper announces', passive({ packet: { ...SYN, protocol: 'udp', dport: 30_400 } })],
  ])('is not told where %s', (_name, one) => {
    expect(told(one, 'helper-missing')).toBeUndefined()
  })

  describe('where a rule of iptables assigns it to what comes from the other side', () => {
    const HERE = { ...ROUTER, ...host() }
    const tftp = (client: string, server: string): ConntrackEntry => ({
      ...{ family: 'ip', protocol: 'udp', status: [] },
      original: { src: client, dst: server, sport: 40_069, dport: 69 },
      reply: { src: server, dst: client, sport: 69, dport: 40_069 },
    })
    const found = (chain: string, [client, server]: [string, string], packet: object) => {
      const one = worldOf(
        `*raw\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:ZONE - [0:0]\n-A ${chain} -j ZONE\n-A ZONE -p udp -m udp --dport 69 -j CT --helper tftp\nCOMMIT\n*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT DROP [0:0]\n-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\nCOMMIT\n`,
      )
      Object.assign(one.host, HERE, { conntrack: [tftp(client, server)] })
      const { evidence, ended } = modelEngine.play(one, {
        ...{ protocol: 'udp', src: server, dst: client, sport: 50_288, dport: 40_069 },
        ...packet,
      })
      return explain(evidence, one, { ended }).findings.find(({ code }) => code === 'helper-missing')
    }
    const [own, other] = ['10.0.1.1', '10.0.1.2']

    it('names it: this host itself began, whose packets come by OUTPUT', () => {
      const told = found('PREROUTING', [own, other], { in: 'eth0' })!
      expect(told.message).toMatch(
        /^raw ZONE rule 1 assigns a conntrack helper in PREROUTING, but this host itself began the control connection\. It may/,
      )
      expect(String(fixCommands(told.fix[0]!).command)).toMatch(
        /^iptables -t raw -A OUTPUT -p udp --dport 69 -j CT --helper tftp/,
      )
    })

    it('names it: another host began, whose packets come by PREROUTING', () => {
      expect(found('OUTPUT', [other, own], { out: 'eth0' })?.message).toMatch(
        /^raw ZONE rule 1 assigns a conntrack helper in OUTPUT, but 10\.0\.1\.2 began the control connection\. It may/,
      )
    })

    it.each([
      ['PREROUTING', [other, own], { out: 'eth0' }],
      ['OUTPUT', [own, other], { in: 'eth0' }],
    ] as const)('is not told where the first packet comes there (%s)', (chain, ends, packet) => {
      expect(found(chain, [...ends], packet)).toBeUndefined()
    })
  })

  it('is told of data that leaves with the address that nat had sent the request to', () => {
    const one = worldOf('*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n')
    const entry: ConntrackEntry = {
      ...{ family: 'ip', protocol: 'udp', status: [] },
      original: { src: '10.0.1.2', dst: '198.51.100.69', sport: 40_069, dport: 69 },
      reply: { src: '10.0.1.1', dst: '10.0.1.2', sport: 69, dport: 40_069 },
    }
    Object.assign(one.host, ROUTER, host(), { conntrack: [entry] })
    const data = { out: 'eth0', protocol: 'udp', src: '10.0.1.1', dst: '10.0.1.2', sport: 50_288 }
    const messageOf = (dport: number) => {
      const { evidence, ended } = modelEngine.play(one, { ...data, dport })
      return explain(evidence, one, { ended }).findings.find(({ code }) => code === 'helper-missing')?.message
    }
    expect(messageOf(40_069)).toMatch(
      /has no conntrack helper\. So nat does not rewrite the source of this packet to 198\.51\.100\.69\.$/,
    )
    expect(messageOf(40_070)).toBeUndefined()
  })

  describe('with a helper that nft assigns', () => {
    const world = (priority: number, hook = 'prerouting') => {
      const chain = (name: string, type: string, ...lines: string[]) =>
        `\tchain ${name} {\n\t\t${type}\n${lines.map((line) => `\t\t${line}\n`).join('')}\t}\n`
      const one = worldOf(
        `table ip helpers {\n\tct helper ftp-standard {\n\t\ttype "ftp" protocol tcp\n\t\tl3proto ip\n\t}\n\tchain assign {\n\t\ttcp dport 21 ct helper set "ftp-standard" # handle 3\n\t}\n${chain('pre', `type filter hook ${hook} priority ${priority}; policy accept;`, 'jump assign # handle 5')}}\n` +
          `table ip fw {\n${chain('forward', 'type filter hook forward priority 0; policy drop;', 'ct state established,related accept # handle 2')}}\n`,
      )
      Object.assign(one.host, ROUTER, host())
      return one
    }
    const found = (priority: number, hook?: string) => {
      const one = world(priority, hook)
      const { evidence, ended } = modelEngine.play(one, { ...SYN, dport: 30_400 })
      return explain(evidence, one, { ended }).findings.find(({ code }) => code === 'helper-missing')
    }

    it('names the rule that comes before connection tracking', () => {
      const one = found(-300)!
      expect(one.rules.map(({ chain, handle }) => [chain, handle])).toEqual([
        ['assign', 3],
        ['forward', 2],
      ])
      expect(one.message).toMatch(
        /^ip helpers assign handle 3 assigns a conntrack helper before connection tracking \(priority -300\), where that has no effect\. It may belong to a data connection of ftp/,
      )
    })

    it('names the one in INPUT, where the requests of this host itself do not come', () => {
      const chain = (hook: string, rule: string) =>
        `\tchain ${hook} {\n\t\ttype filter hook ${hook} priority 10; policy accept;\n${rule}\t}\n`
      const input =
        '\t\tct state established,related accept # handle 8\n\t\tudp dport 69 ct helper set "tftp-in" # handle 9\n\t\tdrop # handle 10\n'
      const one = worldOf(
        `table inet fw {\n\tct helper tftp-in {\n\t\ttype "tftp" protocol udp\n\t\tl3proto inet\n\t}\n${chain('input', input)}${chain('output', '\t\toifname "lo" accept # handle 24\n')}}\n`,
      )
      const tftp = (src: string, dst: string, sport: number, dport: number) => ({ src, dst, sport, dport })
      const entry: ConntrackEntry = {
        ...{ family: 'ip', protocol: 'udp', status: [] },
        original: tftp('10.0.1.1', '10.0.1.2', 40_069, 69),
        reply: tftp('10.0.1.2', '10.0.1.1', 69, 40_069),
      }
      Object.assign(one.host, ROUTER, { ...host(), conntrack: [entry] })
      const data = { in: 'eth0', protocol: 'udp', src: '10.0.1.2', dst: '10.0.1.1', sport: 50_288, dport: 40_069 }
      const { evidence, ended } = modelEngine.play(one, data)
      const { findings } = explain(evidence, one, { ended })
      const told = findings.find(({ code }) => code === 'helper-missing')!
      expect(told.message).toMatch(
        /^inet fw input handle 9 assigns a conntrack helper in INPUT, but this host itself began the control connection\./,
      )
      const { command, undo } = fixCommands(told.fix[0]!)
      expect(String(command)).toBe(
        `nft add ct helper inet fw nfwhy-tftp '{ type "tftp" protocol udp; }' && nft insert rule inet fw output handle 24 udp dport 69 ct helper set '"nfwhy-tftp"' comment nfwhy-helper-69-24 && conntrack -D -p udp --orig-src 10.0.1.1 --orig-dst 10.0.1.2 --orig-port-src 40069 --orig-port-dst 69`,
      )
      expect(String(undo)).toMatch(/&& nft delete ct helper inet fw nfwhy-tftp$/)
    })

    it.each([
      [-150, 'prerouting'],
      [-300, 'forward'],
    ])('is not told where the rule may have assigned it (priority %i, %s)', (priority, hook) => {
      expect(found(priority, hook)).toBeUndefined()
    })
  })
})
