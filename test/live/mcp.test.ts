/** `nfwhy mcp --allow-trace`: an assistant traces a packet, asks why it was dropped, and nothing is left behind. */
import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { assistant } from '../mcp/assistant.ts'
import { TestPlace, type WhenOver, whyNoPlace } from './lab/place.ts'
import { sleep } from './lab/session.ts'
import { changes, changesAfter, MARK, snapshot } from './lab/snapshot.ts'

const missing = whyNoPlace()

/** What the owner of the session holds while it traces. */
const isTraced = async (place: TestPlace) => /nfwhy/.test((await place.run('nft list tables')).output)

async function untilTraced(place: TestPlace): Promise<void> {
  for (let i = 0; i < 200 && !(await isTraced(place)); i++) await sleep(50)
  expect(await isTraced(place)).toBe(true)
}

async function begin(whenOver: WhenOver) {
  const place = await TestPlace.open(whenOver, {
    setup: `
nft add table inet fw
nft 'add chain inet fw in { type filter hook input priority 0; }'
nft 'add rule inet fw in udp dport 9 drop'
nft 'add rule inet fw in udp dport 10 accept'`,
  })
  const mark = randomUUID()
  const before = await snapshot(place)
  const client = await assistant(['--allow-trace', '--via', place.via], { env: { [MARK]: mark } })
  return { place, mark, before, ...client }
}

describe.skipIf(missing)(`an assistant that traces${missing ? `: ${missing}` : ''}`, () => {
  test('finds the rule that drops, and nothing stays behind', async ({ onTestFinished }) => {
    const { place, mark, before, call } = await begin(onTestFinished)
    place.background("exec bash -c 'while :; do echo x >/dev/udp/127.0.0.1/9; sleep 0.2; done'")
    const { place: name, problems } = await call('doctor', { filter: 'udp dst port 9' })
    expect(name).toBe(place.via)
    expect(problems.every(({ code }: { code: string }) => code !== '')).toBe(true)
    const traced = await call('trace', { filter: 'udp dst port 9', seconds: 20, packets: 2 })
    expect(traced.place).toBe(place.via)
    // one that was on its way when the trace began is told apart: it was only seen to come in
    const dropped = { outcome: 'dropped', culprit: { text: 'udp dport 9 drop' } }
    expect(traced.exchanges).toMatchObject([dropped, ...traced.exchanges.slice(1).map(() => dropped)])
    const inputs = [traced.name]
    const { exchanges } = await call('explain', { inputs })
    const [{ culprit, id }] = exchanges
    expect(culprit).toEqual(traced.exchanges[0].culprit)
    const tried = await call('try_fix', { inputs, exchange: id, commands: [`nft delete rule ${culprit.ref}`] })
    expect(tried).toMatchObject({ before: { outcome: 'dropped' }, after: { outcome: 'delivered' } })
    // what it sends meanwhile is no part of it
    const isOurs = (line: string) => !/bash -c|sleep 0\.2/.test(line)
    for (let i = 0; i < 50 && changes(before, await snapshot(place, mark)).filter(isOurs).length > 1; i++)
      await sleep(100)
    expect(changes(before, await snapshot(place, mark)).filter(isOurs)).toEqual([expect.stringContaining(' mcp ')])
  })

  test('gives a call up, and nothing stays behind', async ({ onTestFinished }) => {
    const { place, mark, before, client, call } = await begin(onTestFinished)
    const giving = new AbortController()
    const traced = client
      .callTool({ name: 'trace', arguments: { filter: 'udp', seconds: 60 } }, { signal: giving.signal })
      .catch((error: unknown) => error)
    await untilTraced(place)
    giving.abort()
    expect(await traced).toBeInstanceOf(Error)
    // the next call waits for the end of it
    expect((await call('finding', { code: 'near-miss' })).page).toContain('near-miss')
    expect(await isTraced(place)).toBe(false)
    await client.close()
    expect(await changesAfter(before, place, mark, 5)).toEqual([])
  })

  test('goes away midway, and nothing stays behind', async ({ onTestFinished }) => {
    const { place, mark, before, client } = await begin(onTestFinished)
    const traced = client.callTool({ name: 'trace', arguments: { filter: 'udp', seconds: 60 } }).catch(() => {})
    await untilTraced(place)
    await client.close()
    await traced
    expect(await changesAfter(before, place, mark, 5)).toEqual([])
  })
})
