import { expect, test } from 'vitest'
import { applyWithUndo } from '../../src/analysis/undo.ts'
import { recognise, type World, WorldBuilder } from '../../src/index.ts'

const TEXT = `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:user - [0:0]
-A INPUT -s 10.0.0.1/32 -j DROP
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -s 10.0.0.1/32 -j DROP
-A INPUT -j user
COMMIT
`
const NFT = `table inet fw {
	set bad {
		type ipv4_addr
		elements = { 10.0.0.9 }
	}
	chain input { # handle 1
		type filter hook input priority filter; policy accept;
		tcp dport 22 accept # handle 4
		tcp dport 23 drop # handle 5
	}
}
`

async function worldOf(...texts: string[]): Promise<World> {
  const builder = new WorldBuilder()
  for (const text of texts) {
    const recognised = recognise(text) as Parameters<WorldBuilder['add']>[2]
    await recognised.format.load?.()
    builder.add('rules', text, recognised)
  }
  return builder.world
}

test.each([
  ['iptables -A INPUT -p tcp --dport 80 -j ACCEPT', 'iptables -D INPUT -p tcp --dport 80 -j ACCEPT'],
  ['iptables -I INPUT 2 -p udp -j DROP', 'iptables -D INPUT -p udp -j DROP'],
  // of rules alike, the first one would go
  ['iptables -A INPUT -s 10.0.0.1 -j DROP', 'iptables -D INPUT 5'],
  ['iptables -D INPUT 2', 'iptables -t filter -I INPUT 2 -p tcp -m tcp --dport 22 -j ACCEPT'],
  ['iptables -D INPUT -s 10.0.0.1 -j DROP', 'iptables -t filter -I INPUT 1 -s 10.0.0.1/32 -j DROP'],
  ['iptables -R INPUT 2 -j ACCEPT', 'iptables -R INPUT 2 -p tcp --dport 22 -j ACCEPT'],
  ['iptables -P INPUT DROP', 'iptables -P INPUT ACCEPT'],
  ['iptables -N new', 'iptables -X new'],
  ['iptables -E user other', 'iptables -E other user'],
  [
    'iptables -D INPUT 1 && iptables -D INPUT 1',
    'iptables -t filter -I INPUT 1 -p tcp -m tcp --dport 22 -j ACCEPT && iptables -t filter -I INPUT 1 -s 10.0.0.1/32 -j DROP',
  ],
  ['sysctl -w net.ipv4.ip_default_ttl=32', 'sysctl -w net.ipv4.ip_default_ttl=64'],
  ['nft delete rule inet fw input handle 5', 'nft add rule inet fw input position 4 tcp dport 23 drop'],
  ["nft add element inet fw bad '{ 10.0.0.7 }'", 'nft delete element inet fw bad { 10.0.0.7 }'],
  // what is not known
  ['iptables -F INPUT', undefined],
  ['sysctl -w net.core.unknown=1', undefined],
  ['nft add rule inet fw input tcp dport 80 accept', undefined],
  ['iptables -L', undefined],
])('%s is taken back by %s', async (command, undo) => {
  const world = await worldOf(TEXT, NFT, 'net.ipv4.ip_default_ttl = 64\nnet.ipv4.ip_forward = 1\n')
  expect((await applyWithUndo(world, command)).undo?.replace(/'/g, '')).toBe(undo)
})

test('what a fix proposes goes before, if it does take the command back', async () => {
  const world = await worldOf(TEXT)
  const command = 'iptables -A INPUT -p udp -j DROP'
  expect((await applyWithUndo(world, command, { known: 'iptables -D INPUT 5' })).undo).toBe('iptables -D INPUT 5')
  expect((await applyWithUndo(world, command, { known: 'iptables -D INPUT 4' })).undo).toBe(
    'iptables -D INPUT -p udp -j DROP',
  )
  expect((await applyWithUndo(world, command, { known: 'reboot' })).undo).toBe('iptables -D INPUT -p udp -j DROP')
})
