/** What nfwhy itself puts into rules and folders is nothing that a person asks about. */
import { describe, expect, it } from 'vitest'
import { type Input, open } from '../../src/analysis/analysis.ts'
import { explainReportOf, nftTable } from './own-texts.ts'

const text = (name: string, of: string): Input => ({ name, text: of })

const OWN = `table inet nfwhy-123456789 {
	set s {
		type ipv4_addr
	}
	chain prerouting {
		type filter hook prerouting priority -350; policy accept;
		tcp dport 80 meta nftrace set 1
	}
}
`
const IPTABLES = (own: string) =>
  `*raw\n:PREROUTING ACCEPT [0:0]\n${own}-A PREROUTING -p udp -j DROP\nCOMMIT\n*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n`
const OWN_RULE = '-A PREROUTING -p tcp -m comment --comment nfwhy-123456789 -j TRACE\n'

describe("a session's table of nft", () => {
  it('is in no map', async () => {
    const analysis = await open([text('rules.nft', nftTable + OWN)])
    expect(JSON.stringify(analysis.map()[0]!.map.ways)).not.toContain('nfwhy-1')
    expect(analysis.map()[0]!.map.ways[0]!.hooks.map(({ hook }) => hook)).toEqual(['input'])
  })

  it('is no difference between two rulesets', async () => {
    const [a, b] = [await open([text('a', nftTable)]), await open([text('b', nftTable + OWN)])]
    const { tables, chains, sets } = a.compareRulesets(b)
    expect([tables, chains, sets]).toEqual([{ added: [], removed: [] }, [], []])
  })

  it('is no step of a simulated packet', async () => {
    const analysis = await open([text('rules.nft', nftTable + OWN)])
    const { journeys } = analysis.simulate(['in eth0 tcp 10.0.0.1:40000 > 10.0.0.2:80 syn'])
    expect(journeys[0]!.steps.map(({ table }) => table)).not.toContain('nfwhy-123456789')
  })

  it('is no ruleset', async () => {
    const trace =
      'trace id 5a1b2c3d ip fw input packet: iif "eth0" ip saddr 10.0.0.1 ip daddr 10.0.0.2 ip ttl 64 ip protocol tcp tcp sport 40000 tcp dport 80\n' +
      'trace id 5a1b2c3d ip fw input rule tcp dport 80 drop (verdict drop)\n'
    const codes = async (...inputs: Input[]) =>
      (await (await open([...inputs, text('trace.txt', trace)])).groups()).groups.flatMap(({ journey }) =>
        journey.findings.map(({ code }) => code),
      )
    expect(await codes(text('own.nft', OWN))).toEqual(await codes())
    expect(await codes()).toContain('no-ruleset')
  })
})

describe("a session's rule of iptables", () => {
  it('is in no map and no comparison, and others keep their numbers', async () => {
    const [without, withIt] = [await open([text('a', IPTABLES(''))]), await open([text('b', IPTABLES(OWN_RULE))])]
    expect(JSON.stringify(withIt.map(), inMaps)).not.toContain('TRACE')
    expect(without.compareRulesets(withIt).chains).toEqual([])
    const { journeys } = withIt.simulate(['in eth0 udp 10.0.0.1:40000 > 10.0.0.2:53'])
    expect(journeys[0]!.steps.map(({ ruleNumber }) => ruleNumber)).toEqual([2])
  })

  it('is a rule like any other where its comment is a person’s', async () => {
    const analysis = await open([text('b', IPTABLES(OWN_RULE.replace('nfwhy-123456789', 'nfwhy')))])
    expect(JSON.stringify(analysis.map(), inMaps)).toContain('TRACE')
  })
})

const inMaps = (_: string, value: unknown) => (value instanceof Map ? [...value] : value)

describe('what nfwhy has printed', () => {
  const printed = [
    ['report.json', explainReportOf('schema')],
    ['report.ndjson', explainReportOf('lines')],
    ['empty.ndjson', '{"summary":{"inputs":[],"warnings":[]}}\n'],
  ] as const

  it.each(printed)('%s given alone is named for what it is', async (name, of) => {
    await expect(open([text(name, of)])).rejects.toThrow(/this is nfwhy's own output \(nfwhy\.explanation\/1\)/)
  })

  it.each(printed)('%s beside rules is told where it was named, and passed over in a folder', async (name, of) => {
    const analysis = await open([text('rules.nft', nftTable), text(name, of)])
    expect(analysis.warnings.map(({ code, input }) => [code, input])).toEqual([['own-document', name]])
  })
})
