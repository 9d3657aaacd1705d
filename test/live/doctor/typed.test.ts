/** What is to be typed on this machine leads to the place that was examined. */
import { expect, test } from 'vitest'
import { typedText } from '../../../src/live/doctor/typed.ts'
import { HERE, parseVia } from '../../../src/live/trace-host.ts'
import { command } from '../../../src/model/command.ts'

const MONITOR = command('xtables-monitor', '--trace')
const NFT = command('nft', 'add', 'chain', 'inet', 't', 'c', '{ type filter hook output priority -350; }')
const TWO = [
  command('iptables', '-D', 'OUTPUT', '-m', 'comment', '--comment', "it's", '-j', 'TRACE'),
  command('sysctl', '-w', 'kernel.printk=4 4 1 7'),
]

test.each([
  ['ip netns exec blue', [MONITOR], 'ip netns exec blue xtables-monitor --trace'],
  ['nsenter -t 12 -n', [MONITOR], 'nsenter -t 12 -n xtables-monitor --trace'],
  ['docker exec web', [MONITOR], 'docker exec -i web xtables-monitor --trace'],
  ['kubectl exec -n kube-system p', [MONITOR], 'kubectl exec -i -n kube-system p -- xtables-monitor --trace'],
  ['ssh root@host', [MONITOR], "ssh root@host 'xtables-monitor --trace'"],
  ['ssh -p 2222 root@host', [MONITOR], "ssh -p 2222 root@host 'xtables-monitor --trace'"],
  ['ssh root@host ip netns exec blue', [MONITOR], "ssh root@host ip netns exec blue 'xtables-monitor --trace'"],
  // each takes one pair of quotes away
  ['ssh a ssh b', [MONITOR], `ssh a ssh b ''\\''xtables-monitor --trace'\\'''`],
  [
    'ip netns exec blue',
    TWO,
    `ip netns exec blue iptables -D OUTPUT -m comment --comment 'it'\\''s' -j TRACE && ip netns exec blue sysctl -w 'kernel.printk=4 4 1 7'`,
  ],
  ['ssh h', [NFT], `ssh h 'nft add chain inet t c '\\''{ type filter hook output priority -350; }'\\'''`],
  ['ssh root@host', [command('nfwhy', 'trace', 'tcp port 80')], "nfwhy trace --via 'ssh root@host' 'tcp port 80'"],
  [
    'ssh root@host',
    [command('nfwhy', 'trace', '--cleanup', '--via', 'nsenter -t 12 -n')],
    "nfwhy trace --cleanup --via 'ssh root@host nsenter -t 12 -n'",
  ],
  ['ssh me@host', [command('sudo', 'nfwhy', 'doctor', 'tcp')], "nfwhy doctor --via 'ssh me@host sudo' tcp"],
  ['docker exec web', [command('sudo', 'nfwhy', 'doctor')], "nfwhy doctor --via 'docker exec -u 0 web'"],
  ['nsenter -t 12 -n', [command('sudo', 'nfwhy', 'doctor')], "sudo nfwhy doctor --via 'nsenter -t 12 -n'"],
])('--via %s (case %#)', (via, commands, typed) => {
  expect(typedText(parseVia(via), commands)).toBe(typed)
})

test('what is for this machine stays as it is', () => {
  expect(typedText(HERE, [MONITOR])).toBe('xtables-monitor --trace')
  expect(typedText(HERE, [command('sudo', 'nfwhy', 'doctor')])).toBe('sudo nfwhy doctor')
})
