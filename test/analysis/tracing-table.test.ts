/** A table that somebody made to trace with, and that was not there when the rules were saved; lines of Linux 6.18, nft 1.0.6. */
import { expect, it } from 'vitest'
import { type Journey, open } from '../../src/index.ts'

const RULES = `table inet f { # handle 1
	chain fw { # handle 1
		type filter hook forward priority filter; policy drop;
		tcp dport 80 accept # handle 2
	}
}
`
const HEADERS =
  'ether saddr 66:ef:88:81:d5:db ether daddr ee:b7:53:25:71:0f ip saddr 10.1.0.2 ip daddr 10.2.0.2 ip dscp cs0 ip ecn not-ect'

const lines = (marks: string, accepts: string) => `\
trace id 427510fd inet debug pre packet: iif "c0" ${HEADERS} ip ttl 64 ip id 4180 ip protocol tcp ip length 40 tcp sport 4001 tcp dport 80 tcp flags == syn tcp window 64240
trace id 427510fd inet debug pre rule ${marks} # handle 3 (verdict continue)
trace id 427510fd inet debug pre policy accept
trace id 427510fd inet f fw packet: iif "c0" oif "s0" ${HEADERS} ip ttl 63 ip id 4180 ip protocol tcp ip length 40 tcp sport 4001 tcp dport 80 tcp flags == syn tcp window 64240
trace id 427510fd inet f fw rule ${accepts} # handle 2 (verdict accept)
`

async function explained(trace: string) {
  const analysis = await open([
    { name: 'trace', text: trace },
    { name: 'rules', text: RULES },
  ])
  const journeys: Journey[] = []
  for await (const journey of analysis.journeys()) journeys.push(journey)
  return journeys.map(({ outcome, steps, findings }) => [outcome, steps.length, findings.map(({ code }) => code)])
}

it.each(['meta nftrace set 1', 'ip saddr 10.1.0.2 limit rate 10/second meta nftrace set 1'])(
  'is no sign of another ruleset: %s',
  async (marks) => {
    expect(await explained(lines(marks, 'tcp dport 80 accept'))).toEqual([['forwarded', 3, ['not-netfilter']]])
  },
)

it('is one where it does something else', async () => {
  const [, , codes] = (await explained(lines('meta mark set 0x00000001', 'tcp dport 80 accept')))[0]!
  expect(codes).toContain('ruleset-mismatch')
})

it('is one where it also writes what later rules read', async () => {
  const [first, second, ...more] = lines('meta nftrace set 1', 'tcp dport 80 accept').split('\n')
  const writes = second!.replace('meta nftrace set 1 # handle 3', 'tcp dport 80 meta mark set 0x00000006 # handle 4')
  for (const trace of [
    [first, second, writes, ...more],
    [first, second!.replace('set 1', 'set 1 meta mark set 0x6'), ...more],
  ])
    expect((await explained(trace.join('\n')))[0]![2]).toContain('ruleset-mismatch')
})
