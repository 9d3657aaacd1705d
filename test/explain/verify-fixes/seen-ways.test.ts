/** With nothing but a trace and the rules, what is tried goes the way that the trace shows. */
import { describe, expect, it } from 'vitest'
import { open, printedExchange, printReport } from '../../../src/index.ts'
import { printCommand } from '../../../src/model/command.ts'
import { standInFor } from '../../../src/model/stand-in.ts'
import { trace } from '../../journey/kernel-lines.ts'

const RULES = (filter: string, nat = '') =>
  `*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j TRACE\nCOMMIT\n*nat\n:PREROUTING ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n${nat}COMMIT\n*filter\n${filter}COMMIT\n`
const ASKED = { in: 'lxcbr0', src: '10.1.0.5', dst: '10.2.0.9', sport: 40_000, dport: 443, flags: 'SYN' }
const FORWARDED = { ...ASKED, out: 'eth0' }
const ROUTES = 'default via 203.0.113.254 dev eth0\n10.1.0.0/24 dev lxcbr0 proto kernel scope link src 10.1.0.1\n'

function opened(rules: string, lines: string[], more: Record<string, string> = {}) {
  const files = { log: lines.map((line) => `[   10.000000] ${line}\n`).join(''), rules, ...more }
  return open(Object.entries(files).map(([name, text]) => ({ name, text })))
}

async function told(...files: Parameters<typeof opened>) {
  const analysis = await opened(...files)
  const [exchange] = (await analysis.exchanges()).exchanges
  const findings = printedExchange(exchange!).findings
  const fixes = findings.flatMap(({ fix }) => fix)
  return {
    status: exchange!.status,
    messages: findings.map(({ message }) => message),
    fixes: fixes.map(({ command, after, note, unverified, but }) => ({
      command: command && printCommand(command),
      after,
      note,
      unverified,
      but,
    })),
  }
}

const DROPPED = [
  trace('raw:PREROUTING:rule:1', ASKED),
  trace('raw:PREROUTING:policy:2', ASKED),
  trace('nat:PREROUTING:policy:1', ASKED),
  trace('filter:FORWARD:policy:2', FORWARDED),
]
const ONLY_DOCKER = ':FORWARD DROP [0:0]\n-A FORWARD -o docker0 -m conntrack --ctstate ESTABLISHED -j ACCEPT\n'

describe('without a listing of routes', () => {
  it('a repair lets in the reply as well, by the interface that the request came in on', async () => {
    const { messages, fixes } = await told(RULES(ONLY_DOCKER), DROPPED)
    expect(messages[0]).toBe(
      'filter FORWARD policy stops the request, and would stop its reply if it leaves by lxcbr0. The route to 10.1.0.5 is unknown.',
    )
    expect(fixes[0]).toMatchObject({
      command: expect.stringMatching(/^iptables -A FORWARD -s 10\.1\.0\.5 .* && iptables -A FORWARD .*ESTABLISHED/),
      after: 'forwarded',
      note: expect.stringMatching(/^if its reply leaves by lxcbr0; /),
    })
  })

  it('what the result hangs on stands with it in the short report as well', async () => {
    const { groups, ending } = await (await opened(RULES(ONLY_DOCKER), DROPPED)).groups()
    expect(printReport('text', groups, ending)).toMatch(
      /tried on the model:\s+forwarded\s+if\s+its\s+reply\s+leaves\s+by\s+lxcbr0/,
    )
  })

  it('that is taken for nothing where routes are listed', async () => {
    const { messages, fixes } = await told(RULES(ONLY_DOCKER), DROPPED, { routes: ROUTES })
    expect(messages.join('\n')).not.toContain('taken to leave')
    expect(fixes.map(({ note }) => note).join('\n')).not.toContain('leaves by')
  })

  it('a packet that gets through is told what would stop its reply, with the same condition', async () => {
    const passed = [
      ...DROPPED.slice(0, 3),
      trace('filter:FORWARD:rule:1', FORWARDED),
      trace('nat:POSTROUTING:policy:1', FORWARDED),
    ]
    const rules = RULES(':FORWARD DROP [0:0]\n-A FORWARD -m conntrack --ctstate NEW -j ACCEPT\n')
    const { status, messages } = await told(rules, passed)
    expect(status).toBe('reply-lost')
    expect(messages[0]).toMatch(
      /^Its reply would be dropped by filter FORWARD policy \(simulated\)\..* The route to 10\.1\.0\.5 is unknown: the reply is taken to leave by lxcbr0\.$/,
    )
  })

  describe('behind MASQUERADE, to an address that nobody has listed', () => {
    const MASQUERADED = '-A POSTROUTING -o eth0 -j MASQUERADE\n'
    const PASSED = [
      ...DROPPED.slice(0, 3),
      trace('filter:FORWARD:rule:1', FORWARDED),
      trace('nat:POSTROUTING:rule:1', FORWARDED),
    ]
    const ONLY_NEW = ':FORWARD DROP [0:0]\n-A FORWARD -m conntrack --ctstate NEW -j ACCEPT\n'

    it('a repair lets in the reply as well, and no fix has the address', async () => {
      const { messages, fixes } = await told(RULES(ONLY_DOCKER, MASQUERADED), DROPPED)
      expect(messages[0]).toContain('would stop its reply if it leaves by lxcbr0')
      expect(fixes[0]).toMatchObject({ after: 'forwarded', command: expect.stringContaining('ESTABLISHED') })
      expect(fixes[0]).not.toHaveProperty('afterSource')
      expect(JSON.stringify(fixes)).not.toContain(standInFor('ip'))
    })

    it('where routes are listed, and no addresses, as well', async () => {
      const { fixes } = await told(RULES(ONLY_DOCKER, MASQUERADED), DROPPED, { routes: ROUTES })
      expect(fixes[0]).toMatchObject({ after: 'forwarded', command: expect.stringContaining('ESTABLISHED') })
    })

    it('what would stop the reply is told', async () => {
      expect((await told(RULES(ONLY_NEW, MASQUERADED), PASSED)).status).toBe('reply-lost')
    })

    it('nothing is told that depends on it', async () => {
      const input = ':INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n-A FORWARD -i lxcbr0 -j ACCEPT\n'
      const statusBy = async (condition: string) => {
        const raw = `-A PREROUTING ${condition} -j DROP\n`
        const rules = RULES(input, MASQUERADED).replace('TRACE\n', `TRACE\n${raw}`)
        return (await told(rules, [PASSED[0]!, trace('raw:PREROUTING:policy:3', ASKED), ...PASSED.slice(2)])).status
      }
      expect(await statusBy('-i eth0 -d 203.0.113.1')).toBe('undetermined')
      expect(await statusBy('-i eth0 ! -d 203.0.113.1')).toBe('undetermined')
      expect(await statusBy('-i eth0 -p tcp')).toBe('reply-lost')
      const closed = `${input}-A FORWARD -i eth0 -m conntrack --ctreplydst 203.0.113.1 -j DROP\n`
      expect((await told(RULES(closed, MASQUERADED), PASSED)).status).toBe('undetermined')
    })

    it('such a rule of a reply names the other end alone', async () => {
      const raw = '-A PREROUTING -i eth0 -p tcp -j DROP\n'
      const rules = RULES(':FORWARD ACCEPT [0:0]\n-A FORWARD -i lxcbr0 -j ACCEPT\n', MASQUERADED)
      const lines = [PASSED[0]!, trace('raw:PREROUTING:policy:3', ASKED), ...PASSED.slice(2)]
      const { fixes } = await told(rules.replace('TRACE\n', `TRACE\n${raw}`), lines)
      expect(fixes.map(({ command }) => command)).toContain(
        'iptables -t raw -I PREROUTING 2 -s 10.2.0.9 -i eth0 -p tcp --sport 443 -j ACCEPT',
      )
    })
  })

  it('nothing is known of the way to another destination, or with another mark', async () => {
    const nat = '-A PREROUTING -i eth1 -p tcp -m tcp --dport 443 -j DNAT --to-destination 10.1.0.9\n'
    const closed = [...DROPPED.slice(0, 2), trace('nat:PREROUTING:policy:2', ASKED), DROPPED.at(-1)!]
    const { fixes } = await told(RULES(ONLY_DOCKER, nat), closed)
    const dnat = fixes.filter(({ command }) => command?.includes('-t nat'))
    expect(dnat.map(({ after }) => after)).not.toContain('forwarded')
    const marked = `*mangle\n:FORWARD ACCEPT [0:0]\nCOMMIT\n${RULES(ONLY_DOCKER)}`
    const byMark = [...DROPPED.slice(0, 3), trace('filter:FORWARD:policy:2', { ...FORWARDED, mark: 5 })]
    expect((await told(marked, byMark)).fixes.map(({ after }) => after)).not.toContain('forwarded')
  })

  it('a reply that another interface may let through is not told to be stopped', async () => {
    const accepted = ':FORWARD DROP [0:0]\n-A FORWARD -i lxcbr0 -m conntrack --ctstate NEW -j ACCEPT\n'
    const passed = [
      ...DROPPED.slice(0, 3),
      trace('filter:FORWARD:rule:1', FORWARDED),
      trace('nat:POSTROUTING:policy:1', FORWARDED),
    ]
    const statusOf = async (replies: string) => (await told(RULES(accepted + replies), passed)).status
    expect(await statusOf('-A FORWARD -i eth0 -o wan1 -j ACCEPT\n')).toBe('undetermined')
    expect(await statusOf('-A FORWARD -i eth0 ! -o lxcbr0 -j ACCEPT\n')).toBe('undetermined')
    // some interface has such a name
    expect(await statusOf('-A FORWARD -i eth0 -o wan+ -j ACCEPT\n')).toBe('undetermined')
    // nothing that came in by eth0 is for eth0
    expect(await statusOf('-A FORWARD -o eth0 -j ACCEPT\n')).toBe('reply-lost')
    const closed = [...DROPPED.slice(0, 3), trace('filter:FORWARD:policy:2', FORWARDED)]
    const { fixes } = await told(RULES(':FORWARD DROP [0:0]\n-A FORWARD -o wan1 -j ACCEPT\n'), closed)
    expect(fixes.map(({ but }) => but)).toContain('its reply would be dropped if it leaves by lxcbr0')
    // the listing lacks an interface that the trace shows, and so may lack others
    const address = '2: eth0    inet 203.0.113.1/24 scope global eth0\\       valid_lft forever preferred_lft forever\n'
    const few = await told(RULES(':FORWARD DROP [0:0]\n-A FORWARD -o wan1 -j ACCEPT\n'), closed, { address })
    expect(few.fixes.map(({ but }) => but)).toContain('its reply would be dropped if it leaves by lxcbr0')
  })
})
