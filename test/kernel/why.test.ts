/**
 * `nfwhy why PACKET` in a namespace: what it says of three packets is what happens when they are sent; it leaves nothing
 * behind and, without the right to read the rules, says nothing at all of the packet.
 */
import { describe, expect, test } from 'vitest'
import { BIN } from '../cli/nfwhy.ts'
import { AWAIT_ADDRESSES, runInNamespace, whyNot } from './namespaces.ts'

const missing = whyNot('nft', 'ip', 'python3', 'setpriv')

/** Client and server are two ends of a link; the server's rules accept port 22 alone, and a redirect sends 8022 there. */
const SETUP = `
ip link set lo up
ip link add veth0 type veth peer name veth1
for one in veth0 veth1; do ip link set $one addrgenmode none; ip link set $one up; done
ip addr add 192.0.2.1/24 dev veth0
nft -f - <<'END'
table inet fw {
  chain pre { type nat hook prerouting priority dstnat; tcp dport 8022 redirect to :22; }
  chain out { type nat hook output priority -100; tcp dport 8022 redirect to :22; }
  chain input { type filter hook input priority filter; policy drop; tcp dport 22 accept; ct state established accept; }
}
END
${AWAIT_ADDRESSES}
python3 -c '
import socket, time
server = socket.socket(); server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("192.0.2.1", 22)); server.listen(5)
print("listening", flush=True); time.sleep(60)' > listening &
server=$!
until grep -q listening listening; do sleep 0.05; done
`
const why = (options: string) => `node ${BIN} why ${options}`
/** What a program here sees when it connects. */
const connect = (port: number) =>
  `python3 -c '
import socket
s = socket.socket(); s.settimeout(1)
try: s.connect(("192.0.2.1", ${port})); print("answered")
except TimeoutError: print("dropped")
except ConnectionRefusedError: print("refused")'`

describe.skipIf(missing)(`why${missing ? `: ${missing}` : ''}`, () => {
  test('says what happens to a packet when it is sent', () => {
    const ports = [22, 80, 8022]
    const said = runInNamespace(`cd "$(mktemp -d)"
${SETUP}
nft list ruleset > before
${ports.map((port) => `echo "sent ${port} $(${connect(port)})"`).join('\n')}
${ports.map((port) => `echo "said ${port} $(${why(`--json 'tcp 192.0.2.1 > 192.0.2.1:${port}'`)} 2>/dev/null | tr -d '\\n')"`).join('\n')}
nft list ruleset | cmp before - && echo unchanged
kill $server`)
    const line = (word: string, port: number) =>
      said
        .split('\n')
        .find((one) => one.startsWith(`${word} ${port} `))!
        .slice(`${word} ${port} `.length)
    const sent = ports.map((port) => line('sent', port))
    // a redirect in OUTPUT goes to 127.0.0.1, where nobody listens
    expect(sent).toEqual(['answered', 'dropped', 'refused'])
    const played = ports.map((port) => JSON.parse(line('said', port)).exchanges[0])
    expect(played.map(({ status }) => status)).toEqual(sent)
    expect(played[1].culprit).toMatchObject({ table: 'fw', chain: 'input' })
    expect(said).toContain('\nunchanged\n')
  })

  test('does not guess where the rules cannot be read', () => {
    const said = runInNamespace(`cd /
${why("'tcp 192.0.2.1 > 192.0.2.1:22'").replace(/^/, 'setpriv --bounding-set=-all --inh-caps=-all --ambient-caps=-all --reuid 65534 --regid 65534 --clear-groups ')}
echo "code $?"`)
    expect(said).toMatch(/^nfwhy: Only root can read the rules of .*\nRun it as root\.\ncode 2$/m)
  })
})
