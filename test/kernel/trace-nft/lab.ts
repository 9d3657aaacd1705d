/**
 * A router between two hosts, in network namespaces of one process: rules are loaded, UDP packets sent through it, and
 * what the monitors print is taken, with the rules' counters and what arrived.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runInNamespace } from '../namespaces.ts'

export interface Sending {
  from: 'left' | 'own'
  dst: string
  sport: number
  dport: number
  /** Bytes of payload. */
  length: number
}

export interface Taken {
  /** By the file's name: `trace`, `trace-a`, `monitor`; and `netlink`, where there is a receiver. */
  captures: Record<string, Uint8Array>
  /** By what is printed of it: nft's text and JSON with handles, iptables-save. */
  rulesets: Record<string, string>
  /** Source ports of what came to the router's own sockets, and to the right host's. */
  own: number[]
  right: number[]
  /** xtables-monitor ends at a rule for which iptables has no words. */
  monitorEnded: boolean
}

const FILES = { captures: ['trace', 'trace-a', 'monitor'], rulesets: ['nft', 'json', 'save'] } as const

/** `receiver`: the program that receives netlink's messages itself, where it can. */
export function playRuleset(load: string, sendings: readonly Sending[], receiver?: string): Taken {
  const folder = mkdtempSync(join(tmpdir(), 'nfwhy-trace-'))
  try {
    writeFileSync(join(folder, 'load'), load)
    writeFileSync(join(folder, 'sendings'), JSON.stringify(sendings))
    writeFileSync(join(folder, 'listen.py'), LISTEN)
    writeFileSync(join(folder, 'send.py'), SEND)
    const receive = receiver === undefined ? 'sleep 60' : `node ${receiver} '{"what":"nft-trace"}' netlink`
    const output = runInNamespace(`cd ${folder}\nreceive='${receive.replaceAll("'", "'\\''")}'\n${SCRIPT}`)
    const file = (name: string) => readFileSync(join(folder, name), 'utf8')
    const names = receiver === undefined ? FILES.captures : [...FILES.captures, 'netlink']
    const ports = (name: string) => file(name).split('\n').filter(Boolean).map(Number)
    if (!output.includes('all done')) throw new Error(output)
    return {
      captures: Object.fromEntries(names.map((name) => [name, new Uint8Array(readFileSync(join(folder, name)))])),
      rulesets: Object.fromEntries(FILES.rulesets.map((name) => [name, file(name)])),
      own: ports('own'),
      right: ports('right'),
      monitorEnded: file('monitor.err') !== '',
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const LISTEN = `
import socket, sys, select
name, addresses = sys.argv[1], sys.argv[2:]
sockets = []
for address in addresses:
    for port in list(range(1000, 1010)) + list(range(2000, 2010)):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.bind((address, port))
        sockets.append(s)
out = open(name, 'w', buffering=1)
print('ready', flush=True)
while True:
    for s in select.select(sockets, [], [])[0]:
        out.write(s.recv(100)[:5].decode() + '\\n')
`

/** The payload begins with the source port, which nat may rewrite. */
const SEND = `
import json, socket, sys, time
for one in json.load(open('sendings')):
    if one['from'] != sys.argv[1]:
        continue
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(('', one['sport']))
    try:
        s.sendto(('%05d' % one['sport']).ljust(one['length'], 'x').encode(), (one['dst'], one['dport']))
    except OSError:
        pass
    time.sleep(0.002)
`

const SCRIPT = `
ip link set lo up
sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.disable_ipv6=1
unshare --net sleep 60 & left=$!
unshare --net sleep 60 & right=$!
elsewhere() { until [ "$(readlink /proc/$1/ns/net)" != "$(readlink /proc/$$/ns/net)" ]; do sleep 0.02; done; }
elsewhere $left; elsewhere $right
ip link add lan type veth peer name eth0 netns $left
ip link add wan type veth peer name eth0 netns $right
ip addr add 192.0.2.1/24 dev lan; ip link set lan up
ip addr add 198.51.100.1/24 dev wan; ip link set wan up
there() { nsenter --net=/proc/$1/ns/net sh -c "$2"; }
there $left "sysctl -qw net.ipv6.conf.all.disable_ipv6=1; ip addr add 192.0.2.2/24 dev eth0; ip link set eth0 up; ip route add default via 192.0.2.1"
there $right "sysctl -qw net.ipv6.conf.all.disable_ipv6=1; ip addr add 198.51.100.2/24 dev eth0; ip link set eth0 up; ip route add default via 198.51.100.1"
: > own; : > right
python3 listen.py own 0.0.0.0 > own.ready 2>/dev/null & own=$!
nsenter --net=/proc/$right/ns/net python3 listen.py right 0.0.0.0 > right.ready 2>/dev/null & far=$!
for i in $(seq 200); do
  [ -s own.ready ] && [ -s right.ready ] && break; sleep 0.1; done
# neighbours are learnt before anything is traced
ping -c1 -W1 192.0.2.2 >/dev/null; ping -c1 -W1 198.51.100.2 >/dev/null
sh load || exit 1
nft monitor trace > trace & a=$!
nft -a monitor trace > trace-a & b=$!
xtables-monitor --trace > monitor 2> monitor.err & c=$!
eval "exec $receive" > received & d=$!
case $receive in sleep*) listeners=3 ;; *) listeners=4 ;; esac
case $receive in sleep*) ;; *) until grep -q ready received; do sleep 0.05; done ;; esac
# each listens once its netlink socket of netfilter's (12) has joined a group; xtables-monitor may have ended
for i in $(seq 500); do
  [ "$(awk '$2 == 12 && $4 !~ /^0*$/' /proc/net/netlink | wc -l)" -ge "$listeners" ] && break
  sleep 0.02
done
there $left "python3 send.py left"
python3 send.py own
# until nothing more has been printed for a while
printed=
for i in $(seq 50); do sleep 0.4; now=$(cat trace trace-a monitor received | wc -c); [ "$now" = "$printed" ] && break; printed=$now; done
kill $a $b $c $d
wait $d 2>/dev/null
nft -a list ruleset > nft; nft -j -a list ruleset > json; iptables-nft-save -c > save 2>/dev/null
kill $own $far $left $right
echo all done
`
