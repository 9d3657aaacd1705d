/** A reader of standard output that stops reading: SIGTERM is not held up by it, Ctrl-C takes back and then waits for it. */
import { describe, expect, test } from 'vitest'
import { TestPlace, type WhenOver, whyNoPlace } from './lab/place.ts'
import { sleep } from './lab/session.ts'
import { Patience } from './lab/slowness.ts'
import { changes, changesAfter, snapshot } from './lab/snapshot.ts'

const missing = whyNoPlace()
const SETUP = `nft add table inet t; nft 'add chain inet t c { type filter hook input priority 0; }'`

/** Its pipe is full, and more is still to be written. */
async function stalled(whenOver: WhenOver, command: readonly string[] = []) {
  const place = await TestPlace.open(whenOver, { setup: SETUP })
  const before = await snapshot(place)
  const run = place.trace(['--ndjson', '--rate', 'unlimited', '--no-drops'], { command, readsOutput: false })
  const isSetUp = async () => changes(before, await snapshot(place)).some((line) => line.startsWith('+ nft: '))
  while (!(await isSetUp())) await sleep(50)
  // some seconds of packets are more than 2 MB
  const traffic = place.background('exec ping -q -i 0.002 -c 2000 127.0.0.1')
  await new Promise((resolve) => traffic.on('exit', resolve))
  await sleep(500)
  expect(await isSetUp()).toBe(true)
  return { place, before, run }
}

describe.skipIf(missing)(`a reader that has stopped${missing ? `: ${missing}` : ''}`, () => {
  test('SIGTERM ends it all the same', async ({ onTestFinished }) => {
    const { place, before, run } = await stalled(onTestFinished)
    const patience = new Patience(3, onTestFinished)
    run.kill('SIGTERM')
    const { code, stderr } = await run.ended
    expect(patience.isOver, stderr).toBe(false)
    expect(code, stderr).toBe(2)
    expect(stderr).toMatch(/no program reads standard output: the last \d{4,} bytes were not written/)
    expect((await changesAfter(before, place, run.mark, 2)).filter((line) => !line.includes('ping'))).toEqual([])
  })

  test('SIGTERM, where what it says goes the same way', async ({ onTestFinished }) => {
    const { place, before, run } = await stalled(onTestFinished, ['sh', '-c', 'exec "$@" 2>&1', 'sh'])
    const patience = new Patience(4, onTestFinished)
    run.kill('SIGTERM')
    expect((await run.ended).code).toBe(2)
    expect(patience.isOver).toBe(false)
    expect((await changesAfter(before, place, run.mark, 2)).filter((line) => !line.includes('ping'))).toEqual([])
  })

  test('Ctrl-C takes everything back, and what was seen is all there for who reads on', async ({ onTestFinished }) => {
    const { place, before, run } = await stalled(onTestFinished)
    run.kill('SIGINT')
    await run.says(/Waiting for the reader of the output/)
    const left = changes(before, await snapshot(place)).filter((line) => !/process|ping/.test(line))
    expect(left).toEqual([])
    let stdout = ''
    run.child.stdout!.setEncoding('utf8').on('data', (text) => {
      stdout += text
    })
    const whole = new Promise((resolve) => run.child.stdout!.on('end', resolve))
    const { code, stderr } = await run.ended
    await whole
    expect(code, stderr).toBe(0)
    const all = stdout.trim().split('\n')
    const { summary } = JSON.parse(all.pop()!)
    const lines = all.filter((line) => !line.startsWith('{"exchange":'))
    expect(lines.length).toBeGreaterThan(1000)
    expect(summary.stats.journeys).toBe(lines.length)
    expect(new Set(lines.map((line) => JSON.parse(line).id)).size).toBe(lines.length)
  })
})
