/** What different tools said of one namespace at one time has to be the same. */
import { expect, it } from 'vitest'
import { HOST_FORMATS } from '../../../src/read/host/index.ts'
import { readFixture, readPlain } from './fixtures.ts'

function read(path: string) {
  const format = HOST_FORMATS.find((one) => one.id === path.split('/')[0])!
  return readPlain(format, readFixture(path))
}

it('addresses: JSON and text', () => {
  // a namespace's name is printed in text alone, and its number as JSON
  const [text, json] = ['ip-addr/every-kind.txt', 'ip-addr-json/every-kind.json'].map((path) => {
    const { host = {}, ...rest } = read(path)
    return { ...rest, host: { ...host, links: host.links?.map(({ peerNamespace: _, ...link }) => link) } }
  })
  expect(text).toEqual(json)
})

it('addresses on one line each', () => {
  const addresses = (path: string) =>
    Object.fromEntries((read(path).host?.links ?? []).map((link) => [link.name, link.addresses]))
  const withAny = Object.entries(addresses('ip-addr-json/every-kind.json')).filter(([, list]) => list?.length)
  expect(Object.entries(addresses('ip-addr/oneline.txt'))).toEqual(withAny)
})

it('routes: JSON and text', () => {
  expect(read('ip-route/both-families.txt')).toEqual(read('ip-route-json/both-families.json'))
})

/** As -N prints it: types in front, tables, protocols and scopes by their numbers (include/uapi/linux/rtnetlink.h). */
const NUMBERS: readonly (readonly [word: RegExp, number: string])[] = [
  ...[
    'unspec',
    'unicast',
    'local',
    'broadcast',
    'anycast',
    'multicast',
    'blackhole',
    'unreachable',
    'prohibit',
    'throw',
  ].map((name, i) => [new RegExp(`^${name}(?= )`, 'gm'), String(i)] as const),
  [/ table local\b/g, ' table 255'],
  [/ scope link\b/g, ' scope 253'],
  [/ scope host\b/g, ' scope 254'],
  [/ scope global\b/g, ' scope 0'],
]
const inNumbers = (text: string) => NUMBERS.reduce((changed, [word, number]) => changed.replace(word, number), text)
const readAs = (id: string, text: string) => readPlain(HOST_FORMATS.find((one) => one.id === id)!, text)

it.each(['ip-route/both-families.txt', 'ip-addr/every-kind.txt'])('%s: names and the numbers of -N', (path) => {
  const text = readFixture(path)
  expect(inNumbers(text)).not.toBe(text)
  expect(readAs(path.split('/')[0]!, inNumbers(text))).toEqual(read(path))
})

it('routing rules: JSON and text', () => {
  expect(read('ip-rule/both-families.txt').host).toEqual(read('ip-rule-json/both-families.json').host)
  expect(read('ip-rule/every-selector.txt').host?.routingRules?.length).toBe(
    read('ip-rule-json/every-selector.json').host?.routingRules?.length,
  )
})

it('connections: conntrack -L, -o extended and /proc', () => {
  const listed = read('conntrack/both-families.txt').host?.conntrack
  const proc = read('conntrack/proc.txt').host?.conntrack?.map(({ zone, ...entry }) =>
    zone ? { ...entry, zone } : entry,
  )
  const extended = read('conntrack/extended.txt').host?.conntrack?.map(({ id, labels, ...entry }) => entry)
  expect(extended).toEqual(listed)
  expect(proc).toEqual(listed?.map(({ helper, ...entry }) => entry))
})

it('neighbours: JSON and text, also with statistics', () => {
  const listed = read('ip-neigh-json/every-state.json').host?.neighbours
  expect(read('ip-neigh/statistics.txt').host?.neighbours).toEqual(listed)
  expect(read('ip-neigh/every-state.txt').host?.neighbours).toEqual([
    ...(listed ?? []),
    ...(read('ip-neigh-json/proxy.json').host?.neighbours ?? []),
  ])
})

it('links and addresses: brief text and JSON', () => {
  expect(read('ip-brief/link.txt')).toEqual(read('ip-addr-json/brief-link.json'))
  expect(read('ip-brief/addr.txt')).toEqual(read('ip-addr-json/brief-addr.json'))
})

it('counters of conntrack: -S and /proc', () => {
  const some = (path: string) =>
    read(path).host?.conntrackCounters?.map(({ drop, early_drop, insert_failed }) => [drop, early_drop, insert_failed])
  expect(some('conntrack-stats/tool.txt')).toEqual(some('conntrack-stats/proc.txt'))
  expect(some('conntrack-stats/tool.txt')?.[0]).toEqual([12, 7, 0])
})

it('sets: ipset save and ipset list', () => {
  expect(read('ipset-list/every-type.txt').sets).toEqual(read('ipset-save/every-type.save').sets)
})

it('sockets: with and without a header, and with details', () => {
  const withNetid = read('ss/no-header.txt').host?.sockets
  expect(read('ss/extended.txt').host?.sockets).toEqual(withNetid)
  expect(read('ss/every-address.txt').host?.sockets?.filter((socket) => socket.protocol !== 'raw')).toEqual(withNetid)
})

it('sockets: the protocol where the column is missing', () => {
  const bare = (protocol: string) =>
    read('ss/no-header.txt')
      .host?.sockets?.filter((socket) => socket.protocol === protocol)
      .map(({ process, pid, ...socket }) => socket)
  expect(read('ss/no-netid-tcp.txt').host?.sockets).toEqual(bare('tcp'))
  expect(read('ss/no-netid-udp.txt').host?.sockets).toEqual(bare('udp'))
})
