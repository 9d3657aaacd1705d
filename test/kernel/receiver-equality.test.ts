/**
 * The kernel judges the reading of netlink messages: the same packets, taken by `nft -a monitor trace` and by the receiver
 * at once, give the same journeys, but for what only one of them shows.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Journey, Step } from '../../src/model/journey.ts'
import { nftNetlink } from '../../src/read/captures/netlink/format.ts'
import { explainFile, worldOf } from '../journey/journeys.ts'
import { readCapture } from '../read/captures/read-capture.ts'
import { runInNamespace, whyNot } from './namespaces.ts'
import { buildReceiver, whyNoReceiver } from './receiver/build.ts'
import { ENDED, NETWORK } from './receiver/network.ts'

const reason = whyNot('nft', 'ip', 'nsenter', 'python3', 'ping', 'sysctl') ?? whyNoReceiver()
if (reason) console.warn(`netlink messages are not compared with nft monitor trace: ${reason}`)
const program = reason ? '' : await buildReceiver()
const OUTCOMES = new Set(['delivered', 'dropped', 'forwarded', 'rejected', 'sent', 'vanished'])
const here = (name: string) => new URL(`receiver/${name}`, import.meta.url).pathname

function take() {
  const folder = mkdtempSync(join(tmpdir(), 'nfwhy-equality-'))
  try {
    const said = runInNamespace(`cd ${folder}
${NETWORK}
nft -f ${here('ruleset.nft')}
nft -a monitor trace > text & monitor=$!
node ${program} '{"what":"nft-trace"}' netlink > received & receiver=$!
until grep -q ready received; do sleep 0.05; done
sleep 0.3
there $left 'python3 ${here('send.py')} 198.51.100.2 2001:db8:2::2; python3 ${here('send.py')} 192.0.2.1 2001:db8:1::1'
there $left 'ping -c2 -i0.2 -W1 198.51.100.2; ping -c2 -i0.2 -W1 2001:db8:2::2; ping -c1 -t1 -W1 198.51.100.2' > /dev/null
python3 ${here('send.py')} 198.51.100.2 2001:db8:2::2
python3 ${here('send.py')} 192.0.2.1 ::1
sleep 0.5
kill $monitor $receiver; wait $receiver
nft -a list ruleset > rules
ip -j addr > addr
${ENDED}
echo all done`)
    if (!said.endsWith('all done\n')) throw new Error(said)
    const text = (name: string) => readFileSync(join(folder, name), 'utf8')
    return {
      text: text('text'),
      netlink: new Uint8Array(readFileSync(join(folder, 'netlink'))),
      received: text('received'),
      world: worldOf(text('rules'), text('addr')),
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** What only netlink's messages tell: when, the mark before each rule, connection tracking, what nft does not print. */
function common({ time: _, packet, steps, findings, id: _id, ...rest }: Journey) {
  const { ctState: _s, ctDir: _d, ctStatus: _t, dontFragment: _f, tcpSeq: _q, tcpAck: _a, mark: _m, ...shown } = packet
  return { ...rest, packet: shown, steps: steps.map(commonStep), findings: findings.map(({ code }) => code) }
}

const commonStep = ({ mark: _, changes, ...step }: Step) => ({
  ...step,
  changes: changes.filter(({ field }) => field !== 'mark'),
})

/** What the text tells of marks: the messages tell the same, and more. */
const marksOf = ({ steps }: Journey) => steps.map(({ mark }) => mark)

describe.skipIf(reason)("nft's text and netlink's messages", () => {
  it('give the same journeys', () => {
    const { text, netlink, received, world } = take()
    expect(received).toContain('{"lost":0}')
    const [asText, asMessages] = [explainFile(text, world), explainFile(netlink, world)]
    expect([asText.told, asMessages.told]).toEqual([[], []])
    const { journeys } = asMessages
    expect(journeys.map(common)).toEqual(asText.journeys.map(common))
    expect(new Set(journeys.map(({ outcome }) => outcome))).toEqual(OUTCOMES)
    for (const [i, journey] of asText.journeys.entries())
      for (const [n, mark] of marksOf(journey).entries())
        if (mark !== undefined) expect(marksOf(journeys[i]!)[n], JSON.stringify(journey)).toBe(mark)
    expect(journeys.flatMap(marksOf)).not.toContain(undefined)
    const changes = journeys.flatMap(({ steps }) => steps.flatMap((step) => step.changes))
    expect(changes).toContainEqual({ field: 'mark', from: 0, to: 7 })
    // in front of connection tracking, where these journeys begin, nothing is known of it yet
    const shown = readCapture(nftNetlink, netlink).events.map(({ packet }) => packet)
    const seen = new Set(shown.map(({ ctState, ctDir }) => `${ctState} ${ctDir}`))
    expect(seen).toEqual(
      new Set(['undefined undefined', 'new original', 'established original', 'established reply', 'related reply']),
    )
    expect(shown.some(({ ctStatus }) => ctStatus?.includes('dnat'))).toBe(true)
  })
})
