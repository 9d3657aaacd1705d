import { describe, expect, it } from 'vitest'
import { HOST_FORMATS } from '../../src/read/host/index.ts'
import { portDirection } from '../../src/rules/service-ports.ts'
import { knowsSockets, listener } from '../../src/rules/sockets.ts'

const ss = HOST_FORMATS.find(({ id }) => id === 'ss')!
const HEADER = 'Netid State  Recv-Q Send-Q Local Address:Port  Peer Address:Port Process\n'
const host = (rows: string) => ss.read(`${HEADER}${rows}\n`, () => {}).host!
const packet = { src: '192.0.2.9', dst: '10.0.0.1', sport: 5000, dport: 80, in: 'eth0' }
const takes = (rows: string, protocol: string, more = {}) =>
  listener(host(rows), { ...packet, protocol, ...more }) !== undefined

describe('listener', () => {
  it.each([
    ['tcp   LISTEN 0 128 0.0.0.0:80 0.0.0.0:*', 'tcp', true],
    ['tcp   LISTEN 0 128 *:80 *:*', 'tcp', true],
    ['tcp   LISTEN 0 128 [::]:80 [::]:*', 'tcp', false],
    ['tcp   LISTEN 0 128 10.0.0.1:80 0.0.0.0:*', 'tcp', true],
    ['tcp   LISTEN 0 128 127.0.0.1:80 0.0.0.0:*', 'tcp', false],
    ['tcp   LISTEN 0 128 0.0.0.0:81 0.0.0.0:*', 'tcp', false],
    ['tcp   LISTEN 0 128 0.0.0.0%eth0:80 0.0.0.0:*', 'tcp', true],
    ['tcp   LISTEN 0 128 0.0.0.0%eth1:80 0.0.0.0:*', 'tcp', false],
    // a connection, also one that this host itself has begun from that port
    ['tcp   ESTAB  0 0 10.0.0.1:80 192.0.2.7:4000', 'tcp', false],
    ['tcp   TIME-WAIT 0 0 10.0.0.1:80 192.0.2.7:4000', 'tcp', false],
    ['udp   UNCONN 0 0 0.0.0.0:80 0.0.0.0:*', 'udp', true],
    ['udp   ESTAB  0 0 10.0.0.1:80 192.0.2.7:53', 'udp', false],
    ['udp   UNCONN 0 0 0.0.0.0:80 0.0.0.0:*', 'tcp', false],
    // MPTCP's row stands beside one of TCP
    ['mptcp LISTEN 0 128 0.0.0.0:80 0.0.0.0:*', 'tcp', false],
  ])('%s: %s', (row, protocol, expected) => {
    expect(takes(row, protocol)).toBe(expected)
  })
})

it('a listing of connections alone says nothing of who listens', () => {
  expect(knowsSockets(host('tcp ESTAB 0 0 10.0.0.1:22 192.0.2.7:4000'), 'tcp')).toBe(false)
  expect(knowsSockets(host('tcp LISTEN 0 128 0.0.0.0:22 0.0.0.0:*'), 'tcp')).toBe(true)
  expect(knowsSockets(host('tcp LISTEN 0 128 0.0.0.0:22 0.0.0.0:*'), 'udp')).toBe(false)
})

it('a listing that says it is whole knows that nobody listens', () => {
  const empty = host('# all listening sockets of tcp and udp')
  expect(['tcp', 'udp', 'sctp'].map((protocol) => knowsSockets(empty, protocol))).toEqual([true, true, false])
  expect(knowsSockets(host(''), 'tcp')).toBe(false)
})

describe('UDP that nobody tracks comes from a service', () => {
  const dns = 'udp UNCONN 0 0 10.0.0.1:53 0.0.0.0:*'
  const own = { protocol: 'udp', src: '10.0.0.1', dst: '192.0.2.9' }
  const other = { protocol: 'udp', src: '192.0.2.9', dst: '10.0.0.1', in: 'eth0' }
  it.each([
    ['where this host listens on its port', { ...own, sport: 53, dport: 40000 }, dns, true],
    ['where this host listens on another one', { ...own, sport: 40000, dport: 53 }, dns, false],
    ['from a low port to a high one', { ...other, sport: 53, dport: 40000 }, dns, true],
    ['but not between low ports', { ...other, sport: 123, dport: 123 }, dns, false],
    [
      'but not to a port that somebody here listens on',
      { ...other, sport: 53, dport: 5000 },
      dns.replace(':53 ', ':5000 '),
      false,
    ],
  ])('%s', (_name, packet, rows, expected) => {
    expect(portDirection(packet, { tables: [], sets: [], host: host(rows) }) === 'reply').toBe(expected)
  })
})
