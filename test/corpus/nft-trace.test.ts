/** Traces of nft's that strangers published. What is in each was counted by reading, not with this program. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { nftTrace } from '../../src/read/captures/nft-trace/format.ts'
import { xtablesMonitor } from '../../src/read/captures/xtables-monitor/format.ts'
import { recognise } from '../../src/read/recognise.ts'
import { explainCapture, explainFile } from '../journey/journeys.ts'

const CORPUS = new URL(`${process.env.NFWHY_CORPUS ?? '../../../shared/corpus'}/`, import.meta.url)
const missing = !existsSync(new URL('nft-trace/', CORPUS))
if (missing) console.warn(`the corpus of nft traces is skipped: no ${CORPUS.pathname}nft-trace`)

const filesOf = (folder: string): string[] =>
  missing ? [] : readdirSync(new URL(`${folder}/`, CORPUS)).map((file) => `${folder}/${file}`)
const textOf = (path: string) => readFileSync(new URL(path, CORPUS), 'utf8')

/** Outcomes of the packets in each, and what is told. */
const FOUND: Readonly<Record<string, readonly [outcomes: string[], told: string[]]>> = {
  // its author left out words, `..`; the last packet has only its first line
  'fedora-magazine-dnat-elided-001': [['dropped', 'undetermined'], ['1 unknown-words']],
  // a bridged packet's later lines have no addresses, and another id
  'fw4-bridge-mss-001': [['undetermined', 'forwarded', 'undetermined'], []],
  'fw4-policy-routing-001': [['sent'], []],
  'fw4-wireguard-invalid-drop-001': [['dropped'], []],
  'iptablesnft-docker-dnat-forward-001': [['forwarded'], []],
  'iptablesnft-wg-docker-reject-001': [['rejected'], []],
  'openwrt-fw4-forward-001': [['undetermined'], []],
  'wiki-ping-reply-001': [['delivered'], []],
  'docker-bridge-ubuntu2204-001': [['forwarded', 'forwarded', 'undetermined'], []],
  'notes-iptables-nftables-monitoring-001': [['dropped'], []],
  'tcp-handshake-container-001': [['undetermined', 'sent', 'undetermined'], []],
}
const nameOf = (path: string) => path.replace(/^.*\/|\.txt$/g, '')

describe.skipIf(missing).each([...filesOf('nft-trace'), ...filesOf('xtables-monitor')])('%s', (path) => {
  const text = textOf(path)
  const { journeys, told, stats } = explainFile(text)
  const [outcomes, expected] = FOUND[nameOf(path)] ?? []

  it('is recognised', () => {
    expect(recognise(text)?.format.id).toBe(path.startsWith('nft-trace') ? 'nft-trace' : 'xtables-monitor')
  })

  it('is read whole: each line that is an event is one step', () => {
    const events = text.split('\n').filter((line) => / (?:rule|policy|verdict) .|:(?:rule|policy|return):/.test(line))
    expect(stats.events).toBe(events.length)
    expect(journeys.reduce((sum, { steps }) => sum + steps.length, 0)).toBe(events.length)
    expect(stats.skipped).toBe(0)
  })

  it('tells what became of each packet', () => {
    expect(journeys.map(({ outcome }) => outcome)).toEqual(outcomes)
    expect(told).toEqual(expected)
  })
})

describe.skipIf(missing).each(filesOf('nft-tests-monitor'))('%s', (path) => {
  it.each([nftTrace, xtablesMonitor])('is none of $id, and hurts nobody who says it is', (format) => {
    const { journeys, stats } = explainCapture(format, textOf(path))
    expect([journeys.length, stats.events]).toEqual([0, 0])
    expect(recognise(textOf(path))?.format.id).not.toBe(format.id)
  })
})
