/**
 * Proves that a traced packet is seen: one of nfwhy's own, to an address of 127.0.0.0/8 that nobody else uses, in a
 * throw-away network namespace; or, asked for, in the place's own, by an nft table that dies with the process that
 * made it. A way that would load a module or leave something behind is not tried, and said so.
 */
import { shellWord } from '../../model/command.ts'
import { type Facts, hasCapability, kernelAtLeast, legacyTables } from '../survey/facts.ts'
import { runScript, type TraceHost } from '../trace-host.ts'

/** Whether a packet of nfwhy was seen, traced one way. */
export interface Proof {
  /** In a throw-away network namespace, or in the place itself. */
  where: 'throw-away' | 'here'
  way: 'nft' | 'kernel-log' | 'nflog'
  result: 'seen' | 'not-seen' | 'not-tried'
  /** The line that was seen, or why not. */
  said: string
}

type Way = Proof['way']

export const WAY_WORDS: Readonly<Record<Way, string>> = {
  nft: 'nft monitor trace',
  'kernel-log': 'the kernel log (TRACE of iptables-legacy)',
  nflog: 'NFLOG, read by tcpdump (TRACE of iptables-legacy)',
}

/** In a namespace that ends with it. Throws LiveProblem where the place cannot be reached. */
export async function prove(place: TraceHost, facts: Facts, ending?: AbortSignal): Promise<Proof[]> {
  const hindered = new Map<Way, string>()
  // what is refused here is allowed in a namespace of one's own
  if (!facts.programs.has('nft') || facts.nftNotLoaded) hindered.set('nft', nftHindrance(facts))
  const legacy = legacyHindrance(facts)
  for (const way of ['kernel-log', 'nflog'] as const) if (legacy !== undefined) hindered.set(way, legacy)
  if (!facts.programs.has('tcpdump')) hindered.set('nflog', 'tcpdump is not installed')
  else if (!canNflog(facts)) hindered.set('nflog', 'the NFLOG kernel module is not loaded, and would stay loaded')
  if (!facts.texts.has('dmesg')) hindered.set('kernel-log', facts.refused.get('dmesg') ?? 'dmesg is not installed')
  const ways = (Object.keys(WAY_WORDS) as Way[]).filter((way) => !hindered.has(way))
  const address = ownAddress()
  const inner = [
    START(address),
    'ip link set lo up 2>/dev/null || ifconfig lo up',
    ...ways.map((way) => IN_THROW_AWAY[way]),
  ].join('\n')
  const script = `
umask 077
# a folder of its own, which nobody can have laid a link into
folder=$(mktemp -d 2>/dev/null) || { folder=\${TMPDIR:-/tmp}/nfwhy-$$-$(date +%s) && mkdir "$folder"; } || { echo 'hindered no folder can be made for a lock'; exit; }
trap 'rm -f "$folder/lock"; rmdir "$folder"' EXIT
trap 'exit 1' HUP INT TERM
XTABLES_LOCKFILE=$folder/lock; export XTABLES_LOCKFILE
if [ "$(id -u)" = 0 ] && unshare -n true 2>/dev/null; then unshare -n sh -c ${shellWord(inner)}
elif unshare -rn true 2>/dev/null; then mapped=yes; export mapped; unshare -rn sh -c ${shellWord(inner)}
else echo 'hindered no right to make a network namespace'; fi`
  return [
    ...(ways.length > 0 ? await run(place, script, 'throw-away', ways, ending) : []),
    ...[...hindered].map(([way, said]): Proof => ({ where: 'throw-away', way, result: 'not-tried', said })),
  ]
}

/** In the place's own namespace, where nobody else's packet is touched. Throws LiveProblem. */
export async function proveHere(place: TraceHost, facts: Facts, ending?: AbortSignal): Promise<Proof[]> {
  const hindrance = hereHindrance(facts)
  if (hindrance !== undefined) return [{ where: 'here', way: 'nft', result: 'not-tried', said: hindrance }]
  const name = `nfwhy-${process.pid}${Date.now() % 1000}`
  return run(place, START(ownAddress()) + HERE_ITSELF(name), 'here', ['nft'], ending)
}

function hereHindrance(facts: Facts): string | undefined {
  if (!facts.nftTables) return nftHindrance(facts)
  if (hasCapability(facts, 'CAP_NET_ADMIN') === false) return 'CAP_NET_ADMIN is missing'
  return kernelAtLeast(facts, 5, 12) === true
    ? undefined
    : 'before Linux 5.12 the kernel does not delete a table when the process that created it ends, so a table might be left behind'
}

const nftHindrance = ({ nftRefused, nftNotLoaded, programs }: Facts): string =>
  nftNotLoaded
    ? 'the nf_tables kernel module is not loaded, and would stay loaded'
    : (nftRefused ?? (programs.has('nft') ? 'nft cannot be used' : 'nft is not installed'))

function legacyHindrance(facts: Facts): string | undefined {
  if (!facts.programs.has('iptables-legacy') && (facts.versions.get('iptables') ?? 'nf_tables').includes('nf_tables'))
    return 'iptables-legacy is not installed'
  const raw = facts.modules.get('iptable_raw')
  const there = legacyTables(facts, 'ip')?.includes('raw') || raw === 'there' || raw === 'no-modules'
  if (!there) return 'the raw table of iptables-legacy is not loaded, and would stay loaded'
  const targets = facts.files.get('/proc/net/ip_tables_targets')
  return targets && !targets.includes('TRACE')
    ? 'the TRACE kernel module is not loaded, and would stay loaded'
    : undefined
}

const canNflog = ({ files }: Facts): boolean =>
  (files.get('/proc/net/netfilter/nf_log') ?? []).some((line) => line.includes('nfnetlink_log'))

/** Loopback, and none that anybody uses. */
const ownAddress = (): string => {
  const part = (least: number, count: number) => least + Math.floor(Math.random() * count)
  return `127.${part(64, 190)}.${part(1, 250)}.${part(1, 250)}`
}

/** Seconds for all ways. */
const PATIENCE = 40

async function run(
  place: TraceHost,
  script: string,
  where: Proof['where'],
  ways: readonly Way[],
  ending: AbortSignal | undefined,
): Promise<Proof[]> {
  const { stdout, complaints } = await runScript(place, script, { seconds: PATIENCE }, ending)
  const lines = new TextDecoder().decode(stdout).split('\n')
  const hindered = lines.find((line) => line.startsWith('hindered '))?.slice('hindered '.length)
  return ways.map((way): Proof => {
    if (hindered !== undefined) return { where, way, result: 'not-tried', said: hindered }
    const line = lines.find((one) => one.startsWith(`${way} `))
    const proof = line && /^\S+ (seen|not-seen|not-tried) ?(.*)$/.exec(line)
    return proof
      ? { where, way, result: proof[1] as Proof['result'], said: proof[2]!.trim() }
      : { where, way, result: 'not-seen', said: complaints?.split('\n')[0] ?? 'the script ended early' }
  })
}

/** sh: functions for all ways. */
const START = (address: string): string => `
address=${address}
nap() { sleep 0.1 2>/dev/null || sleep 1; }
until_true() { tries=0; until "$@" >/dev/null 2>&1; do tries=$((tries + 1)); [ $tries -lt 30 ] || return 1; nap; done; }
# whichever program there is that can send one packet
send() {
  if command -v ping >/dev/null 2>&1 && ping -c 1 -W 1 $address; then :
  elif command -v bash >/dev/null 2>&1; then bash -c "echo nfwhy >/dev/udp/$address/9"
  elif command -v nc >/dev/null 2>&1; then echo nfwhy | nc -u -w 1 $address 9
  elif command -v wget >/dev/null 2>&1; then wget -T 1 -O /dev/null http://$address:9/
  elif command -v curl >/dev/null 2>&1; then curl -m 1 http://$address:9/
  else return 1; fi </dev/null >/dev/null 2>&1
  return 0
}
tell() { # WAY LINE WHY-NOT
  if [ -n "$2" ]; then printf '%s seen %s\\n' "$1" "$2"; else printf '%s not-seen %s\\n' "$1" "$3"; fi
}
listens() { grep -q ' 00000[13]00 ' /proc/net/netlink; }
`

/** sh: in a namespace of its own, whose rules nobody else has. */
const IN_THROW_AWAY: Readonly<Record<Way, string>> = {
  nft: `
printf 'table ip prove {\\n chain out {\\n type filter hook output priority -350\\n ip daddr %s meta nftrace set 1\\n }\\n}\\n' $address | nft -f -
seen=$( { nft monitor trace & monitor=$!; until_true listens; nap; send; nap; nap; nap; kill $monitor; } 2>/dev/null | grep "$address" | head -n 1)
tell nft "$seen" 'no event came'
nft delete table ip prove
`,
  'kernel-log': `
tool=iptables-legacy; command -v $tool >/dev/null 2>&1 || tool=iptables
if said=$($tool -t raw -I OUTPUT -d $address -j TRACE 2>&1); then
  send
  nap
  seen=$(dmesg 2>/dev/null | grep "TRACE: .*DST=$address " | tail -n 1)
  tell kernel-log "$seen" "nf_log.2 is $(cat /proc/sys/net/netfilter/nf_log/2) in a new namespace; the host's nf_log_all_netns has to be 1"
  $tool -t raw -D OUTPUT -d $address -j TRACE
else tell kernel-log '' "$said"; fi
`,
  nflog: `
tool=iptables-legacy; command -v $tool >/dev/null 2>&1 || tool=iptables
# it wants to become another user, and a user namespace made without root has one alone
if [ -n "$mapped" ]; then printf 'nflog not-tried tcpdump does not run without root\\n'
else
read_by() { [ -s /proc/net/netfilter/nfnetlink_log ]; }
if said=$($tool -t raw -I OUTPUT -d $address -j TRACE 2>&1); then
  echo nfnetlink_log 2>/dev/null >/proc/sys/net/netfilter/nf_log/2
  seen=$( { tcpdump -l -n -c 1 -i nflog:0 & dump=$!; until_true read_by; send; nap; nap; nap; kill $dump; } 2>/dev/null | grep "$address" | head -n 1)
  tell nflog "$seen" 'nothing came to group 0'
else tell nflog '' "$said"; fi
fi
`,
}

/** sh: an owner's table goes with its process, `nft -i`, which ends with this pipe. */
const HERE_ITSELF = (name: string): string => `
there() { nft list table inet ${name} | grep -q nftrace; }
seen=$( {
  nft monitor trace & monitor=$!
  until_true listens
  {
    printf 'add table inet ${name} { flags owner; }\\n'
    printf 'add chain inet ${name} out { type filter hook output priority -350; policy accept; }\\n'
    printf 'add rule inet ${name} out ip daddr %s limit rate 5/second meta nftrace set 1\\n' $address
    until_true there && send
    nap; nap; nap
  } | HOME=/dev/null nft -i >/dev/null
  kill $monitor
} 2>/dev/null | grep "$address" | head -n 1)
case $(ip link show dev lo 2>/dev/null) in
*LOOPBACK,UP* | '') why='no event came' ;;
*) why='the interface lo is down here, so no packet could be sent' ;;
esac
tell nft "$seen" "$why"
if nft list table inet ${name} >/dev/null 2>&1; then nft delete table inet ${name}; fi
`
