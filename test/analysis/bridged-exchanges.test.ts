/**
 * What a bridge's own tables show: requests and replies are one exchange, as they are of IP. Captured by nft on a bridge with
 * two ports, where br_netfilter calls IP's chains and where it does not; each client's own log is the truth (`SEEN`).
 */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type Exchange, type Journey, open } from '../../src/index.ts'

const FOLDER = new URL('../../fixtures/analysis/bridge/', import.meta.url)

async function read(name: string): Promise<{ exchanges: Exchange[]; journeys: Map<string, Journey> }> {
  const folder = new URL(`${name}/`, FOLDER)
  const analysis = await open(
    readdirSync(folder).map((file) => ({ name: file, text: readFileSync(new URL(file, folder), 'utf8') })),
  )
  const journeys = new Map<string, Journey>()
  for await (const journey of analysis.journeys()) journeys.set(journey.id, journey)
  return { exchanges: [...(await analysis.exchanges()).exchanges], journeys }
}

/** Destination and port → what the client saw. */
const SEEN = {
  'calls-off': {
    '192.0.2.20:80': 'reply-lost',
    '192.0.2.20:81': 'answered',
    '192.0.2.20:83': 'answered',
    '192.0.2.1:22': 'dropped',
    '192.0.2.1:8080': 'reply-lost',
    '192.0.2.1:8081': 'answered',
  },
  // the policy of IP's forward drops what the bridge hands it
  'calls-on': {
    '192.0.2.20:80': 'reply-lost',
    '192.0.2.20:81': 'answered',
    '192.0.2.20:83': 'dropped',
    '192.0.2.1:22': 'dropped',
    '192.0.2.1:8080': 'reply-lost',
    '192.0.2.1:8081': 'answered',
  },
} as const

describe.each(['calls-off', 'calls-on'] as const)('%s', (name) => {
  const reading = read(name)

  it('joins requests and replies, and tells what the client saw', async () => {
    const { exchanges } = await reading
    const told = exchanges
      .filter(({ asked }) => asked.src === '192.0.2.10')
      .map(({ asked, status }) => [`${asked.dst}:${asked.dport}`, status])
    expect(Object.fromEntries(told)).toEqual(SEEN[name])
    expect(told).toHaveLength(Object.keys(SEEN[name]).length)
  })

  it('makes no exchange of ARP', async () => {
    const { exchanges, journeys } = await reading
    expect([...journeys.values()].some(({ packet }) => packet.src === undefined)).toBe(true)
    for (const { asked } of exchanges) expect(asked.protocol, JSON.stringify(asked)).toBe('tcp')
  })

  it('tells a packet and its frame, into the host and out of it, as one journey', async () => {
    const { exchanges, journeys } = await reading
    const exchange = exchanges.find(({ asked }) => asked.dport === 8081)!
    const [request, reply] = [exchange.journeys.request[0]!, exchange.journeys.replies[0]!].map(
      (id) => journeys.get(id)!,
    )
    const families = ({ steps }: Journey) => steps.map(({ family, hook }) => `${family} ${hook}`)
    const calls = name === 'calls-on'
    expect([...new Set(families(request!))]).toEqual(
      calls
        ? ['bridge prerouting', 'inet prerouting', 'bridge input', 'inet input']
        : ['bridge prerouting', 'bridge input', 'inet prerouting', 'inet input'],
    )
    expect(request!.outcome).toBe('delivered')
    expect([...new Set(families(reply!))]).toEqual([
      'inet output',
      'inet postrouting',
      'bridge output',
      'bridge postrouting',
    ])
    expect(reply!.outcome).toBe('sent')
  })

  it('tries the fixes of rules of each hook of the bridge on the model', async () => {
    const { journeys } = await reading
    const stopped = [...journeys.values()].filter(({ outcome, culprit }) => outcome === 'dropped' && culprit)
    const tried = new Map(
      stopped.map(({ culprit, findings }) => [
        `${culprit!.family} ${culprit!.chain}`,
        findings.flatMap(({ fix }) => fix).filter(({ verified, after }) => verified === 'model' && after !== undefined),
      ]),
    )
    const chains = ['bridge input', 'bridge forward', 'bridge output']
    for (const chain of chains)
      expect(
        tried.get(chain)?.map(({ after }) => after),
        chain,
      ).toContain({ 'bridge input': 'delivered', 'bridge forward': 'forwarded', 'bridge output': 'sent' }[chain])
  })
})

it('tries the setting that keeps bridged packets out of the chains of IP', async () => {
  const { exchanges } = await read('calls-on')
  const fixes = exchanges.find(({ asked }) => asked.dport === 83)!.findings.flatMap(({ fix }) => fix)
  const fix = fixes.find(({ description }) => description === 'keep bridged packets out of the IP chains')
  expect([fix?.verified, fix?.after]).toEqual(['model', 'forwarded'])
})
