/** NFLOG captures and ulogd2 rows of strangers. What is in them was found by tcpdump, tshark and reading, not with this program. */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { recognise } from '../../src/read/recognise.ts'
import { explainFile, headOf } from '../journey/journeys.ts'

const CORPUS = new URL(`${process.env.NFWHY_CORPUS ?? '../../../shared/corpus'}/`, import.meta.url)
const missing = !existsSync(new URL('pcap-nflog/', CORPUS))
if (missing) console.warn(`the corpus of NFLOG captures is skipped: no ${CORPUS.pathname}pcap-nflog`)

const read = (path: string) => new Uint8Array(readFileSync(new URL(path, CORPUS)))

describe.skipIf(missing)('NFLOG captures of strangers', () => {
  it.each([
    ['pcap-nflog/nflog.pcap', 'nflog-pcap'],
    ['pcap-nflog/nflog.tshark.json', 'tshark-json'],
  ])('%s: what tcpdump tells of it', (path, id) => {
    const bytes = read(path)
    expect(recognise(headOf(bytes))?.format.id).toBe(id)
    const { journeys, told, stats } = explainFile(bytes)
    expect([told, stats.skipped, stats.events]).toEqual([['- nameless-interfaces'], 0, 4])
    // `TIME version 0, resource ID 20, family IPv4 (2), length 180: SOURCE.PORT > DESTINATION.PORT: …`
    const lines = new TextDecoder().decode(read('pcap-nflog/nflog-e.out')).trim().split('\n')
    const said = journeys.map(({ time, packet: { src, sport, dst, dport } }) => [
      time?.first,
      `${src}.${sport} > ${dst}.${dport}`,
    ])
    const expected = lines.map((line) => {
      const [, date, clock, ends] = /^\s*\d+\s+(\S+) (\S+) .*length \d+: (\S+ > \S+): /.exec(line)!
      return [`${date}T${clock}Z`, ends]
    })
    expect(said).toEqual(expected)
    for (const { packet, steps } of journeys) {
      expect(packet).toMatchObject({ in: '#2', protocol: 'udp', ttl: 55, ipId: 0, dontFragment: true, mark: 0 })
      expect(packet.srcMac).toBe('b8:a3:86:b9:c3:d6')
      expect(steps.map(({ prefix, hook }) => [prefix, hook])).toEqual([['', 'input']])
    }
  })

  it.each([
    [
      'ulogd-json/lab-drop-pretty-001.json',
      { prefix: 'forward-drop', hook: 'forward' },
      {
        in: 'eth2',
        out: 'eth3',
        src: '192.168.10.20',
        dst: '192.168.20.30',
        sport: 43936,
        dport: 5432,
        tcpFlags: ['syn'],
      },
      '2026-09-28T21:52:30.943369Z',
    ],
    [
      'ulogd-json/spr-icmpv6-001.jsonl',
      { prefix: 'DRP:INP ', hook: 'input' },
      { in: 'wlan0', dst: 'ff02::1', protocol: 'icmpv6', icmpType: 134, ttl: 255, srcMac: 'd8:d7:75:f2:f9:59' },
      '2022-07-25T13:01:58.947620Z',
    ],
  ])('%s', (path, step, packet, time) => {
    const bytes = read(path)
    expect(recognise(headOf(bytes))?.format.id).toBe('ulogd-json')
    const { journeys, told, stats } = explainFile(bytes)
    expect([told, stats.skipped, journeys.length]).toEqual([[], 0, 1])
    expect(journeys[0]!.steps).toMatchObject([step])
    expect(journeys[0]!.packet).toMatchObject(packet)
    expect(journeys[0]!.time?.first).toBe(time)
  })
})
