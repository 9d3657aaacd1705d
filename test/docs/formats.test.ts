/** docs/formats: the pages name every format, every warning that its reader gives, and show lines that are read. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { CaptureExplainer, emptyWorld, type Journey, recognise } from '../../src/index.ts'
import { CAPTURE_FORMATS } from '../../src/read/captures/index.ts'
import { kernelLog } from '../../src/read/captures/kernel-log/format.ts'
import { ulogdJson } from '../../src/read/captures/ulogd/format.ts'
import { fieldOfTitle, WIRESHARK_FIELDS } from '../../src/read/captures/wireshark/fields.ts'
import { HOST_FORMATS } from '../../src/read/host/index.ts'
import { blocksOf, tableRows } from './markdown.ts'
import { ROOT, sourcesIn } from './sources.ts'

const page = (name: string) => readFileSync(join(ROOT, `docs/formats/${name}.md`), 'utf8')
const word = (cell: string | undefined) => /^`([^`]+)`$/.exec(cell ?? '')?.[1]

const isIptablesSave = (path: string) => /\/rulesets\/[^/]+$/.test(path)
/** What src/read/rulesets/iptables-table.ts tells of any text. */
const FROM_IPTABLES_TABLE = ['bad-policy', 'missing-chain', 'rule-not-understood', 'table-twice']

describe('warnings', () => {
  const captures = sourcesIn('src/read/captures/')
  const monitors = captures.filter(({ path }) => path.endsWith('/traced-reader.ts'))
  const files = sourcesIn('src/read/captures/pcap/')
  const rulesets = sourcesIn('src/read/rulesets/')
  test.each([
    ['kernel-log', sourcesIn('src/read/captures/kernel-log/'), []],
    ['nft-trace', [...sourcesIn('src/read/captures/nft-trace/'), ...monitors], []],
    ['xtables-monitor', [...sourcesIn('src/read/captures/xtables-monitor/'), ...monitors], []],
    // interfaces' names are looked up in src/read/captures/device-names.ts, and Wireshark's records read as NFLOG's
    ['nft-netlink', [...sourcesIn('src/read/captures/netlink/'), ...files], ['nameless-interfaces']],
    ['nflog-pcap', [...sourcesIn('src/read/captures/nflog/'), ...files], ['nameless-interfaces']],
    ['ulogd-json', sourcesIn('src/read/captures/ulogd/'), ['nameless-interfaces']],
    ['wireshark', sourcesIn('src/read/captures/wireshark/'), ['nameless-interfaces', 'records-lost']],
    // two files of one kind are joined in src/read/world.ts
    [
      'iptables-save',
      rulesets.filter(({ path }) => isIptablesSave(path) && !path.includes('/nft-')),
      ['both-backends', 'table-twice'],
    ],
    ['iptables-list', sourcesIn('src/read/rulesets/iptables-list/'), FROM_IPTABLES_TABLE],
    ['ebtables-save', sourcesIn('src/read/rulesets/bridge-arp/'), ['table-twice']],
    ['arptables-save', sourcesIn('src/read/rulesets/bridge-arp/'), ['table-twice']],
    ['nft', [...rulesets.filter(({ path }) => path.includes('/nft-')), ...sourcesIn('src/rules/nft/')], []],
    ['host-state', sourcesIn('src/read/host/'), ['set-twice']],
  ])('of %s', (name, sources, joined) => {
    const codes = sources.flatMap(({ text }) => [
      ...text.matchAll(/(?:\b(?:report|tell|skip)\(\s*|\bproblem\([\w.]+, |\bcode: )'([a-z]+(?:-[a-z]+)+)'/g),
    ])
    const told = tableRows(page(name), 'Warnings').map(([code]) => word(code))
    expect(told.sort()).toEqual([...new Set([...joined, ...codes.map((match) => match[1]!)])].sort())
  })
})

test('bundle: a row for each reason why a part of an archive is not read', () => {
  const sources = ['src/read/tar.ts', 'src/analysis/inputs/unpack-tar.ts'].map((file) =>
    readFileSync(join(ROOT, file), 'utf8'),
  )
  const codes = sources.flatMap((text) => [...text.matchAll(/'(archive-[a-z]+)'/g)].map((match) => match[1]!))
  expect(
    tableRows(page('bundle'), 'Archives')
      .map(([code]) => word(code))
      .sort(),
  ).toEqual([...new Set(codes)].sort())
})

test('captures: each format has its page', () => {
  const pages: Readonly<Record<string, string>> = {
    'kernel-log': 'kernel-log',
    'nflog-pcap': 'nflog-pcap',
    'ulogd-json': 'ulogd-json',
    'tshark-json': 'wireshark',
    'wireshark-table': 'wireshark',
  }
  for (const { id } of CAPTURE_FORMATS) expect(page(pages[id] ?? id)).toContain('## What it cannot tell')
  const rows = tableRows(page('wireshark'), 'Who writes it').map(([id]) => word(id))
  expect(rows.sort()).toEqual(Object.keys(pages).filter((id) => pages[id] === 'wireshark'))
})

test('Wireshark: every field that is named is one that is read, and the other way round', () => {
  const told = tableRows(page('wireshark'), 'How to get one').flatMap(([fields = '']) =>
    [...fields.matchAll(/`([a-z0-9_]+\.[a-z0-9_.]+)`/g)].map((match) => match[1]!),
  )
  for (const field of told) expect(fieldOfTitle(field)).toBe(field)
  const like = (field: string) =>
    field.replace(/^(udp|sctp|dccp)\./, 'tcp.').replace(/^icmpv6\..*\.|^icmpv6\./, 'icmp.')
  const named = new Set([...told, 'icmp.identifier', 'icmp.sequence_number', 'nflog.family'])
  const read = [...WIRESHARK_FIELDS.keys()].filter((field) => !/^col\.|physindev|physoutdev/.test(field))
  expect(read.filter((field) => !named.has(field) && !named.has(like(field)))).toEqual([])
})

test('ulogd2: the rows that are shown are read', () => {
  const rows = blocksOf(page('ulogd-json')).filter(({ text }) => text.includes('TRACE: '))
  expect(rows.length).toBe(2)
  for (const { text } of rows) {
    expect(recognise(text)?.format.id).toBe('ulogd-json')
    const journeys: Journey[] = []
    const explainer = new CaptureExplainer(
      ulogdJson,
      emptyWorld(),
      () => {},
      (closed) => journeys.push(closed.explain()),
    )
    explainer.push(new TextEncoder().encode(text))
    explainer.end()
    const packet = { src: '192.0.2.1', dst: '192.0.2.2', sport: 40000, dport: 80, ipId: 1, mark: 0 }
    expect(journeys).toMatchObject([{ packet, time: { first: '2026-01-05T21:23:16.123456Z' } }])
  }
})

test('host state: a row for each format', () => {
  const rows = tableRows(page('host-state'), 'What is read, and what for')
  expect(rows.map(([id]) => word(id))).toEqual(HOST_FORMATS.map((format) => format.id))
})

describe('kernel log: around the line', () => {
  const lines = blocksOf(page('kernel-log'))
    .find((block) => block.language === 'log')!
    .text.trim()
    .split('\n')

  test.each(lines.map((line) => [line.slice(0, line.indexOf('raw:')), line]))('%s', (_, line) => {
    expect(recognise(line)?.format.id).toBe('kernel-log')
    const told: string[] = []
    const journeys: Journey[] = []
    const explainer = new CaptureExplainer(
      kernelLog,
      emptyWorld(),
      (code) => told.push(code),
      (closed) => journeys.push(closed.explain()),
    )
    explainer.push(new TextEncoder().encode(`${line}\n`))
    explainer.end()
    expect(told).toEqual([])
    const [journey] = journeys
    expect(journey?.packet).toMatchObject({ src: '192.0.2.1', dst: '192.0.2.2', sport: 40000, dport: 80 })
    expect(journey?.steps[0]).toMatchObject({ table: 'raw', chain: 'PREROUTING', ruleNumber: 3 })
    expect(journey?.host).toBe(line.includes('router') ? 'router' : undefined)
    expect(journey?.uptime?.first).toBe(/417[.]?477400/.test(line) ? 417.4774 : undefined)
    expect(journey?.time?.first).toEqual(
      /2026|Jan/.test(line) || line.startsWith('{') ? expect.stringMatching(/-01-05T2[01]:23:16/) : undefined,
    )
  })
})
