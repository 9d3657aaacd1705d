/** A program that asks by UDP and connects its socket to nobody: that is listed as the socket of a service is. */
import { expect, test } from 'vitest'
import { open } from '../../src/index.ts'
import { dmesg, trace } from '../journey/kernel-lines.ts'

const RULES = '*filter\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n'
const [HOST, OTHER] = ['192.0.2.1', '203.0.113.9']

async function told(port: number, asked: number) {
  const sent = { protocol: 'udp', out: 'eth0', src: HOST, dst: OTHER, sport: port, dport: asked } as const
  const files = {
    'rules.v4': RULES,
    'ip-addr.txt': `2: eth0    inet ${HOST}/24 scope global eth0\\       valid_lft forever preferred_lft forever\n`,
    'sockets.txt': `Netid State  Recv-Q Send-Q Local Address:Port Peer Address:Port\nudp   UNCONN 0      0      0.0.0.0:${port}    0.0.0.0:*\n`,
    'dmesg.log': dmesg([trace('filter:OUTPUT:policy:1', sent)]),
  }
  const inputs = Object.entries(files).map(([name, text]) => ({ name, text }))
  const { exchanges } = await (await open(inputs)).exchanges()
  return exchanges.map(({ asked: { src, dport }, status, journeys }) => ({ src, dport, status, ...journeys }))
}

test('what it sends from a port that the kernel chose to a privileged one is a request', async () => {
  const [one, ...others] = await told(41_234, 53)
  expect(one).toMatchObject({ src: HOST, dport: 53, request: ['1'], replies: [] })
  expect(one!.status).not.toBe('answered')
  expect(others).toEqual([])
})

test('what a service sends from its own port is a reply', async () => {
  expect(await told(53, 41_234)).toMatchObject([{ src: OTHER, dport: 53, replies: ['1'] }])
})

test('between two ports that nobody knows, no reply is seen in it', async () => {
  const [one] = await told(41_234, 5001)
  expect(one!.status).not.toBe('answered')
})
